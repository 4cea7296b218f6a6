"""Where a secret comes from: the value itself (from the environment), a file, or a command's output."""

import shlex
import subprocess
from pathlib import Path

from pydantic import SecretStr

from dq.settings.document import Document, value_at
from dq.settings.mistakes import Key

COMMAND_SECONDS = 60


def resolve(document: Document, section: Key, name: str, root: Path, *, lenient: bool = False) -> SecretStr | None:
    """The secret `name`, `name_file` or `name_command` of a section; None if none is given or it cannot be had.

    Args:
        document: The configuration; mistakes are noted in it, never with a value or a command's output.
        section: Where the three keys stand.
        name: `token` or `url`.
        root: Where relative paths start and the command runs.
        lenient: Run no command, and pass over what cannot be had.
    """
    said = value_at(document.data, section)
    values = said if isinstance(said, dict) else {}
    given = [key for key in (name, f"{name}_file", f"{name}_command") if values.get(key) is not None]
    if len(given) > 1:
        text = f"{' and '.join(given)} stand side by side; keep one of them"
        document.mistakes.append(document.mistake((*section, given[1]), text))
        return None
    if not given:
        return None
    key = (*section, given[0])
    if given[0] == name:
        secret, problem = values[name].strip(), "is empty"
    elif given[0].endswith("_file"):
        secret, problem = from_file(root / Path(values[given[0]]).expanduser())
    else:
        secret, problem = ("", "") if lenient else from_command(values[given[0]], root)
    if not secret and not lenient:
        document.mistakes.append(document.mistake(key, problem))
    return SecretStr(secret) if secret else None


def from_file(path: Path) -> tuple[str, str]:
    """The stripped text of a file, and what is wrong where there is none."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return "", "the file does not exist"
    except UnicodeDecodeError:
        return "", "the file is not UTF-8 text"
    except OSError as error:
        return "", f"the file cannot be read: {error.strerror}"
    return text, "the file is empty"


def from_command(command: str, root: Path) -> tuple[str, str]:
    """The stripped output of a command, run in the project root without a shell, and what is wrong where there is none."""
    try:
        words = shlex.split(command)
    except ValueError:
        return "", "the command's quotes do not match"
    if not words:
        return "", "the command is empty"
    try:
        done = subprocess.run(words, cwd=root, capture_output=True, timeout=COMMAND_SECONDS, check=False)  # noqa: S603 - the user's own command
    except subprocess.TimeoutExpired:
        return "", f"the command took longer than {COMMAND_SECONDS} s"
    except OSError as error:
        return "", f"the command cannot be run: {error.strerror}"
    text = done.stdout.decode("utf-8", errors="replace").strip()
    return (
        ("", f"the command ended with exit code {done.returncode}")
        if done.returncode
        else (text, "the command printed nothing")
    )
