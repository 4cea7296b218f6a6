"""Addresses and organizations: what belongs to a person, what to where the person works, and what to an office.

A mailbox, a website and a company's name say the same thing three times; counted apart they would make one lead of all
colleagues. So the mailbox's name is evidence of the person, and everything behind its @ of the organization.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dq.dedupe.comparison import MISSING, Compared, Comparison, Levels, near, rarity
from dq.dedupe.features import NONE, Bools, Codes, Feature, Floats, Ints
from dq.dedupe.tokens import Worded

_NEAR = 0.88
_SHARED = 2
"""The level of words shared at which two companies' names are alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Addresses:
    """Email addresses.

    Attributes:
        name: Of the column.
        address: Whole addresses.
        mailbox: What stands before the @.
        domain: What stands behind it.
        spelled: Rows whose mailbox is spelled from their own name: at another domain it repeats what the name says.
        digits: The digits in mailboxes: `jo` and `jo_2` are two people.
        office: What stands behind the @ where that is an organization's; colleagues have mailboxes of their own there.
    """

    name: str
    address: Feature
    mailbox: Feature
    domain: Feature
    spelled: Bools
    digits: Feature
    office: Feature
    levels: tuple[str, ...] = ("differs", "other mailbox, same domain", "near", "same mailbox, other domain", "equal")

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of rows."""
        known = self.address.known[left] & self.address.known[right]
        equal = known & self.address.same(left, right)
        own = self.spelled[left] & self.spelled[right]
        asked = known & ~equal & ~own & (self.digits.codes[left] == self.digits.codes[right])
        slip = near(self.mailbox, left, right, near(self.domain, left, right, asked, _NEAR), _NEAR)
        mailbox = known & ~equal & ~slip & self.mailbox.same(left, right)
        beside = known & self.office.same(left, right)
        level = np.select([equal, mailbox, slip, beside], [4, 3, 2, 1], 0).astype(np.int8)
        level[~known | (mailbox & self.spelled[left])] = MISSING
        whole = rarity(self.address, self.address.codes[left], self.address.codes[right])
        box = rarity(self.mailbox, self.mailbox.codes[left], self.mailbox.codes[right])
        return Compared(level, np.where(equal, whole, np.where(mailbox, box, 0.0)))

    def chance(self) -> dict[int, float]:
        """How often random rows have the same address; that their domain is the same, the organization counts."""
        return {4: self.address.collision(), 1: 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class Organizations:
    """Where people work: the company's name and its domain, judged together.

    Attributes:
        name: Of the comparison.
        company: Companies' names by their words.
        domain: Of the website, else of the mailbox where that is no public one.
    """

    name: str
    company: Worded
    domain: Feature
    levels: tuple[str, ...] = ("differs", "name alike", "same name", "same domain", "same name and domain")

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of rows."""
        named = self.company.compare(left, right)
        domains = self.domain.known[left] & self.domain.known[right]
        domain = domains & self.domain.same(left, right)
        same = named.level == len(self.company.levels) - 1
        level = np.select([same & domain, domain, same, named.level >= _SHARED], [4, 3, 2, 1], 0).astype(np.int8)
        level[(named.level == MISSING) & ~domains] = MISSING
        by_domain = rarity(self.domain, self.domain.codes[left], self.domain.codes[right])
        by_name = rarity(self.company.feature, self.company.feature.codes[left], self.company.feature.codes[right])
        return Compared(level, self._rarity(level, by_name, by_domain))

    def chance(self) -> dict[int, float]:
        """How often is learned from random pairs: names and domains go together."""
        return {}

    def _rarity(self, level: Levels, by_name: Floats, by_domain: Floats) -> Floats:
        return np.select([level >= 3, level == 2], [by_domain, by_name], 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Silent:
    """A comparison in which equal values of an office say nothing; that they differ still tells things apart.

    Attributes:
        inner: The comparison.
        feature: Its values.
        shared: Rows whose value is an office's.
    """

    inner: Comparison
    feature: Feature
    shared: Bools

    @property
    def name(self) -> str:
        """Of the comparison."""
        return self.inner.name

    @property
    def levels(self) -> tuple[str, ...]:
        """Those of the comparison."""
        return self.inner.levels

    def compare(self, left: Ints, right: Ints) -> Compared:
        """Compare pairs of rows."""
        found = self.inner.compare(left, right)
        nobodys = self.feature.same(left, right) & self.shared[left]
        return Compared(np.where(nobodys, np.int8(MISSING), found.level), np.where(nobodys, 0.0, found.rarity))

    def chance(self) -> dict[int, float]:
        """That of the comparison."""
        return self.inner.chance()


def offices(feature: Feature, names: Feature, most: int) -> Codes:
    """The mailboxes and numbers that so many different names carry: they are nobody's own.

    Args:
        feature: Addresses or numbers.
        names: The names of the rows.
        most: A value with this many names or more is an office's.

    Returns:
        Codes of values.
    """
    carried = pl.DataFrame({"value": feature.codes, "name": names.codes})
    count = (
        carried.filter((pl.col("value") >= 0) & (pl.col("name") >= 0)).group_by("value").agg(pl.col("name").n_unique())
    )
    return np.sort(count.filter(pl.col("name") >= most)["value"].to_numpy())


def without(feature: Feature, codes: Codes) -> Feature:
    """The feature without some of its values; how common the others are stays."""
    held = np.where(np.isin(feature.codes, codes), NONE, feature.codes).astype(np.int32)
    return replace(feature, codes=held)
