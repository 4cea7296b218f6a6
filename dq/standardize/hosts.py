"""Host names: as the network writes them, and the domain that somebody registered.

The registrable domain is worked out by the public suffix list, its private part included: two sites of `github.io` or
`blogspot.com` are two people's. A host that is itself a public suffix was registered by nobody who could be a lead.
"""

from functools import cache

import idna
import polars as pl
from publicsuffixlist import PublicSuffixList

from dq.standardize.forms import once_each

_SHORT = 2
_HOST, _TAIL = pl.col("host"), pl.col("tail")


class Suffixes(PublicSuffixList):
    """The public suffix list, with what decides upon most hosts without a parser."""

    @property
    def names(self) -> list[str]:
        """Every name that is itself a suffix, such as `co.uk`, `github.io`, and what a wildcard stands below."""
        plain = {name.removeprefix("*.") for name in self._publicsuffix if not name.startswith("!")}
        return sorted(plain)

    @property
    def wild(self) -> list[str]:
        """Names of one or two labels, such as `ck`, below which every name is a suffix."""
        return sorted(name[2:] for name in self._publicsuffix if name.startswith("*.") and name.count(".") <= _SHORT)


def ascii_host(value: pl.Expr) -> pl.Expr:
    """Host names in the form that the network uses (IDNA 2008); what is no valid name stays as it is."""
    return once_each(value, _ascii)


def registrable(value: pl.Expr) -> pl.Expr:
    """The registrable domain of ASCII host names in lower case; a numeric address itself; null for a public suffix."""
    return value.map_batches(_registrable_batch, return_dtype=pl.String, is_elementwise=True)


def takes_www(value: pl.Expr) -> pl.Expr:
    """Whether a site may answer under `www.` and this ASCII name alike: a domain registered with a registry.

    Not so the sites below a private suffix: no certificate covers `www.jane.github.io`.
    """
    return once_each(value, _registered_name).is_not_null()


def _registrable_batch(hosts: pl.Series) -> pl.Series:
    names, wild = _suffix_names()
    tail = _HOST.str.replace(r"^[^.]*\.", "")
    rows = (
        hosts.to_frame("host")
        .lazy()
        .with_columns(host=_without_www(names), full=_HOST)
        .with_columns(tail=tail, dots=_HOST.str.count_matches(".", literal=True))
        .with_columns(own=_TAIL.is_in(names.implode()) | (pl.col("dots") == 1))
        .with_columns(answer=pl.when("own").then(_HOST).otherwise(_TAIL))
        .with_columns(plain=pl.col("dots").is_in([1, 2]) & ~_HOST.is_in(names.implode()) & ~_HOST.str.contains(wild))
        .select("full", "answer", other=~pl.col("plain"))
        .collect(engine="in-memory")
    )
    others = rows["other"].arg_true()
    if not len(others):
        return rows["answer"]
    answers = rows[others].select(once_each(pl.col("full"), _registrable)).to_series()
    return rows["answer"].scatter(others, answers)


def _without_www(names: pl.Series) -> pl.Expr:
    bare = _HOST.str.strip_prefix("www.")
    return pl.when(bare.is_in(names.implode())).then(_HOST).otherwise(bare)


@cache
def _suffixes() -> Suffixes:
    return Suffixes()


@cache
def _suffix_names() -> tuple[pl.Series, str]:
    names = "|".join(name.replace(".", r"\.") for name in _suffixes().wild)
    return pl.Series(_suffixes().names, dtype=pl.String), rf"(?:^|\.)(?:{names})$"


@cache
def _registries() -> Suffixes:
    return Suffixes(only_icann=True)


def _registered_name(host: str) -> str | None:
    known = not _is_number(host) and _suffixes().privatesuffix(host) == _registries().privatesuffix(host) == host
    return host if known else None


def _registrable(host: str) -> str | None:
    return host if _is_number(host) else _suffixes().privatesuffix(host)


def _is_number(host: str) -> bool:
    return host.startswith("[") or host.replace(".", "").isdigit()


def _ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return host
