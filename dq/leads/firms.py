"""Employers: a few large ones and many small ones, some of which bear another's name."""

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.texts import Codes, drawn, listed, marks_dropped, picked, plain, weighed
from dq.leads.vocabulary import surnames

PEOPLE_A_FIRM = 4
SHARE_NAMESAKE_FIRMS = 0.03
"""Firms that have another's name, with a domain of their own."""
SHARE_WITH_MAILBOX, SHARE_WITH_SWITCHBOARD = 0.1, 0.35
"""Firms with several people who are reached by one mailbox, or by one number."""
_SEVERAL = 5
_NAMES = (0.33, 0.25, 0.15, 0.1, 0.1, 0.02, 0.05)
"""Compound and sector, surname and sector, two surnames, surname and umbrella, brand, adjective and sector, the sample's."""
_DOMAINS = (0.25, 0.15)
"""The first word alone, words with hyphens; else words joined."""
MAIL_PATTERNS = ("first.last", "flast", "first", "firstl", "first_last", "last.first")
_PATTERN_SHARES = (0.38, 0.27, 0.12, 0.08, 0.05)


def firms(rng: np.random.Generator, people: int) -> tuple[pl.DataFrame, Codes]:
    """Invent the firms that so many people work for.

    Args:
        rng: The source of chance.
        people: How many people.

    Returns:
        The firms (company, form, domain, pattern = number of `MAIL_PATTERNS`, mailbox = address of several people or null,
        switchboard = whether several people have one number, namesake = whether the name is another firm's too), and for
        each person the firm by row.
    """
    count = max(people // PEOPLE_A_FIRM, 1)
    employer = weighed(rng, 1 / (np.arange(count) + 20.0) ** 0.8, people)
    large = np.bincount(employer, minlength=count) >= _SEVERAL
    original, namesake = _namesakes(rng, count)
    company = _names(rng, count).gather(original)
    mailbox = large & (rng.random(count) < SHARE_WITH_MAILBOX)
    frame = pl.DataFrame(
        {
            "company": company,
            "form": listed(words.LEGAL_FORMS, rng.integers(len(words.LEGAL_FORMS), size=count)),
            "domain": _domains(rng, company),
            "pattern": np.where((kind := drawn(rng, _PATTERN_SHARES, count)) < 0, len(_PATTERN_SHARES), kind),
            "mailbox": listed(words.MAILBOXES, np.where(mailbox, weighed(rng, _RANKED, count), -1)),
            "switchboard": large & (rng.random(count) < SHARE_WITH_SWITCHBOARD),
            "namesake": namesake,
        }
    )
    return frame.with_columns(pl.col("mailbox") + "@" + pl.col("domain")), employer


_RANKED = np.array([1 / rank for rank in range(1, len(words.MAILBOXES) + 1)])


def _namesakes(rng: np.random.Generator, count: int) -> tuple[Codes, np.ndarray]:
    """For each firm the one whose name it has, most often itself; and whether it shares it."""
    order, pairs = rng.permutation(count), round(count * SHARE_NAMESAKE_FIRMS)
    original = np.arange(count)
    original[order[:pairs]] = order[pairs : 2 * pairs]
    namesake = np.zeros(count, dtype=bool)
    namesake[order[: 2 * pairs]] = True
    return original, namesake


def _names(rng: np.random.Generator, count: int) -> pl.Series:
    kinds = drawn(rng, _NAMES, count)
    family = surnames()

    def any_of(texts: tuple[str, ...]) -> pl.Series:
        return listed(texts, rng.integers(len(texts), size=count))

    frame = pl.DataFrame(
        {
            "kind": kinds,
            "stem": any_of(words.STEMS),
            "ending": any_of(words.ENDINGS),
            "sector": any_of(words.SECTORS),
            "family": picked(family.texts, family.draw(rng, count)),
            "other": picked(family.texts, family.draw(rng, count)),
            "umbrella": any_of(words.UMBRELLAS),
            "onset": any_of(words.ONSETS),
            "middle": any_of(words.MIDDLES),
            "brand": any_of(words.BRAND_ENDINGS),
            "adjective": any_of(words.ADJECTIVES),
        }
    )
    made = (
        pl.col("family") + " " + pl.col("sector"),
        pl.col("family") + " & " + pl.col("other"),
        pl.col("family") + " " + pl.col("umbrella"),
        pl.col("onset") + pl.col("middle") + pl.col("brand"),
        pl.col("adjective") + " " + pl.col("sector"),
        pl.col("stem") + pl.col("ending") + " " + pl.col("sector"),
    )
    name = pl.col("onset") + pl.col("middle") + pl.col("ending") + " " + pl.col("sector")
    for kind, text in enumerate(made, 1):
        name = pl.when(pl.col("kind") == kind).then(text).otherwise(name)
    return frame.select(name.alias("company")).to_series()


def _domains(rng: np.random.Generator, company: pl.Series) -> pl.Series:
    """A domain of its own for each firm, spelled from its name."""
    kinds = drawn(rng, _DOMAINS, len(company))
    top = listed(words.TOP_DOMAINS, rng.integers(len(words.TOP_DOMAINS), size=len(company)))
    frame = pl.DataFrame({"company": company, "kind": kinds, "top": top})
    name = pl.col("company").str.replace_all("[&'.-]", "")
    label = (
        pl.when(pl.col("kind") == 0)
        .then(plain(name.str.split(" ").list.first()))
        .when(pl.col("kind") == 1)
        .then(marks_dropped(name.str.to_lowercase()).str.replace_all("[^a-z]+", "-").str.strip_chars("-"))
        .otherwise(plain(name))
    )
    again = pl.int_range(pl.len()).over("label", "top")
    number = pl.when(again > 0).then((again + 1).cast(pl.String)).otherwise(pl.lit(""))
    return frame.with_columns(label.alias("label")).select(pl.col("label") + number + "." + pl.col("top")).to_series()
