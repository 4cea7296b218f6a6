"""The log on disk: any single change of it is found, and a crash at any moment of an append is healed."""

import json
from pathlib import Path

import polars as pl
import pytest
from audit_world import files, rows, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq import audit
from dq.audit import Anchor, Link
from dq.errors import DamagedError
from dq.schemas.audit import AUDIT_COLUMNS, BODY


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("log"), 3, 5, 1)


def test_a_log_as_it_was_written_is_unbroken(whole: Path):
    found = audit.verify(whole)
    assert (found.link.entries, found.broken, found.unfinished) == (9, None, False)
    assert found.link == audit.head(whole).at.link
    held = audit.entries(whole)
    assert held.columns == AUDIT_COLUMNS
    assert held["n"].to_list() == list(range(1, 10))
    assert held["row_key"].to_list() == ["L0", "L1", "L2", "L0", "L1", "L2", "L3", "L4", "L0"]
    assert held["after"].unique().to_list() == ['"é \\"x\\"\\n"']


def test_a_log_that_is_not_there_is_empty(tmp_path: Path):
    assert audit.verify(tmp_path).link == Link()
    assert audit.entries(tmp_path).is_empty()
    assert audit.append(tmp_path, [rows(0)], "2026-01") == Link()


def test_its_files_are_for_their_owner_only(whole: Path):
    for path in [*files(whole), whole / "audit" / "head.json"]:
        assert path.stat().st_mode & 0o777 == 0o600
    assert (whole / "audit").stat().st_mode & 0o777 == 0o700


def test_anybody_can_follow_the_chain_with_sha256(whole: Path):
    from hashlib import sha256

    previous = "0" * 64
    for path in files(whole):
        for line in path.read_bytes().splitlines():
            assert json.loads(line)["previous"] == previous
            previous = sha256(line).hexdigest()
    assert previous == audit.head(whole).at.link.digest


Mutation = tuple[str, int, int]
MUTATIONS = st.tuples(
    st.sampled_from(["flip", "drop", "swap", "truncate", "insert", "repeat", "head", "lose"]),
    st.integers(min_value=0),
    st.integers(min_value=0),
)


def _mutate(root: Path, mutation: Mutation) -> bool:
    """Change the log once; False if nothing is different then."""
    kind, first, second = mutation
    paths = files(root)
    path = root / "audit" / "head.json" if kind == "head" else paths[first % len(paths)]
    before = {each: each.read_bytes() for each in paths}
    data = bytearray(path.read_bytes())
    lines = bytes(data).splitlines(keepends=True)
    at = second % len(lines)
    match kind:
        case "flip":
            data[second % len(data)] ^= 1 << (first % 8)
        case "drop":
            del lines[at]
        case "swap":
            other = (at + 1 + first % max(1, len(lines) - 1)) % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        case "truncate":
            del data[second % len(data) :]
        case "insert":
            data[second % len(data) : second % len(data)] = b" "
        case "repeat":
            lines.insert(at, lines[at])
        case "lose":
            path.unlink()
            return True
        case "head":
            held = json.loads(data)
            name = ("entries", "digest")[second % 2]
            held[name] = held[name] - 1 if name == "entries" else held[name][::-1]
            path.write_text(json.dumps(held))
            return True
    path.write_bytes(b"".join(lines) if kind in ("drop", "swap", "repeat") else bytes(data))
    return before[path] != path.read_bytes()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutation=MUTATIONS)
def test_any_single_mutation_of_the_log_is_detected(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, mutation: Mutation
):
    import shutil

    root = tmp_path_factory.mktemp("mutated")
    shutil.copytree(whole / "audit", root / "audit")
    if not _mutate(root, mutation):
        return
    assert audit.verify(root).broken is not None
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("old", "new", "entry", "what"),
    [
        (b'"row_key":"L2"', b'"row_key":"L9"', 6, "was changed"),
        (b'{"n":5,', b'{"n":7,', 5, "missing"),
    ],
)
def test_the_first_broken_entry_is_named(tmp_path: Path, old: bytes, new: bytes, entry: int, what: str):
    path = files(written(tmp_path, 3, 5, 1))[1]
    path.write_bytes(path.read_bytes().replace(old, new))
    broken = audit.verify(tmp_path).broken
    assert broken is not None
    assert (broken.entry, what in broken.what) == (entry, True)


def test_what_is_cut_off_at_the_end_shows_by_the_head(tmp_path: Path):
    path = files(written(tmp_path, 3))[0]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    broken = audit.verify(tmp_path).broken
    assert broken is not None
    assert (broken.entry, broken.what) == (3, "is missing: the log's head knows of 3 entries")
    with pytest.raises(DamagedError):
        audit.append(tmp_path, [rows(1)], "2026-01")


def test_a_log_that_was_written_anew_as_a_whole_shows_by_what_others_noted(tmp_path: Path):
    noted = audit.append(tmp_path, [rows(3)], "2026-01")
    audit.append(tmp_path, [rows(2)], "2026-01")
    forged = written(tmp_path / "forged", 5)
    audit.append(forged, [rows(1)], "2026-01")
    assert audit.verify(tmp_path, [Anchor("a person", noted)]).broken is None
    assert audit.verify(forged).broken is None
    broken = audit.verify(forged, [Anchor("a person", Link(3, noted.digest[::-1]))]).broken
    assert broken is not None
    assert (broken.entry, "a person" in broken.what) == (3, True)
    gone = audit.verify(forged, [Anchor("a person", Link(9, noted.digest))]).broken
    assert gone is not None
    assert gone.entry == 7


def test_an_entry_that_somebody_else_added_with_the_right_digest_is_found(tmp_path: Path):
    written(tmp_path, 2)
    other = written(tmp_path / "other", 3)
    files(tmp_path)[0].write_bytes(files(other)[0].read_bytes())
    broken = audit.verify(tmp_path).broken
    assert broken is not None
    assert broken.entry == 3


def test_a_clock_that_was_set_back_does_not_lead_back_to_an_older_file(tmp_path: Path):
    written(tmp_path, 1, 1)
    audit.append(tmp_path, [rows(1)], "2025-12")
    assert [path.name for path in files(tmp_path)] == ["2026-01.ndjson", "2026-02.ndjson"]
    assert audit.verify(tmp_path).broken is None


class _DyingError(Exception):
    pass


@pytest.mark.parametrize("month", ["2026-01", "2026-02"])
@pytest.mark.parametrize("share", [None, 0.0, 0.4, 1.0])
def test_a_crash_in_the_middle_of_an_append_is_healed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, month: str, share: float | None
):
    """share: how much of the lines was on the disk when it died; None: not even the file."""
    from dq.audit import log

    before = audit.append(tmp_path, [rows(2)], "2026-01")

    def dying(path: Path, parts: list[pl.DataFrame], link: Link) -> None:
        lines, _ = log.chained(parts[0].select(pl.struct(BODY).struct.json_encode()).to_series(), link)
        if share is not None:
            with path.open("ab") as file:
                file.write(lines[: int(len(lines) * share)])
        raise _DyingError

    with monkeypatch.context() as patch:
        patch.setattr(log, "_add", dying)
        with pytest.raises(_DyingError):
            audit.append(tmp_path, [rows(3, 10)], month)
    seen = audit.verify(tmp_path)
    assert (seen.broken, seen.unfinished) == (None, True)
    assert audit.entries(tmp_path).height == 2
    assert audit.ready(tmp_path).at.link == before
    audit.append(tmp_path, [rows(1)], month)
    after = audit.verify(tmp_path)
    assert (after.broken, after.unfinished, after.link.entries) == (None, False, 3)


def test_a_hundred_thousand_entries_take_seconds(tmp_path: Path):
    from time import monotonic

    many = [rows(1000)] * 100
    began = monotonic()
    audit.append(tmp_path, many, "2026-01")
    assert audit.verify(tmp_path).link.entries == 100_000
    assert monotonic() - began < 20


def test_a_folder_with_a_pattern_for_a_name_is_read(tmp_path: Path):
    root = tmp_path / "a[b] *c"
    root.mkdir()
    assert audit.entries(written(root, 2, 1)).height == 3


def test_only_entries_that_name_a_key_are_read(whole: Path):
    assert audit.entries(whole, naming=["L3"])["n"].to_list() == [7]
    assert audit.entries(whole, pl.col("row_key") == "L0", naming=["L0", "no such key"]).height == 3


def test_a_head_that_is_gone_or_no_json_is_damage(tmp_path: Path):
    written(tmp_path, 1)
    head = tmp_path / "audit" / "head.json"
    head.write_text("{")
    with pytest.raises(DamagedError):
        audit.verify(tmp_path)
    head.unlink()
    with pytest.raises(DamagedError):
        audit.verify(tmp_path)
