"""Hand-checked cells, a file of cases for each standardizer: what was written, what is stored, what is compared, what is found.

`cases/<standardizer>.tsv` has the columns

    case     the number of the edge case that the line stands for, or `-`
    script   language or script, such as `de`, `ja`, `Arab`
    options  the standardizer's options as JSON, or `-`; text, email and company have the shipped lists
    value    the cell; `\\u200b`, `\\t` and the like are characters
    stored   its standard form; `=` for the value itself, `∅` for an empty cell
    match    its form for comparing; `=` for the stored form, `∅` for none
    finding  finding codes joined by `+`, or `-`

Lines that begin with `#` are headings.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dq.settings.chains import standardizer
from dq.settings.rulefiles import read_rules
from dq.standardize import KINDS, company

FOLDER = Path(__file__).parent / "cases"
COLUMNS = ("case", "script", "options", "value", "stored", "match", "finding")


@dataclass(frozen=True)
class Case:
    kind: str
    line: int
    edge: str
    script: str
    options: str
    value: str
    stored: str | None
    match: str | None
    finding: str | None

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.line}" + (f"-edge{self.edge}" if self.edge != "-" else "")


def characters(cell: str) -> str:
    return json.loads('"' + cell.replace('"', '\\"') + '"') if "\\" in cell else cell


def cases_of(path: Path) -> list[Case]:
    rows = [
        (n, line.split("\t")) for n, line in enumerate(path.read_text().splitlines(), 1) if line[:1] not in ("", "#")
    ]
    assert all(len(cells) == len(COLUMNS) for _, cells in rows), f"{path.name}: {len(COLUMNS)} columns in every line"
    return [_case(path.stem, number, cells) for number, cells in rows if cells[0] != "case"]


def _case(kind: str, number: int, cells: list[str]) -> Case:
    edge, script, options, value, stored, match, finding = cells
    value = characters(value)
    kept = None if stored == "∅" else value if stored == "=" else characters(stored)
    compared = None if match == "∅" else kept if match == "=" else characters(match)
    return Case(kind, number, edge, script, options, value, kept, compared, None if finding == "-" else finding)


def options_of(case: Case) -> dict[str, Any]:
    given = {} if case.options == "-" else json.loads(case.options)
    return standardizer(case.kind, given, LISTS).options if case.kind in WITH_LISTS else given


LISTS = read_rules(Path(__file__).resolve().parents[2])[0].lists
WITH_LISTS = ("text", "email", "company")
CASES = [case for path in sorted(FOLDER.glob("*.tsv")) for case in cases_of(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cell_is_stored_compared_and_found_as_it_should_be(case):
    kind = KINDS[case.kind]
    match = partial(company.match_form, forms=LISTS.legal_forms) if case.kind == "company" else kind.match
    options = kind.options.model_validate(options_of(case))
    nothing = pl.lit(None, dtype=pl.String)
    frame = pl.LazyFrame({"v": [case.value]}).select(
        v=kind.standard(pl.col("v"), options),
        guessed=kind.guessed(pl.col("v"), options) if kind.guessed else nothing,
    )
    answer = frame.select(
        "v",
        match=match(pl.col("v")) if match else pl.col("v"),
        finding=pl.coalesce(kind.finding(pl.col("v"), options) if kind.finding else nothing, "guessed"),
    ).collect()
    assert answer.row(0) == (case.stored, case.match, case.finding)
    again = answer.lazy().select(kind.standard(pl.col("v"), options)).collect()
    assert again.item() == case.stored, "a second run changes nothing"
