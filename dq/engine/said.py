"""What rows say: a table's columns as features, folded as their roles want it; people's names in parts, and where they work."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.dedupe.columns import Columns
from dq.dedupe.contacts import offices
from dq.dedupe.features import Codes, Feature, Hashes, Ints, coalesced, encoded, mapped, reordered, texts
from dq.dedupe.keys import is_placeholder
from dq.dedupe.model import Model, known_offices
from dq.dedupe.roles import is_called, is_gender, is_of_address
from dq.dedupe.room import CORES, MEMORY, Room
from dq.engine.folding import folded
from dq.engine.people import PERSON, people
from dq.rules import MatcherRules, Placeholder, Role

DOMAIN = "domain"
PERSONAL: frozenset[Role] = frozenset({"name", "given", "middle", "family"})
CONTACTS: frozenset[Role | None] = frozenset({"email", "phone", "profile"})
BYTES = 250
"""What it takes, for each row, to work on a column."""
_KINDS: Mapping[Role, str] = {
    "email": "email", "phone": "phone", "profile": "linkedin", "url": "website", "organization": "company",
}  # fmt: skip
"""Role → the kind of placeholder; others have those of texts alone."""
_NO_DIGESTS: Hashes = np.empty(0, np.uint64)
_BEGINNING = 2


@dataclass(frozen=True, slots=True)
class Known:
    """What lists say of the values of any table.

    Attributes:
        nicknames: Pairs of a formal name and one that is short for it.
        legal_forms: Legal forms of companies.
        public_domains: Domains whose mailboxes are anybody's.
        most_names: A mailbox or number of this many names or more is an office's.
        placeholders: Values that are none: `n/a`, `unknown`, `-`.
        never: Columns in which rows that are the same never differ.
        always: Columns that count together, in which only rows that are the same are equal.
    """

    nicknames: Sequence[tuple[str, str]] = ()
    legal_forms: Mapping[str, str] | None = None
    public_domains: Sequence[str] = ()
    most_names: int = 3
    placeholders: Sequence[Placeholder] = ()
    never: Sequence[str] = ()
    always: Sequence[Sequence[str]] = ()


def given_names(rules: MatcherRules) -> set[str]:
    """Given names in lower case, formal and short ones."""
    return {name.lower() for pair in rules.nicknames for name in pair}


def known_of(rules: MatcherRules, most_names: int = 3) -> Known:
    """What the matcher's rules say.

    Args:
        rules: The rules.
        most_names: A mailbox or number of this many names or more is an office's.
    """
    lists = rules.nicknames, rules.legal_forms, rules.public_domains
    return Known(*lists, most_names, rules.placeholders, rules.never, rules.always)


def features_of(
    table: Columns, roles: Mapping[str, Role], known: Known, room: Room = MEMORY, order: Ints | None = None
) -> dict[str, Feature]:
    """The features of a table: one a column, the parts of people's names, and the domain of where they work.

    Args:
        table: Rows of texts.
        roles: The roles of the columns that count.
        known: What the lists say.
        room: Where they are put.
        order: Place of a row → its place in the table, where they shall come in another order than there.
    """

    def placed(feature: Feature) -> Feature:
        return room.kept(feature if order is None else reordered(feature, order))

    own = {name: role for name, role in roles.items() if role not in PERSONAL}

    def feature(name: str) -> Feature:
        told = _told(pl.col("value"), own[name], known.placeholders)
        form = folded(own[name], pl.col("value"), known.legal_forms)
        if own[name] == "category" and is_gender(name):  # `m` and `male`
            form = form.str.slice(0, 1)
        return placed(mapped(encoded(table[name]), told, form))

    def named_people() -> dict[str, Feature]:
        naming = {name: role for name, role in roles.items() if role in PERSONAL}
        told = (_told(pl.col(name), role, known.placeholders) for name, role in naming.items())
        return people(pl.DataFrame([table[name] for name in naming]).select(told), roles, known.nicknames)

    with ThreadPoolExecutor(room.beside(len(table) * BYTES, CORES)) as pool:  # one column is the work of one core
        naming = pool.submit(named_people)
        features = dict(zip(own, pool.map(feature, own), strict=True))
        named = naming.result()
    features |= {f"{PERSON} {name}": placed(feature) for name, feature in named.items()}
    if not named:
        features |= {name: room.kept(feature) for name, feature in _without_places(features, roles).items()}
    domains = _domains(features, roles, known.public_domains)
    return features | ({} if domains is None else {DOMAIN: room.kept(domains)})


def _without_places(features: Mapping[str, Feature], roles: Mapping[str, Role]) -> dict[str, Feature]:
    """What things are called, its words in order, without those that say the row's own town again: `Spago (Los Angeles)`."""
    towns = [texts(features[name]) for name, role in roles.items() if role == "place" and is_of_address(name)]
    called = [name for name, role in roles.items() if role in {"text", "organization"} and is_called(name)]
    if not towns:
        return {}
    rows = pl.DataFrame([town.alias(str(number)) for number, town in enumerate(towns)])
    said = rows.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True).str.split(" ").alias("town"))
    told = {}
    for name in called:
        words = pl.lit(texts(features[name])).str.split(" ").list
        left = words.set_difference("town").list.sort().list.join(" ")
        told[name] = encoded(
            said.select(pl.when(left != "").then(left).otherwise(words.sort().list.join(" "))).to_series()
        )
    return told


def _told(value: pl.Expr, role: Role, placeholders: Sequence[Placeholder]) -> pl.Expr:
    """Values without those that are none; a role's mailbox still tells where its owner works."""
    lists = [line for line in placeholders if line.match != "local_part"]
    if not lists:
        return value
    return pl.when(~is_placeholder(value.str.strip_chars(), lists, _KINDS.get(role, "text"))).then(value)


def offices_of(
    features: Mapping[str, Feature], roles: Mapping[str, Role], known: Known, model: Model | None
) -> dict[str, Codes]:
    """The mailboxes and numbers of offices: by column, the codes of values that so many names carry, or that a model knows.

    Args:
        features: What rows say.
        roles: The roles of the columns that count.
        known: What the lists say.
        model: What was learned before.
    """
    contacts = {name: feature for name, feature in features.items() if roles.get(name) in CONTACTS}
    learned = (
        {}
        if model is None
        else {name: known_offices(one, model.offices.get(name, _NO_DIGESTS)) for name, one in contacts.items()}
    )
    names = features.get(f"{PERSON} family")
    if names is None:
        named = [name for name, role in roles.items() if role in {"text", "organization"} and name in features]
        names = features[named[0]] if named else None
    if names is None:
        return learned
    beginning = mapped(names, pl.col("value").str.slice(0, _BEGINNING))  # typos make no new name
    found = {name: offices(one, beginning, known.most_names) for name, one in contacts.items()}
    return {name: np.union1d(codes, learned.get(name, codes)) for name, codes in found.items()}


def sites(roles: Mapping[str, Role]) -> list[str]:
    """Columns of websites."""
    return [name for name, role in roles.items() if role == "url"]


def _domains(features: Mapping[str, Feature], roles: Mapping[str, Role], public: Sequence[str]) -> Feature | None:
    """The domain of each row's organization: of its website, else of its mailbox."""
    if "organization" not in roles.values():
        return None
    domain = pl.col("value").str.extract("@(.*)$", 1)
    own = pl.when(~domain.is_in(list(public))).then(domain)
    mail = [mapped(features[name], own) for name, role in roles.items() if role == "email"]
    found = [*(features[name] for name in sites(roles)), *mail]
    return coalesced(found) if found else None
