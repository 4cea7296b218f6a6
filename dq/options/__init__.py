"""What the standardizers can be told: one model of options each, read by the rule files and by the standardizers.

Values are strict, an unknown name is an error, and every option has a description: `dq.settings` makes its messages of
these models, `dq.standardize` takes their values.
"""

from collections.abc import Mapping

from dq.options.leads import (
    REGIONS,
    CompanyOptions,
    EmailOptions,
    LinkedinOptions,
    NameOptions,
    PhoneOptions,
    TextOptions,
    WebsiteOptions,
)
from dq.options.shape import Options, Text
from dq.options.values import DateOptions, EnumOptions, ExpressionOptions, MapOptions, NumberOptions, RegexOptions

__all__ = [
    "BESIDE",
    "OPTIONS",
    "REGIONS",
    "CompanyOptions",
    "DateOptions",
    "EmailOptions",
    "EnumOptions",
    "ExpressionOptions",
    "LinkedinOptions",
    "MapOptions",
    "NameOptions",
    "NumberOptions",
    "Options",
    "PhoneOptions",
    "RegexOptions",
    "Text",
    "TextOptions",
    "WebsiteOptions",
]

OPTIONS: Mapping[str, type[Options]] = {
    "text": TextOptions,
    "email": EmailOptions,
    "website": WebsiteOptions,
    "linkedin": LinkedinOptions,
    "company": CompanyOptions,
    "enum": EnumOptions,
    "date": DateOptions,
    "number": NumberOptions,
    "map": MapOptions,
    "regex": RegexOptions,
    "expression": ExpressionOptions,
    "name": NameOptions,
    "phone": PhoneOptions,
}
"""Every built-in standardizer with its options."""

BESIDE: Mapping[str, tuple[str, ...]] = {"phone": ("country", "website")}
"""The options that name other fields of the row, by standardizer."""
