"""Tables for the matcher's tests: small ones of texts, invented leads, and what the shipped lists say."""

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from dq.dedupe.matcher import matched
from dq.dedupe.roles import roles
from dq.engine.respects import respects
from dq.engine.said import Known
from dq.leads.vocabulary import given_names

LISTS = Path(__file__).resolve().parents[1] / "rules" / "lists"


def texts(**columns):
    """A table of texts."""
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def opposite(rows):
    """Columns of a table in which row 2i is the left and row 2i + 1 the right side of line i."""
    return [side for left, right in rows for side in (left, right)]


def levels(comparison, lines):
    """The name of the level on which each line's two sides are; None where a side says nothing."""
    found = comparison.compare(np.arange(0, 2 * lines, 2), np.arange(1, 2 * lines, 2))
    return [None if level < 0 else comparison.levels[level] for level in found.level.tolist()]


def comparison(name, frame, roles, known=None):
    """One comparison of a table, with all its rows."""
    whole, _ = respects(frame, roles, known or known_lists(), once=False)
    return next(one for one in whole.comparisons if one.name == name)


@lru_cache(maxsize=1)
def known_lists():
    """What the shipped lists say."""
    domains = pl.read_csv(LISTS / "email_domains.csv")["domain"].to_list()
    forms = dict(pl.read_csv(LISTS / "legal_forms.csv").select("form", "canonical").rows())
    return Known(tuple(pl.read_csv(LISTS / "nicknames.csv").rows()), forms, domains)


@lru_cache(maxsize=1)
def people():
    """Given names in lower case."""
    return frozenset(given_names().plain.str.to_lowercase().to_list())


def clustered(frame, stated=None, **options):
    """The cluster of each row, and what the matcher said of it."""
    whole, number = respects(frame, roles(frame, people(), stated or {}), known_lists())
    found = matched(whole, **options)
    return found.grown.label[number], found


def together(label):
    """The pairs of rows of equal label, as they are counted in scores."""
    groups = defaultdict(list)
    for row, one in enumerate(np.asarray(label).tolist()):
        groups[one].append(row)
    return {(a, b) for rows in groups.values() for at, a in enumerate(rows) for b in rows[at + 1 :]}
