"""How backups are encrypted, and the secrets for it: read only by the command that needs one."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from dq.errors import ConfigurationError
from dq.settings.document import Document, value_at
from dq.settings.mistakes import Key
from dq.settings.secrets import from_command, from_file
from dq.settings.shape import EncryptionShape
from dq.settings.values import EncryptionSettings, SecretSource

_SECTION: Key = ("backups", "encryption")


def encryption_settings(document: Document, shape: EncryptionShape | None, root: Path) -> EncryptionSettings | None:
    """Where the keys come from; nothing is read. What contradicts itself is noted in the document.

    Args:
        document: The configuration.
        shape: Its section; None if backups are plain.
        root: Where relative paths start.
    """
    if shape is None:
        return None
    said = value_at(document.data, _SECTION)
    found = {name: _source(document, said, name, root) for name in ("recipient", "identity", "passphrase")}
    keys = [name for name in ("recipient", "identity") if found[name]]
    if found["passphrase"] and keys:
        text = f"passphrase and {keys[0]} stand side by side; keep one of them"
        document.mistakes.append(document.mistake(_SECTION, text))
    elif not any(found.values()):
        text = "names no key; give recipient (age1…), recipient_file or passphrase_file"
        document.mistakes.append(document.mistake(_SECTION, text))
    return EncryptionSettings(**found)


def read(source: SecretSource, root: Path) -> SecretStr:
    """The secret.

    Args:
        source: Where it comes from.
        root: The project root: a command runs there.

    Raises:
        ConfigurationError: It cannot be had; the message has no part of it.
    """
    if source.value is not None:
        return source.value
    problem = "names a variable that is not set"
    if source.file is not None:
        text, problem = from_file(source.file)
    else:
        text, problem = from_command(source.command, root) if source.command else ("", problem)
    if not text:
        raise ConfigurationError(f"{source.key}: {problem}.", where="backups.encryption", fix=f"correct {source.key}")
    return SecretStr(text)


def _source(document: Document, said: Any, name: str, root: Path) -> SecretSource | None:
    values = said if isinstance(said, dict) else {}
    given = [key for key in (name, f"{name}_file", f"{name}_command") if values.get(key) is not None]
    if not given:
        return None
    key, text = given[0], str(values[given[0]]).strip()
    if len(given) > 1:
        problem = f"{' and '.join(given)} stand side by side; keep one of them"
        document.mistakes.append(document.mistake((*_SECTION, given[1]), problem))
    elif not text:
        document.mistakes.append(document.mistake((*_SECTION, key), "is empty"))
    if key.endswith("_file"):
        return SecretSource(key=f"backups.encryption.{key}", file=root / Path(text).expanduser())
    if key.endswith("_command"):
        return SecretSource(key=f"backups.encryption.{key}", command=text)
    value = None if "${" in text else SecretStr(text)
    return SecretSource(key=f"backups.encryption.{key}", value=value)
