# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""A web address out of what was pasted around it: quotes, brackets, links of Markdown and HTML, labels, broken schemes.

Only damage that can be read in one way is repaired: `http//x.com`, `http:/x.com`, `https://https://x.com`, `htttp://`.
"""

import polars as pl

from dq.standardize.forms import change_where, each

_EDGES = ' <>"“”„‟«»‘’‚`'
_MARKDOWN = r"^!?\[[^\]]*\]\(\s*([^()\s]+)\s*\)$"
_HTML = r"^(?i)<?a\s[^>]*href\s*=\s*[\"']?([^\"'\s>]+)[\"']?[^>]*>.*</a$"
_PAIRED = r"^(?:\(([^()]*)\)|\[([^\[\]]*)\])$"
_LABEL = (
    r"^(?i)(?:web ?site|web ?page|web|url|link|home ?page|site|www|webseite|internet|sito(?: web)?|site web|sitio web|"
    r"página web|strona|сайт|网址|網址|网站|ホームページ|サイト)\s*(?:[:：=]|[-–]\s)\s*"
)
_ONE_SCHEME = r"h*t+p+(s?)s*\s*(?::\s*[/\\]+|;?\s*[/\\]{2,})\s*"
_BARE_COLON = r"https?\s*:\s*"
_SCHEMES = rf"^(?i)(?:www\.)?(?:(?:{_ONE_SCHEME.replace('(s?)', 's?')}|{_BARE_COLON})(?:www\.)?)*{_ONE_SCHEME}"
_COLON = r"^(?i)http(s?)\s*:\s*([^/\\\s])"
_FULL_WIDTH = r"^[！-～。．｡]+$"


def unwrapped(value: pl.Expr) -> pl.Expr:
    """One-line text without what stands around a web address, and with its scheme repaired."""
    half = change_where(value, lambda v: v.str.contains(_FULL_WIDTH), each(lambda v: v.str.normalize("NFKC")))
    linked = half.str.strip_chars(_EDGES).str.replace(_MARKDOWN, "$1").str.replace(_HTML, "$1")
    bare = linked.str.replace(_PAIRED, "$1$2").str.strip_chars(_EDGES)
    named = bare.str.replace("^'([^']*)'?$", "$1").str.replace(_LABEL, "")
    return schemed(named)


def schemed(value: pl.Expr) -> pl.Expr:
    """An address whose scheme, if it has one, is written once and as it should be."""
    return value.str.replace(_SCHEMES, "http$1://").str.replace(_COLON, "http$1://$2")
