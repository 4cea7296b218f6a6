"""What the environment says: `.env`, and `${VARIABLE}` in values."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dq.settings.document import ABSENT, Document, read_text, value_at
from dq.settings.mistakes import Key, Mistake
from dq.settings.overrides import value_for

_REFERENCE = re.compile(r"\$\$|\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN: Key = ("stores", "airtable", "token")


def read_dotenv(path: Path) -> tuple[dict[str, str], list[Mistake]]:
    """The variables of a `.env` file: `KEY=VALUE` lines, quotes and `export` allowed, `#` begins a comment."""
    document = Document(path.name)
    if not path.is_file():
        return {}, []
    values: dict[str, str] = {}
    for number, line in enumerate((read_text(path, document) or "").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.removeprefix("export ").partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            document.mistakes.append(Mistake(f"{path.name}:{number}", "", "expected a line `NAME=value`"))
            continue
        values[name.strip()] = _unquoted(value.strip())
    return values, document.mistakes


def _unquoted(value: str) -> str:
    for quote in "\"'":
        if value.startswith(quote) and value.find(quote, 1) > 0:
            return value[1 : value.find(quote, 1)]
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip()


def expand(document: Document, env: Mapping[str, str], *, lenient: bool) -> None:
    """Replace `${VARIABLE}` and `${VARIABLE:-default}` in every value; `$$` stands for one `$`.

    Args:
        document: The configuration; its values are replaced.
        env: The variables.
        lenient: Leave references of `stores` that cannot be resolved as they are.
    """
    sandboxed = value_at(document.data, ("stores", "airtable", "sandbox")) not in (ABSENT, None, "")
    document.data = _expanded(document, env, document.data, (), lambda key: _is_optional(key, lenient, sandboxed))


def _is_optional(key: Key, lenient: bool, sandboxed: bool) -> bool:
    return (lenient and key[:1] == ("stores",)) or (sandboxed and key == _TOKEN)


def _expanded(document: Document, env: Mapping[str, str], value: Any, key: Key, optional: Callable[[Key], bool]) -> Any:
    if isinstance(value, dict):
        return {name: _expanded(document, env, part, (*key, name), optional) for name, part in value.items()}
    if isinstance(value, list):
        return [_expanded(document, env, part, (*key, n), optional) for n, part in enumerate(value)]
    if not isinstance(value, str) or "$" not in value or key in document.overridden:
        return value
    missing: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, has_default, default = match[1].partition(":-")
        if env.get(name):
            return env[name]
        if not has_default:
            missing.append(name)
        return default if has_default else match[0]

    text = _REFERENCE.sub(replacement, value)
    if missing and not optional(key):
        for name in missing:
            problem = (
                f"the environment variable {name} is not set"
                if _NAME.fullmatch(name)
                else "`${…}` must hold a variable's name"
            )
            document.mistakes.append(document.mistake(key, problem))
    return value_for(key, text) if text != value else value
