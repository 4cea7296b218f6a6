"""The fields of a row that another field's standardizer reads, such as the country beside a telephone number."""

from difflib import get_close_matches

from dq.errors import ConfigurationError
from dq.options import Options
from dq.rules import FieldRule, TableRules
from dq.standardize.kinds import Kind, step


def named(kind: Kind, options: Options) -> dict[str, str]:
    """Option → the field that it names."""
    fields = {name: getattr(options, name) for name in kind.beside}
    return {name: field for name, field in fields.items() if field is not None}


def read_fields(field: FieldRule, rules: TableRules) -> set[str]:
    """The fields that a field's standardizers read beside its own.

    Raises:
        ConfigurationError: One of them is not mapped, is the field itself, or reads other fields in its turn.
    """
    read = _read(field)
    for name, option in sorted(read.items()):
        if name not in rules.names:
            near = get_close_matches(name, rules.names, n=1)
            raise _wrong(field, option, f"`{name}` is not mapped", f"did you mean `{near[0]}`?" if near else None)
        if name == field.name or _read(rules.field(name)):
            raise _wrong(field, option, f"`{name}` reads other fields itself", None)
    return set(read)


def _read(field: FieldRule) -> dict[str, str]:
    steps = [(standardizer.name, *step(standardizer)) for standardizer in field.standardize]
    return {name: f"{word}.{option}" for word, kind, options in steps for option, name in named(kind, options).items()}


def _wrong(field: FieldRule, option: str, text: str, fix: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"option `{option}` of field `{field.name}` names a field that cannot be read: {text}",
        where="rules/standardize.yaml",
        fix=fix or "name a field of the same mapping that has standardizers of its own alone",
    )
