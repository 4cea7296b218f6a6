"""Respects: the columns of a table as comparisons and blocking atoms, by their roles.

columns ─► folded as their role wants it ─► features ─► comparisons, atoms, rare words
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dq.dedupe.atoms import Atom, part
from dq.dedupe.columns import Columns
from dq.dedupe.comparison import Comparison
from dq.dedupe.contacts import without
from dq.dedupe.features import Feature, Hashes, Ints, distinct_rows, encoded, mixed, subset
from dq.dedupe.model import Model, as_known, digests
from dq.dedupe.respects import Respects
from dq.dedupe.roles import is_birth, is_called, is_entity, is_of_address
from dq.dedupe.room import CORES, MEMORY, Room
from dq.dedupe.several import below, keys
from dq.dedupe.tokens import rare_words
from dq.dedupe.usual import usual
from dq.engine.comparing import OR, WORDED, any_of, company, judged
from dq.engine.people import PERSON, person_atoms, persons
from dq.engine.said import BYTES, PERSONAL, Known, features_of, offices_of, sites
from dq.rules import Role

_IDENTIFYING: frozenset[Role | None] = frozenset({"email", "profile", "identifier"})
_OF_PLACES: frozenset[Role | None] = frozenset({"place", "code", "category"})
_WORDS, _MOST_ROWS = 4, 30
_SEVERAL: tuple[Role, ...] = ("email", "phone", "address")
"""Kinds of columns that are compared as a set: people have several."""
_MORE = re.compile(r"[2-9]$")
"""Columns that go on with what the one before them says, such as second lines of addresses."""
_PARTS: Mapping[Role | None, Sequence[str]] = {
    "name": (f"{PERSON} words", f"{PERSON} middle", f"{PERSON} generation"),
    "given": (f"{PERSON} given",), "middle": (f"{PERSON} middle",),
    "family": (f"{PERSON} family", f"{PERSON} generation"),
}  # fmt: skip
"""A column of names → what it says, first what it must say."""


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """What a column is for: how it is compared, the parts of keys that it has, and keys of several values a row."""

    compared: Comparison | None
    atoms: tuple[Atom, ...] = ()
    words: tuple[tuple[Ints, Hashes], ...] = ()


def respects(
    table: Columns,
    roles: Mapping[str, Role],
    known: Known,
    *,
    once: bool = True,
    model: Model | None = None,
    within: Ints | None = None,
    order: Ints | None = None,
    room: Room = MEMORY,
) -> tuple[Respects, Ints]:
    """A table as the matcher sees it.

    Args:
        table: Rows of texts.
        roles: The roles of the columns that count.
        known: What the lists say.
        once: Equal rows only once.
        model: What was learned before: how common values are, and more offices.
        within: Row → its group: equal rows of two groups stay two.
        order: Place of a row → its place in the table, where they shall come in another order than there: what texts
            say is soonest found out in the order in which they lie in memory.
        room: Where what is known of rows is put.

    Returns:
        The respects, and for each row, in its order, the number of its row in them.
    """
    whole = features_of(table, roles, known, room, order)
    told = {name: feature for name, feature in whole.items() if len(feature.values)}
    if model is not None and len(told) < len(whole):  # where it was learned, a column may have said what here none does
        found = _seen(len(table), whole, roles, known, once=once, model=model, within=within, room=room)
        if model.fits(found[0].comparisons):
            return found
    del whole
    return _seen(len(table), told, roles, known, once=once, model=model, within=within, room=room)


def _seen(
    size: int,
    features: Mapping[str, Feature],
    roles: Mapping[str, Role],
    known: Known,
    *,
    once: bool,
    model: Model | None,
    within: Ints | None,
    room: Room,
) -> tuple[Respects, Ints]:
    everyone = np.arange(size)
    rows, number = distinct_rows(features, within) if features and once else (everyone, everyone)
    nobodys = offices_of(features, roles, known, model)
    own = {
        name: room.kept(subset(without(one, nobodys[name]) if name in nobodys else one, rows))
        for name, one in features.items()
    }
    whole = {name: subset(features[name], rows) for name in nobodys}
    columns = _columns(own, whole, roles, known, room)
    comparisons = [one.compared for one in columns if one.compared is not None]
    atoms = tuple(atom for one in columns for atom in one.atoms)
    words = tuple(key for one in columns for key in one.words)
    counts = np.bincount(number, minlength=len(rows))
    told = {name: np.sort(digests(features[name].values.gather(codes))) for name, codes in nobodys.items()}
    if model is not None:
        comparisons = [as_known(one, model.values) for one in comparisons]
    always = _always(own, roles, known)
    seen = Respects(tuple(comparisons), atoms, (*words, *always), counts, offices=told, always=always)
    return _marked(seen, roles, known, of_people=f"{PERSON} words" in own), number


def _columns(
    own: Mapping[str, Feature], whole: Mapping[str, Feature], roles: Mapping[str, Role], known: Known, room: Room
) -> list[_Column]:
    """People's names, where they work, and the other columns; `whole` has those of which `own` has not the offices'."""
    rows = len(next(iter(own.values())).codes) if own else 0
    of_people, firm, sets = f"{PERSON} words" in own, company(own, roles), _sets(own, roles)
    together = {name for names in sets.values() for name in names}
    if firm is not None:
        together |= {firm.company.name, *sites(roles)}

    def column(place: int, name: str, role: Role) -> _Column:
        words: list[tuple[Ints, Hashes]] = []
        compared: Comparison | None = None
        if name in sets:
            several = below([own[one] for one in sets[name]])
            compared = any_of(sets[name], role, several, own, known)
            words.append(keys(several, rows, place))
        elif name not in together:
            compared = judged(name, role, whole.get(name), own, known)
        if role in WORDED and not of_people:  # people of one company are no candidates for that
            words += _rare(own[name], place)
        return room.kept(_Column(compared, tuple(_atoms(name, role, own[name])), tuple(words)))

    there = [(place, name, role) for place, (name, role) in enumerate(roles.items()) if name in own]
    with ThreadPoolExecutor(room.beside(rows * BYTES, CORES)) as pool:
        others = list(pool.map(lambda one: column(*one), there))
    names = [room.kept(_Column(persons(own), tuple(person_atoms(own))))] if of_people else []
    return [*names, *([] if firm is None else [room.kept(_Column(firm))]), *others]


def _always(own: Mapping[str, Feature], roles: Mapping[str, Role], known: Known) -> tuple[tuple[Ints, Hashes], ...]:
    """What only rows that are the same share, by rule; of columns that are not there rules say nothing."""
    ruled = ([_PARTS.get(roles.get(column), (column,)) for column in rule] for rule in known.always)
    return tuple(_together(own, parts) for parts in ruled if all(first in own for first, *_ in parts))


def _together(own: Mapping[str, Feature], columns: Sequence[Sequence[str]]) -> tuple[Ints, Hashes]:
    """The rows that have a value in the first part of every column, and a hash of all parts."""
    said = np.flatnonzero(np.logical_and.reduce([own[first].known for first, *_ in columns]))
    hashes = np.zeros(len(said), np.uint64)
    for name in itertools.chain.from_iterable(columns):
        if name in own:
            hashes = mixed(hashes + own[name].codes[said].astype(np.uint64))
    return said, hashes


def _marked(seen: Respects, roles: Mapping[str, Role], known: Known, *, of_people: bool) -> Respects:
    """The respects with what each comparison means for the others."""
    names = [one.name for one in seen.comparisons]
    own = [roles.get(name.split(OR)[0]) for name in names]
    kinds = [(_kind(one.name, roles), len(one.levels)) for one in seen.comparisons] if of_people else []
    return replace(
        seen,
        identifying=tuple(at for at, role in enumerate(own) if role in _IDENTIFYING),
        naming=() if of_people else tuple(at for at, name in enumerate(names) if is_called(name)),
        never=_never(names, roles, known),
        addresses=tuple(at for at, role in enumerate(own) if role == "address"),
        places=tuple(at for at, name in enumerate(names) if own[at] in _OF_PLACES and is_of_address(name)),
        usual=tuple(usual(*kind) for kind in kinds),
    )


def _kind(name: str, roles: Mapping[str, Role]) -> str | None:
    """What a comparison of people compares, where that is known."""
    column = name.split(OR, maxsplit=1)[0]
    role = roles.get(column, name)
    if role == "date":
        return "birth" if is_birth(column) else None
    if role == "category":
        return "entity" if is_entity(column) else None
    return role


def _never(names: Sequence[str], roles: Mapping[str, Role], known: Known) -> tuple[int, ...]:
    """The comparisons, by number, of the columns that rules name; of one that is not there rules say nothing."""

    def is_of(comparison: str, column: str) -> bool:
        role = roles.get(column)
        joint = PERSON if role in PERSONAL else role
        return column in comparison.split(OR) or comparison == joint

    return tuple(at for at, name in enumerate(names) if any(is_of(name, column) for column in known.never))


def _sets(own: Mapping[str, Feature], roles: Mapping[str, Role]) -> dict[str, list[str]]:
    """By the first of them: the columns of a kind of which a row may have several, where there is more than one."""
    kinds = (
        [
            name
            for name, one in roles.items()
            if one == role and name in own and not (role == "address" and _MORE.search(name))
        ]
        for role in _SEVERAL
    )
    return {names[0]: names for names in kinds if len(names) > 1}


def _atoms(name: str, role: Role, feature: Feature) -> list[Atom]:
    value = pl.col("value")
    parts: Mapping[str, Mapping[str, pl.Expr]] = {
        "email": {"mailbox": value.str.replace("@.*$", "")},
        "phone": {"last seven": value.str.slice(-7)},
        "code": {"first three": value.str.slice(0, 3)},
        "organization": {"first word": value.str.extract(r"^(\S+)", 1)},
        "date": {"year": value.str.slice(0, 4), "day": value.str.slice(4, 4)},
        "place": {"first four": value.str.slice(0, 4)},
        "address": {
            "number": value.str.extract(r"(\d+)", 1),
            "street": value.str.replace_all(r"\b\d+\b", "").str.strip_chars(" ").str.slice(0, 5),
        },
    }
    return [
        Atom(name, name, feature, "organization" if role in {"organization", "url"} else name),
        *(part(f"{name}: {what}", name, feature, values) for what, values in parts.get(role, {}).items()),
    ]


def _rare(feature: Feature, place: int) -> list[tuple[Ints, Hashes]]:
    """Rare words, and pairs of a text's rarest, as keys."""
    rare = rare_words(feature, _WORDS).filter(pl.col("rows") > 1)
    other = rare.select("code", pl.col("word").alias("other"))
    two = rare.join(other, on="code").filter(pl.col("word") < pl.col("other"))
    keys = pl.concat(
        [
            rare.filter(pl.col("rows") <= _MOST_ROWS).select("code", key="word"),
            two.select("code", key=pl.col("word") + " " + pl.col("other")),
        ]
    )
    rows = pl.DataFrame({"code": feature.codes.astype(np.int64), "row": np.arange(len(feature.codes))})
    spread = keys.join(rows, on="code")
    codes = encoded(spread["key"]).codes.astype(np.int64)
    return [(spread["row"].to_numpy().astype(np.int64), mixed(codes + 1 + ((place + 1) << 48)))]
