"""`dq standardize FILE`: standard forms in plain files, without a store."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import ENTRY, Ended, Project

from dq.engine import files
from dq.engine.dialects import dialect_of

MESSY = 'id,Email,Full Name,company_website,notes\r\n7, Ann@Fernwald.COM ,"Lee,  Ann",example.com/?utm_source=x,"a ""b"""\r\n8,nobody,Bo,,""\r\n9, Ann@Fernwald.COM ,Bo,https://b.example, c \r\n'
CLEAN = 'id,Email,Full Name,company_website,notes\r\n7,ann@fernwald.com,Ann Lee,https://example.com,"a ""b"""\r\n8,nobody,Bo,,""\r\n9,ann@fernwald.com,Bo,https://b.example, c \r\n'
MOVING = (
    "fields:\n  email:\n    - enum: {values: [c], synonyms: {b: c}}\n    - enum: {values: [b, c], synonyms: {a: b}}\n"
)


@pytest.fixture
def here(tmp_path: Path) -> Project:
    """A folder without a configuration, a store or rules: the shipped ones hold."""
    (tmp_path / "leads.csv").write_bytes(MESSY.encode())
    return Project(tmp_path)


def _standardized(here: Project, *arguments: str) -> Ended:
    ended = here.dq("standardize", "leads.csv", *arguments)
    assert ended.code == 0, ended.err
    return ended


def test_only_cells_that_a_rule_changes_are_others(here: Project):
    ended = _standardized(here, "--out", "out.csv")
    assert (here.root / "out.csv").read_bytes() == CLEAN.encode()
    assert (here.root / "leads.csv").read_bytes() == MESSY.encode()
    assert ended.out == "leads.csv: 4 cells in 2 of 3 rows changed; 1 cell with a finding\n"
    assert "Email: text, email (field email)" in ended.err
    assert "left, no rule names it: id, notes" in ended.err


def test_a_second_run_changes_nothing(here: Project):
    _standardized(here, "--out", "once.csv")
    again = here.dq("standardize", "once.csv", "--out", "twice.csv", "--exit-code")
    assert again.code == 0, again.err
    assert (here.root / "twice.csv").read_bytes() == CLEAN.encode()


def test_without_out_it_only_tells(here: Project):
    before = sorted(here.root.iterdir())
    ended = _standardized(here)
    assert sorted(here.root.iterdir()) == before
    assert ended.out.splitlines() == [
        "leads.csv: 4 cells in 2 of 3 rows would change; 1 cell with a finding",
        "column           rule       changed   findings",
        "Email            text             2          0",
        "Email            email            2          1",
        "Full Name        text             1          0",
        "Full Name        name             1          0",
        "company_website  text             0          0",
        "company_website  website          1          0",
    ]
    assert here.dq("standardize", "leads.csv", "--exit-code").code == 1


def test_explain_shows_samples_and_what_repeats_masked_unless_asked(here: Project):
    shown = _standardized(here, "--explain", "--unmasked").out
    assert '    row 1: " Ann@Fernwald.COM " -> ann@fernwald.com' in shown
    assert '        2  Email: " Ann@Fernwald.COM " -> ann@fernwald.com' in shown
    masked = _standardized(here, "--explain").out
    assert "row 1:" in masked
    assert "xample" not in masked
    assert "ernwald" not in masked
    told = json.loads(_standardized(here, "--explain", "--unmasked", "--format", "json").out)
    assert told["format_version"] == 1
    assert (told["rows"], told["changed_rows"], told["changed_cells"]) == (3, 2, 4)
    assert told["findings"] == {"email.invalid": 1}
    assert told["most_repeated"][0] == {
        "column": "Email",
        "rule": "text+email",
        "before": " Ann@Fernwald.COM ",
        "after": "ann@fernwald.com",
        "rows": 2,
    }
    [email] = [rule for rule in told["rules"] if rule["rule"] == "email"]
    assert (email["changed"], email["findings"], email["samples"][0]["row"]) == (2, 1, 1)


def test_findings_are_written_with_the_key_of_their_row(here: Project):
    _standardized(here, "--findings", "found.ndjson")
    [found] = pl.read_ndjson(here.root / "found.ndjson").to_dicts()
    assert (found["row_key"], found["field"], found["value"], found["rule"]) == (
        "8",
        "Email",
        "nobody",
        "email.invalid",
    )


def test_in_place_keeps_the_mode_and_a_file_in_standard_form_stays_the_same(here: Project):
    file = here.root / "leads.csv"
    file.chmod(0o640)
    _standardized(here, "--in-place")
    assert file.read_bytes() == CLEAN.encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    before = file.stat().st_ino
    _standardized(here, "--in-place")
    assert file.stat().st_ino == before
    assert list(here.root.iterdir()) == [file]


def test_what_is_written_is_for_its_owner_only(here: Project):
    _standardized(here, "--out", "out.parquet", "--findings", "found.csv")
    for name in ("out.parquet", "found.csv"):
        assert stat.S_IMODE((here.root / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", [".parquet", ".ndjson"])
def test_types_order_and_other_columns_stay(here: Project, suffix: str):
    frame = pl.DataFrame(
        {
            "score": [1.5, None, 3.0],
            "email": [" A@B.example", None, "c@d.example"],
            "tags": [["a "], [], None],
            "phone": [1, 2, 3],
            "name": ["", "Ann  Lee", None],
        }
    )
    path = here.root / f"in{suffix}"
    frame.write_parquet(path) if suffix == ".parquet" else frame.write_ndjson(path)
    ended = here.dq("standardize", path.name, "--out", f"out{suffix}")
    assert ended.code == 0, ended.err
    assert "left, Int64, not text: phone" in ended.err
    out = files.read(here.root / f"out{suffix}").collect()
    expected = frame.with_columns(
        email=pl.Series(["a@b.example", None, "c@d.example"]), name=pl.Series(["", "Ann Lee", None])
    )
    assert out.schema == frame.schema
    assert out.equals(expected)


@pytest.mark.parametrize(
    ("head", "separator", "flags"),
    [
        (b"\xef\xbb\xbf", ";", ()),
        (b"", "\t", ()),
        (b"", "|", ()),
        (b"", ":", ("--separator", ":")),
    ],
)
def test_a_csv_file_is_written_as_it_was(here: Project, head: bytes, separator: str, flags: tuple[str, ...]):
    text = f'email{separator}n\r\n A@B.example{separator}"x{separator}y"\r\n{separator}\r\n'
    (here.root / "in.csv").write_bytes(head + text.encode())
    ended = here.dq("standardize", "in.csv", "--in-place", *flags)
    assert ended.code == 0, ended.err
    assert (here.root / "in.csv").read_bytes() == head + text.replace(" A@B", "a@b").encode()


CELL = st.text(
    st.sampled_from("a,;\"\n é\t|'") | st.characters(codec="utf-8", exclude_characters="\r\0\ufeff"), max_size=6
)


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(CELL, CELL), max_size=6))
def test_untouched_cells_come_back_whatever_is_in_them(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("csv")
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("one", "two"), *rows])
    (folder / "in.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    frame = files.read(folder / "in.csv")
    files.sink(frame, folder / "out.csv", ".csv", dialect_of(folder / "in.csv"))
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [tuple(row) for row in csv.reader(file)] == [("one", "two"), *rows]


def test_a_pipe_that_closes_early_is_no_error(here: Project):
    rows = "".join(f"{n}, A{n}@B.example ,Ann,,{'x' * 90}\n" for n in range(20_000))
    (here.root / "many.csv").write_text("id,email,name,website,notes\n" + rows)
    process = subprocess.Popen(
        [sys.executable, "-c", ENTRY, "standardize", "many.csv", "--out", "-"],
        cwd=here.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert [process.stdout.readline() for _ in range(2)][1].startswith(b"0,a0@b.example,Ann")
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 141


def test_stdout_gets_csv_and_nothing_else(here: Project):
    ended = here.run("standardize", "leads.csv", "--out", "-")
    assert (ended.code, ended.out) == (0, CLEAN.replace("\r\n", "\n"))  # the test reads it as text
    assert "4 cells in 2 of 3 rows changed" in ended.err


def test_a_rule_that_does_not_settle_stops_before_anything_is_written(here: Project):
    (here.root / "mine.yaml").write_text(MOVING)
    (here.root / "flip.csv").write_text("id,email\n" + "".join(f"k{n},a\n" for n in range(5)))
    for flags in ((), ("--out", "out.csv"), ("--in-place",)):
        ended = here.dq("standardize", "flip.csv", "--rules", "mine.yaml", *flags)
        assert ended.code == 2, ended.err
        assert all(word in ended.err for word in ("Column email", "rule enum", "field email", "rows k0, k1, k2"))
    assert sorted(path.name for path in here.root.iterdir()) == ["flip.csv", "leads.csv", "mine.yaml"]


def test_other_rules_and_other_names(here: Project):
    (here.root / "mine.yaml").write_text("fields:\n  colour: [text]\n")
    (here.root / "in.csv").write_text("Farbe,COLOUR,email\n a , b , c \n")
    ended = here.dq("standardize", "in.csv", "--rules", "mine.yaml", "--map", "Farbe=colour", "--out", "-")
    assert (ended.code, ended.out) == (0, "Farbe,COLOUR,email\na,b, c \n"), ended.err


@pytest.mark.parametrize(
    ("name", "flags", "words"),
    [
        ("nowhere.csv", (), ("nowhere.csv",)),
        ("leads.csv", ("--map", "Emial=email"), ("'Emial'", "'Email'")),
        ("leads.csv", ("--map", "notes=emial"), ("'emial'", "'email'")),
        ("leads.csv", ("--map", "notes"), ("COLUMN=FIELD",)),
        ("leads.csv", ("--key", "nr"), ("'nr'", "id")),
        ("leads.csv", ("--out", "leads.csv"), ("--in-place",)),
        ("leads.csv", ("--out", "out.xlsx"), (".parquet",)),
        ("leads.csv", ("--out", "-", "--format", "json"), ("stdout",)),
        ("leads.csv", ("--in-place", "--out", "out.csv"), ("one of them",)),
        ("leads.csv", ("--rules", "none.yaml"), ("none.yaml",)),
        ("leads.csv", ("--separator", "::"), ("ASCII",)),
        ("strange.csv", (), ("'emial' is near 'email'", "--map")),
        ("twins.csv", (), ("email",)),
        ("ragged.csv", (), ("ragged.csv",)),
        ("latin.csv", (), ("UTF-8",)),
        ("unclear.csv", (), ("--separator",)),
    ],
)
def test_what_cannot_be_done_says_why(here: Project, name: str, flags: tuple[str, ...], words: tuple[str, ...]):
    (here.root / "strange.csv").write_text("emial,b\n1,2\n")
    (here.root / "twins.csv").write_text("email,email\n1,2\n")
    (here.root / "ragged.csv").write_text("email,b\n1,2\n1,2,3\n")
    (here.root / "latin.csv").write_bytes("email,name\na,Jürgen\n".encode("latin-1"))
    (here.root / "unclear.csv").write_text("email,a;b,c;d\n1,2;3,4;5\n")
    before = {path: path.read_bytes() for path in here.root.iterdir()}
    ended = here.dq("standardize", name, *flags)
    assert ended.code == 2, (ended.out, ended.err)
    assert all(word in ended.err for word in words), ended.err
    assert {path: path.read_bytes() for path in here.root.iterdir()} == before


def test_dedupe_and_check_read_the_same_files(here: Project):
    (here.root / "in.csv").write_bytes(b"\xef\xbb\xbfid;email\r\n1;ann@acme.com\r\n2;ANN@Acme.com\r\n")
    assert here.dq("dedupe", "in.csv", "--format", "json").json["rows"] == 2
    assert here.dq("dedupe", "in.csv", "--separator", ";", "--format", "json").json["rows"] == 2
    assert here.dq("check", "in.csv", "--separator", "semicolon").code == 0
    assert here.dq("check", "in.csv", "--separator", "no").code == 2
