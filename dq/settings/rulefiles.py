"""Read the rule files into values.

Each file is looked for in the project's `rules/`; one that is missing there is taken from the package's own.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dq.expressions import regex_problem
from dq.rules import Check, OnInvalid, Standardizer
from dq.settings.chains import Sources, chains_of, named_in, on_invalid_of
from dq.settings.document import Document, read_yaml
from dq.settings.filling import Lists
from dq.settings.lists import read_email_domains, read_legal_forms, read_placeholders
from dq.settings.mistakes import Key, Mistake
from dq.settings.ruleshapes import DedupeFile, QualityFile, StandardizeFile, SurvivorshipFile
from dq.settings.validate import S, validated

NEEDED_FOR = {"membership": "values", "pattern": "pattern", "max_length": "length"}
"""What a kind of check cannot do without."""


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
        checks: Quality rules.
        lists: The lists beside the rule files.
    """

    standardize: dict[str, tuple[Standardizer, ...]] = field(default_factory=dict)
    on_invalid: dict[str, OnInvalid] = field(default_factory=dict)
    version: str | None = None
    named: dict[Key, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    dedupe: DedupeFile = field(default_factory=DedupeFile)
    survivorship: SurvivorshipFile = field(default_factory=SurvivorshipFile)
    checks: tuple[Check, ...] = ()
    lists: Lists = field(default_factory=Lists)


def read_rules(root: Path, standardize_file: Path | None = None) -> tuple[Rules, list[Mistake]]:
    """The rules of a project, and every mistake in their files.

    Args:
        root: The project's folder.
        standardize_file: A file that takes the place of `rules/standardize.yaml`.
    """
    lists, mistakes = read_lists(root)
    documents = {
        name: read_yaml(*_file(root, f"{name}.yaml")) for name in ("standardize", "dedupe", "survivorship", "quality")
    }
    if standardize_file is not None:
        documents["standardize"] = read_yaml(standardize_file, standardize_file.name)
    standardize = _read(documents["standardize"], StandardizeFile)
    quality = _read(documents["quality"], QualityFile)
    rules = Rules(
        standardize=chains_of(documents["standardize"], standardize, Sources(lists, partial(_file, root))),
        on_invalid=on_invalid_of(standardize),
        version=standardize.version,
        named=named_in(documents["standardize"], standardize) if _is_own(root, "standardize.yaml") else {},
        defaults=dict(standardize.defaults),
        dedupe=_read(documents["dedupe"], DedupeFile),
        survivorship=_read(documents["survivorship"], SurvivorshipFile),
        checks=_checks(documents["quality"], quality),
        lists=lists,
    )
    return rules, mistakes + [mistake for document in documents.values() for mistake in document.mistakes]


def read_lists(root: Path) -> tuple[Lists, list[Mistake]]:
    """The lists of a project, and every mistake in them."""
    forms, in_forms = read_legal_forms(*_file(root, "lists/legal_forms.csv"))
    placeholders, in_placeholders = read_placeholders(*_file(root, "lists/placeholders.csv"))
    domains, in_domains = read_email_domains(*_file(root, "lists/email_domains.csv"))
    return Lists(forms, placeholders, domains), in_forms + in_placeholders + in_domains


def _is_own(root: Path, name: str) -> bool:
    return (root / "rules" / name).exists()


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


def _checks(document: Document, file: QualityFile) -> tuple[Check, ...]:
    names: set[str] = set()
    for position, check in enumerate(file.checks):
        key = ("checks", position)
        needed = NEEDED_FOR.get(check.check)
        if needed and not getattr(check, needed):
            document.mistakes.append(document.mistake(key, f"a {check.check} check needs `{needed}`"))
        if check.pattern is not None and regex_problem(check.pattern):
            document.mistakes.append(
                document.mistake((*key, "pattern"), "not a regular expression that Rust's regex reads")
            )
        if check.name in names:
            document.mistakes.append(document.mistake((*key, "name"), f"the name `{check.name}` stands twice"))
        names.add(check.name)
    return tuple(Check.model_validate(check.model_dump()) for check in file.checks)
