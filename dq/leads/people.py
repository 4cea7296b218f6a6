"""The people behind a sample: who they really are, before anything is misspelled."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dq.leads import words

ENTITY = "entity_id"
_HEX, _DIGITS = "0123456789abcdef", "0123456789"
_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STEP = 982_451_653  # a prime: its multiples visit every number of a power-of-two range, and of a smaller one, once
_PEOPLE_A_COMPANY = 3
_NAMESAKES = 0.02


def people(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """One row a person, with values in their standard form.

    Addresses, profiles and phone numbers are unique; names are not: some people are namesakes at another company.

    Args:
        rng: The source of chance.
        count: How many people.

    Returns:
        entity_id, first, middle, last, company, form, domain, email, title, linkedin_url, company_website, phone,
        status, note.
    """
    firms = _companies(rng, max(count // _PEOPLE_A_COMPANY, 1))
    frame = pl.DataFrame(
        {
            ENTITY: np.arange(count),
            "first": chosen(rng, words.FIRST_NAMES, count),
            "middle": spelled(rng.integers(26, size=count), "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1),
            "last": chosen(rng, words.LAST_NAMES, count),
            "title": chosen(rng, words.TITLES, count),
            "status": chosen(rng, words.STATUSES, count),
            "note": chosen(rng, words.NOTES, count),
            "phone": _phones(count),
            "slug": spelled(_scattered(count, 16**7), _HEX, 7),
            "namesake": spread(rng, count, [_NAMESAKES]) == 0,
            "pattern": rng.integers(4, size=count),
        }
    )
    namesake = pl.col("namesake") & (pl.col(ENTITY) > 0)
    named = frame.with_columns(
        pl.when(namesake).then(pl.col(name).shift(1)).otherwise(name).alias(name) for name in ("first", "last")
    )
    return _with_addresses(pl.concat([named, firms[rng.integers(firms.height, size=count)]], how="horizontal"))


def spread(rng: np.random.Generator, count: int, shares: Sequence[float]) -> pl.Series:
    """Give every share its exact part of `count` rows, at least one, in random places; -1 stands for none of them."""
    parts = [np.full(max(round(share * count), 1), position) for position, share in enumerate(shares)]
    labels = np.concatenate([*parts, np.full(count, -1)])[:count]
    return pl.Series(rng.permutation(labels), dtype=pl.Int64)


def chosen(rng: np.random.Generator, values: Sequence[str], count: int) -> pl.Series:
    """`count` random values of a list."""
    return pl.Series(values)[rng.integers(len(values), size=count)]


def spelled(numbers: np.ndarray, alphabet: str, width: int) -> pl.Series:
    """Write numbers in the digits of an alphabet, most significant first."""
    places = len(alphabet) ** np.arange(width - 1, -1, -1, dtype=np.int64)
    letters = np.frombuffer(alphabet.encode("ascii"), dtype=np.uint8)
    return _texts(letters[numbers[:, None] // places % len(alphabet)])


def record_ids(rng: np.random.Generator, count: int) -> pl.Series:
    """`count` ids as Airtable gives records."""
    letters = np.frombuffer(_ALPHANUMERIC.encode("ascii"), dtype=np.uint8)
    return "rec" + _texts(letters[rng.integers(len(letters), size=(count, 14))])


def uuids(rng: np.random.Generator, count: int) -> pl.Series:
    """`count` version 4 UUIDs."""
    digits = rng.integers(16, size=(count, 32))
    digits[:, 12] = 4
    digits[:, 16] = 8 + digits[:, 16] % 4
    text = _texts(np.frombuffer(_HEX.encode("ascii"), dtype=np.uint8)[digits])
    parts = [text.str.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(parts, separator="-")).to_series()


def _texts(letters: np.ndarray) -> pl.Series:
    """Rows of ASCII codes as texts."""
    rows, width = letters.shape
    joined = pl.Series(np.ascontiguousarray(letters).view(f"S{width}").reshape(rows).tolist(), dtype=pl.Binary)
    return joined.cast(pl.String)


def _scattered(count: int, limit: int) -> np.ndarray:
    """`count` different numbers below a limit that is no multiple of the step."""
    return (np.arange(1, count + 1, dtype=np.int64) * _STEP) % limit


def _phones(count: int) -> pl.Series:
    """Numbers of the 555 exchange, which no telephone company gives out."""
    limit = len(words.AREA_CODES) * 10_000
    numbers = _scattered(count, limit)
    area = pl.Series(words.AREA_CODES)[numbers // 10_000]
    return "+1 " + area + " 555 " + spelled(numbers % 10_000, _DIGITS, 4)


def _companies(rng: np.random.Generator, count: int) -> pl.DataFrame:
    stems, endings, sectors = len(words.STEMS), len(words.ENDINGS), len(words.SECTORS)
    numbers = _scattered(count, stems * endings * sectors) if count < stems * endings * sectors else np.arange(count)
    stem = pl.Series(words.STEMS)[numbers % stems]
    ending = pl.Series(words.ENDINGS)[numbers // stems % endings]
    sector = pl.Series(words.SECTORS)[numbers // (stems * endings) % sectors]
    company = stem + ending + " " + sector
    domain = company.str.to_lowercase().str.replace(" ", "", literal=True) + "." + chosen(rng, words.TOP_DOMAINS, count)
    return pl.DataFrame({"company": company, "form": chosen(rng, words.LEGAL_FORMS, count), "domain": domain})


def _with_addresses(frame: pl.DataFrame) -> pl.DataFrame:
    first, last = (_plain(pl.col(name)) for name in ("first", "last"))
    local = (
        pl.when(pl.col("pattern") == 0)
        .then(first)
        .when(pl.col("pattern") == 1)
        .then(first.str.head(1) + last)
        .otherwise(first + "." + last)
    )
    taken = pl.int_range(pl.len()).over("domain", "_local")
    number = pl.when(taken > 0).then((taken + 1).cast(pl.String)).otherwise(pl.lit(""))
    return frame.with_columns(local.alias("_local")).select(
        ENTITY, "first", "middle", "last", "company", "form", "domain", "title", "phone", "status", "note",
        (pl.col("_local") + number + "@" + pl.col("domain")).alias("email"),
        ("https://www.linkedin.com/in/" + first + "-" + last + "-" + pl.col("slug")).alias("linkedin_url"),
        ("https://" + pl.col("domain")).alias("company_website"),
    )  # fmt: skip


def _plain(text: pl.Expr) -> pl.Expr:
    """Lower-case ASCII letters only, as in addresses."""
    folded = text.str.to_lowercase().str.replace_many(["ø", "ß"], ["o", "ss"]).str.normalize("NFKD")
    return folded.str.replace_all(r"[^a-z]", "")
