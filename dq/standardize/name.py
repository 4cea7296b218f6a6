# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Names of persons: text tidied, case repaired where it is plainly lost, `Last, First` turned, Jr. written one way.

name ──► title · core · degrees and suffixes ──► core in order, with its case ──► the parts put together again
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.options import NameOptions as Options
from dq.standardize import text
from dq.standardize.forms import VALUE, Standardized, change_where, each, find_where
from dq.standardize.name_casing import is_lost, repaired
from dq.standardize.name_words import NameWords, name_words

_UPPER = "[A-ZÀ-ÖØ-ÞĆČĎĐĘĚĞİŁŃŇŐŘŚŞŠŤŮŰŹŻŽ]"
_LOWER = "[a-zß-öø-ÿāąćčďđēęěğģīıķļľłńņňőřśşšťūůűźżž]"
_PLAIN = (  # both cases within the words and nothing to do; composed letters alone
    rf"^{_UPPER}{_LOWER}+(?:['’-]?{_UPPER}{_LOWER}+)*"
    rf"(?: (?:{_LOWER}{{2,}}|{_UPPER}\.?|(?:{_UPPER}['’])?{_UPPER}{_LOWER}+(?:['’-]?{_UPPER}{_LOWER}+)*))*"
    rf" (?:{_UPPER}['’])?{_UPPER}{_LOWER}{{2,}}(?:['’-]?{_UPPER}{_LOWER}+)*$"
)
_NAME_WORD = r"(?:\p{Lu}[\p{L}\p{M}'’-]*|\p{Lu}\.(?:\p{Lu}\.)*|\p{Ll}[\p{L}\p{M}'’-]*)"
_LIKE_A_POST = r"\p{Ll}.*, \P{Ll}{2,3}$"
_TWO_LETTERS = r"^\p{L}\.\p{L}\.?$"
_SCRIPT = r"^[\p{Latin}\p{Cyrillic}\p{Greek}\p{M}'’., -]+$"
_NOT_A_NAME = (
    r"(?i)@|://|\bwww\.|\.(?:com|org|net|edu|gov|io)\b|\d{3}|株式会社|有限公司|주식회사|"
    r"\s(?:inc|llc|l\.l\.c|ltd|limited|corp|corporation|incorporated|plc|gmbh|b\.v|n\.v|s\.r\.l|s\.p\.a|sarl|oyj|kft|ооо)\.?$|^ооо\s"
)
_PLACEHOLDERS = (
    r"test(?: test| user| lead)?", r"n\.?/?a\.?", r"none|null|nil|unknown|undefined|tbd|no ?name|name|full name",
    r"first ?(?:name)? last ?(?:name)?|john doe|jane doe|max mustermann|erika mustermann|asdf|xxx?|[-.?_/]+",
)  # fmt: skip


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of persons' names, with `name.not_a_name` and `name.placeholder`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The name in standard form; a name with both cases keeps its letters as they are."""
    words = name_words(options.words or {})

    def needed(name: pl.Expr) -> pl.Expr:
        other = ~name.str.contains(_PLAIN) | name.str.contains(words.tail)
        return other | name.str.contains(words.lead) if options.remove_titles else other

    return change_where(value, needed, lambda rows: _rewritten(rows, words, options))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    nobody = _nobody(options)
    code = pl.when(VALUE.str.contains(nobody)).then(pl.lit("name.placeholder")).otherwise(pl.lit("name.not_a_name"))
    return find_where(value, lambda v: _is_none(v, nobody), lambda rows: rows.select(code))


def cut(rows: pl.LazyFrame, words: NameWords) -> pl.LazyFrame:
    """Rows of tidied names with their parts: `lead` (titles), `core` and `tail` (degrees and suffixes), in one row."""
    tidied, rest, core = pl.col("tidied"), pl.col("rest"), pl.col("core")
    one_case = tidied.str.contains(r"^(?:\P{Ll}*|\P{Lu}*)$")
    return (
        rows.with_columns(rest=tidied.str.replace(words.lead, ""))
        .with_columns(lead=tidied.str.head(tidied.str.len_chars() - rest.str.len_chars()))
        .with_columns(
            core=pl.when(one_case)
            .then(rest.str.replace(words.any_tail, ""))
            .otherwise(rest.str.replace(words.tail, ""))
        )
        .with_columns(tail=rest.str.slice(core.str.len_chars()))
    )


def turned(core: pl.Expr, words: NameWords) -> pl.Expr:
    """`Last, First` as `First Last`, where it surely is that: one family name, one comma, given names behind it."""
    family = rf"(?:{words.particle}\s)*(?:{_NAME_WORD})(?:\s(?:(?i:jr|sr)\.?|II|III|IV))?"
    given = rf"(?:{_NAME_WORD})(?:\s(?:{_NAME_WORD})){{0,2}}"
    sure = core.str.contains(rf"^{family}, {given}$") & core.str.contains(_SCRIPT)
    behind = core.str.replace("^[^,]*, ", "")
    known = list(words.canonical)
    plain = behind.str.to_lowercase().str.strip_suffix(".")
    return (
        pl.when(sure & ~plain.is_in(known) & ~core.str.contains(_LIKE_A_POST))
        .then(behind + " " + core.str.replace(",.*$", ""))
        .otherwise(core)
    )


def _rewritten(rows: pl.LazyFrame, words: NameWords, options: Options) -> pl.LazyFrame:
    core, lead, tail, lost = (pl.col(name) for name in ("core", "lead", "tail", "lost"))
    parted = cut(rows.with_columns(plain=text.tidy(VALUE)).with_columns(tidied=pl.col("plain")), words)
    if options.reorder:
        turn = change_where(core, lambda v: v.str.contains(",", literal=True), each(lambda v: turned(v, words)))
        parted = cut(parted.with_columns(tidied=lead + turn + tail), words)
    parted = parted.with_columns(tail=_suffixed(tail, words), lost=is_lost(core) & pl.lit(options.normalize_case))
    if options.normalize_case:
        case = change_where(core, is_lost, each(lambda v: repaired(v, words)))
        parted = parted.with_columns(core=case)
        written = _canonical(lead, words)
        parted = parted.with_columns(lead=pl.when(lost).then(written).otherwise(lead))
        parted = parted.with_columns(tail=pl.when(lost).then(_canonical(tail, words)).otherwise(tail))
    bare = core.str.strip_chars_end(" ")
    whole = bare + _suffixes_of(tail, words) if options.remove_titles else lead + bare + tail
    kept = (core == "") | _is_none(pl.col("plain"), _nobody(options))
    return parted.select(pl.when(kept).then(pl.col("plain")).otherwise(whole))


def _nobody(options: Options) -> str:
    patterns = _PLACEHOLDERS if options.placeholders is None else options.placeholders
    return f"^(?i)(?:{'|'.join(patterns)})$" if patterns else r"[^\s\S]"


def _is_none(name: pl.Expr, nobody: str) -> pl.Expr:
    return name.str.contains(_NOT_A_NAME) | name.str.contains(nobody)


def _canonical(part: pl.Expr, words: NameWords) -> pl.Expr:
    def word(written: pl.Expr) -> pl.Expr:
        bare = written.str.strip_chars_end(",")
        key = bare.str.to_lowercase().str.replace_all(".", "", literal=True)
        comma = pl.when(written.str.ends_with(",")).then(pl.lit(",")).otherwise(pl.lit(""))
        known = key.replace_strict(words.canonical, default=bare, return_dtype=pl.String)
        return pl.when(bare.str.contains(_TWO_LETTERS)).then(bare.str.to_uppercase()).otherwise(known) + comma

    return part.str.split(" ").list.eval(word(pl.element())).list.join(" ")


def _suffixed(tail: pl.Expr, words: NameWords) -> pl.Expr:
    for suffix, spellings in words.suffixes.items():
        tail = tail.str.replace(spellings, f" {suffix}${{1}}")
    return tail


def _suffixes_of(tail: pl.Expr, words: NameWords) -> pl.Expr:
    found = [
        pl.when(tail.str.contains(spellings)).then(pl.lit(f" {suffix}")) for suffix, spellings in words.suffixes.items()
    ]
    return pl.concat_str(pl.lit(""), *found, ignore_nulls=True)
