"""The lists that dq ships with its rules, for callers who hand in none of their own; read once."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


@lru_cache(maxsize=1)
def legal_forms() -> Mapping[str, str]:
    """Legal form → how it is written."""
    return MappingProxyType({row["form"]: row["canonical"] for row in _rows("legal_forms.csv")})


@lru_cache(maxsize=1)
def company_placeholders() -> tuple[str, ...]:
    """Words that stand where a company's name should."""
    lines = (row for row in _rows("placeholders.csv") if row["kind"] in {"company", "text"})
    return tuple(row["value"] for row in lines if row["match"] == "exact")


def _rows(name: str) -> list[dict[str, str]]:
    package = Path(__file__).parents[1]
    shipped = package / "defaults" / "rules"
    folder = shipped if shipped.is_dir() else package.parent / "rules"
    with (folder / "lists" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
