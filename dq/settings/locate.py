"""Find the configuration file and the project root."""

from collections.abc import Mapping
from pathlib import Path

from dq.errors import ConfigurationError

FILE = Path("config") / "dq.yaml"


def find_file(path: Path | None, env: Mapping[str, str]) -> Path | None:
    """The configuration file: the one given, `DQ_CONFIG`'s, or `config/dq.yaml` here or in a folder above.

    Raises:
        ConfigurationError: The file that was named does not exist.
    """
    named = path or (Path(env["DQ_CONFIG"]) if env.get("DQ_CONFIG") else None)
    if named is not None:
        return _existing(named.expanduser(), "DQ_CONFIG" if path is None else None)
    here = Path.cwd()
    return next((folder / FILE for folder in (here, *here.parents) if (folder / FILE).is_file()), None)


def _existing(path: Path, variable: str | None) -> Path:
    if path.is_file():
        return path.absolute()
    near = sorted(path.parent.glob("*.y*ml"))[:3] if path.parent.is_dir() else []
    what = "the configuration is a folder" if path.is_dir() else "the configuration file does not exist"
    raise ConfigurationError(
        f"{what}: {path}",
        where=f"environment variable {variable}" if variable else None,
        fix=f"name one that does; there is {', '.join(file.name for file in near)}" if near else "dq init writes one",
    )


def root_of(file: Path | None) -> Path:
    """The project root: the folder that holds `config/`, else the file's own folder, else the working directory."""
    if file is None:
        return Path.cwd()
    folder = file.parent
    return folder.parent if folder.name == FILE.parent.name else folder


def name_of(file: Path, root: Path) -> str:
    """The file as messages name it: relative to the project root."""
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
