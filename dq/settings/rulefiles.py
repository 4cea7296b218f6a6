"""Read the rule files into values.

Each file is looked for in the project's `rules/`; one that is missing there is taken from the package's own.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dq.rules import OnInvalid, Standardizer
from dq.settings.chains import Sources, chains_of, named_in, on_invalid_of
from dq.settings.document import Document, read_yaml
from dq.settings.filling import Lists
from dq.settings.listfiles import read_lists
from dq.settings.mistakes import Key, Mistake
from dq.settings.qualityfile import Quality, quality_of
from dq.settings.ruleshapes import DedupeFile, StandardizeFile, SurvivorshipFile
from dq.settings.validate import S, validated


@dataclass(frozen=True, slots=True)
class Rules:
    """What the rule files say, before it is bound to the mapped fields.

    Attributes:
        standardize: Field → standardizers.
        on_invalid: Field → what becomes of an invalid cell, where it is not kept.
        version: The standardize file's own version.
        named: Where in the project's own standardize file each field is named: key path → file and line.
        defaults: Field → what an empty cell gets.
        dedupe: Keys, threshold, name field.
        survivorship: Chains by field and the default chain.
        quality: Quality rules and known failures.
        lists: The lists beside the rule files.
        standardize_file: Where the standardizers stand, for messages.
    """

    standardize: dict[str, tuple[Standardizer, ...]] = field(default_factory=dict)
    on_invalid: dict[str, OnInvalid] = field(default_factory=dict)
    version: str | None = None
    named: dict[Key, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    dedupe: DedupeFile = field(default_factory=DedupeFile)
    survivorship: SurvivorshipFile = field(default_factory=SurvivorshipFile)
    quality: Quality = field(default_factory=Quality)
    lists: Lists = field(default_factory=Lists)
    standardize_file: Document = field(default_factory=lambda: Document("rules/standardize.yaml"))


def read_rules(root: Path, standardize_file: Path | None = None) -> tuple[Rules, list[Mistake]]:
    """The rules of a project, and every mistake in their files.

    Args:
        root: The project's folder.
        standardize_file: A file that takes the place of `rules/standardize.yaml`.
    """
    lists, mistakes = read_lists(partial(_file, root))
    documents = {
        name: read_yaml(*_file(root, f"{name}.yaml")) for name in ("standardize", "dedupe", "survivorship", "quality")
    }
    if standardize_file is not None:
        documents["standardize"] = read_yaml(standardize_file, standardize_file.name)
    standardize = _read(documents["standardize"], StandardizeFile)
    rules = Rules(
        standardize=chains_of(documents["standardize"], standardize, Sources(lists, partial(_file, root))),
        on_invalid=on_invalid_of(standardize),
        version=standardize.version,
        named=named_in(documents["standardize"], standardize) if _is_own(root, "standardize.yaml") else {},
        defaults=dict(standardize.defaults),
        dedupe=_read(documents["dedupe"], DedupeFile),
        survivorship=_read(documents["survivorship"], SurvivorshipFile),
        quality=quality_of(documents["quality"], partial(list_file, root), own=_is_own(root, "quality.yaml")),
        lists=lists,
        standardize_file=documents["standardize"],
    )
    return rules, mistakes + [mistake for document in documents.values() for mistake in document.mistakes]


def _is_own(root: Path, name: str) -> bool:
    return (root / "rules" / name).exists()


def list_file(root: Path, name: str, beside: Path | None = None) -> Path:
    """Where a list is that a quality rule names: beside a rule file of its own, in the project, else as shipped."""
    places = [*([] if beside is None else [beside / "lists"]), root / "rules" / "lists"]
    own = next((place / name for place in places if (place / name).is_file()), None)
    shipped = _file(root, f"lists/{name}")[0]
    if own is not None or shipped.is_file():
        return own or shipped
    return next((place / name for place in places if place.is_dir()), shipped)


def _file(root: Path, name: str) -> tuple[Path, str]:
    """A rule file and what messages call it."""
    own = root / "rules" / name
    if _is_own(root, name):
        return own, f"rules/{name}"
    package = Path(__file__).parents[1]
    shipped = package / "defaults" / "rules"
    return (shipped if shipped.is_dir() else package.parent / "rules") / name, f"rules/{name} (as shipped)"


def _read(document: Document, shape: type[S]) -> S:
    """The file's values; the shape's defaults, with the mistakes noted, when it has any."""
    if document.mistakes:
        return shape()
    return validated(document, shape) or shape()
