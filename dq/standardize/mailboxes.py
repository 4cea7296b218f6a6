"""What kind of mailbox an address is: an office's, one at a free-mail provider, a throw-away one.

The lists are handed in; `rules/lists` has them. All take stored addresses and look at the whole local part without its
tag, and at the whole domain or the one above it. Values that are no address are none of these.
"""

from collections.abc import Sequence

import polars as pl

from dq.options import EmailOptions


def is_role(value: pl.Expr, names: Sequence[str]) -> pl.Expr:
    """Whether an address is an office's, such as `info@` and `sales+eu@`, not a person's."""
    return _is_address(value) & value.str.replace("[+@].*$", "").str.to_lowercase().is_in(_lowered(names))


def is_free(value: pl.Expr, domains: Sequence[str]) -> pl.Expr:
    """Whether an address is at a free-mail provider."""
    return _is_address(value) & _is_at(value, domains)


def is_disposable(value: pl.Expr, domains: Sequence[str]) -> pl.Expr:
    """Whether an address is at a provider of throw-away addresses, or below its domain."""
    above = value.str.replace(r"^[^@]*@[^.]*\.", "@")
    return _is_address(value) & (_is_at(value, domains) | _is_at(above, domains))


def marks(value: pl.Expr, options: EmailOptions) -> pl.Expr:
    """`email.role`, `email.free` and `email.disposable`, joined by `+`, as far as the options ask for them; else null."""
    kinds = {
        "role": is_role(value, options.roles or ()),
        "free": is_free(value, options.free_domains or ()),
        "disposable": is_disposable(value, options.disposable_domains or ()),
    }
    codes = [pl.when(test).then(pl.lit(f"email.{kind}")) for kind, test in kinds.items() if kind in options.mark]
    if not codes:
        return pl.lit(None, dtype=pl.String)
    joined = pl.concat_str(codes, separator="+", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _is_address(value: pl.Expr) -> pl.Expr:
    return value.str.contains("@", literal=True)


def _is_at(value: pl.Expr, domains: Sequence[str]) -> pl.Expr:
    return value.str.replace("^[^@]*@", "").str.to_lowercase().is_in(_lowered(domains))


def _lowered(words: Sequence[str]) -> list[str]:
    return [word.lower() for word in words]
