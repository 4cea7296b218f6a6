"""A folder to work in: configuration, rules, and, if asked, sample data in the embedded stores."""

import shutil
from pathlib import Path

from dq import settings
from dq.errors import ConfigurationError
from dq.leads.generate import sample as invented
from dq.leads.generate import write
from dq.settings import Settings
from dq.settings.locate import FILE
from dq.stores.private import disk_errors, make_folder

_DATA = ("data", "snapshots", "backups")
_IGNORED = ("/data/", "/snapshots/", "/backups/", ".env")
"""What must not be published: it holds personal data or secrets."""


def start(folder: Path, *, sample: bool, force: bool = False) -> list[str]:
    """Write the shipped configuration and rules into a folder; files that are there stay.

    With `sample`, a folder that has a configuration gets data only, so this may run before every command.

    Args:
        folder: The project root to be.
        sample: Whether to load sample data where the embedded stores have none.
        force: Whether configuration and rules that are there are replaced by the shipped ones.

    Returns:
        What was done, one line each; what was there already is not told.

    Raises:
        ConfigurationError: The folder cannot be written, or its configuration has mistakes.
    """
    root = folder.expanduser().absolute()
    begun = (root / FILE).is_file()
    told = [] if begun and sample and not force else _made(root, force=force)
    if sample:
        found = settings.load(None if root == Path.cwd() else root / FILE)
        if load_sample_once(found):
            told.append(
                f"loaded sample data into {_told(found.database.path, root)} and {_told(_sandbox(found), root)}"
            )
    return told


def load_sample_once(found: Settings) -> bool:
    """Load the sample if the settings still name embedded stores of the shipped layout and neither file exists.

    Args:
        found: The project's settings.

    Returns:
        Whether it was loaded.

    Raises:
        ConfigurationError: One of the two files exists without the other.
    """
    if not _is_embedded(found):
        return False
    database, airtable = found.database.path, _sandbox(found)
    if database.exists() and airtable.exists():
        return False
    if database.exists() or airtable.exists():
        there, missing = (database, airtable) if database.exists() else (airtable, database)
        raise ConfigurationError(
            f"Of the two embedded stores {there.name} exists and {missing.name} does not.",
            where=str(missing),
            why="Sample data on one side only would look like lost data on the other.",
            fix=f"bring {missing.name} back, or move {there.name} away to begin again",
        )
    write(invented(), database, airtable)
    return True


def _made(root: Path, *, force: bool) -> list[str]:
    with disk_errors(root, "the folder to make"):
        root.mkdir(parents=True, exist_ok=True)
        told = [f"wrote {name}" for name in _copied(root, force=force)]
        told += [f"made {name}/" for name in _DATA if not (root / name).is_dir() and make_folder(root / name)]
        return told + _ignored(root)


def _is_embedded(found: Settings) -> bool:
    """Whether both stores are where the shipped configurations put them: leads.db and airtable.db below data/."""
    if found.airtable.sandbox is None or not found.database.url.startswith("sqlite:///"):
        return False
    database = found.database.path
    return (
        database.name == "leads.db"
        and database.is_relative_to(found.root / "data")
        and found.airtable.sandbox == database.with_name("airtable.db")
    )


def _sandbox(found: Settings) -> Path:
    if found.airtable.sandbox is None:
        raise ConfigurationError("The configuration names no embedded Airtable.", where="stores.airtable.sandbox")
    return found.airtable.sandbox


def _copied(root: Path, *, force: bool) -> list[str]:
    """Copy what the package ships, and name what was written."""
    package = Path(__file__).parents[1]
    shipped = package / "defaults" if (package / "defaults").is_dir() else package.parent
    written = []
    for part in ("config", "rules"):
        for source in sorted((shipped / part).rglob("*")):
            target = root / part / source.relative_to(shipped / part)
            if source.suffix not in {".yaml", ".csv"} or (target.exists() and (not force or target.samefile(source))):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            written.append(target.relative_to(root).as_posix())
    return written


def _ignored(root: Path) -> list[str]:
    file = root / ".gitignore"
    if not file.exists():
        file.write_text("\n".join(_IGNORED) + "\n", encoding="utf-8")
        return ["wrote .gitignore"]
    lines = file.read_text(encoding="utf-8").splitlines()
    bare = {line.strip().strip("/").removesuffix("/*") for line in lines}
    missing = [name for name in _IGNORED if name.strip("/") not in bare]
    return [f"left .gitignore as it is; add {', '.join(missing)} to it"] if missing else []


def _told(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
