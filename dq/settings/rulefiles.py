"""Read the rule files into values.

Each file is looked for in the project's `rules/`; one that is missing there is taken from the package's own.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dq.options import OPTIONS
from dq.rules import Check, Placeholder, Standardizer
from dq.settings.document import Document, read_yaml
from dq.settings.lists import is_regex, read_legal_forms, read_placeholders
from dq.settings.mistakes import Mistake, nearest
from dq.settings.ruleshapes import DedupeFile, QualityFile, StandardizeFile, SurvivorshipFile
from dq.settings.validate import S, mistakes_of, validated

NEEDED_FOR = {"membership": "values", "pattern": "pattern", "max_length": "length"}
"""What a kind of check cannot do without."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the rule files say, before it is bound to the mapped fields.

    Attributes:
        standardize: Field → standardizers.
        defaults: Field → what an empty cell gets.
        dedupe: Keys, threshold, name field.
        survivorship: Chains by field and the default chain.
        checks: Quality rules.
        placeholders: Values that are nobody's own.
        legal_forms: Legal form → how it is written.
    """

    standardize: dict[str, tuple[Standardizer, ...]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    dedupe: DedupeFile = field(default_factory=DedupeFile)
    survivorship: SurvivorshipFile = field(default_factory=SurvivorshipFile)
    checks: tuple[Check, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    legal_forms: dict[str, str] = field(default_factory=dict)


def read_rules(root: Path, standardize_file: Path | None = None) -> tuple[Rules, list[Mistake]]:
    """The rules of a project, and every mistake in their files.

    Args:
        root: The project's folder.
        standardize_file: A file that takes the place of `rules/standardize.yaml`.
    """
    mistakes: list[Mistake] = []
    forms, found = read_legal_forms(*_file(root, "lists/legal_forms.csv"))
    placeholders, more = read_placeholders(*_file(root, "lists/placeholders.csv"))
    mistakes += found + more
    documents = {
        name: read_yaml(*_file(root, f"{name}.yaml")) for name in ("standardize", "dedupe", "survivorship", "quality")
    }
    if standardize_file is not None:
        documents["standardize"] = read_yaml(standardize_file, standardize_file.name)
    standardize = _read(documents["standardize"], StandardizeFile)
    quality = _read(documents["quality"], QualityFile)
    rules = Rules(
        standardize=_chains(documents["standardize"], standardize, forms),
        defaults=dict(standardize.defaults),
        dedupe=_read(documents["dedupe"], DedupeFile),
        survivorship=_read(documents["survivorship"], SurvivorshipFile),
        checks=_checks(documents["quality"], quality),
        placeholders=placeholders,
        legal_forms=forms,
    )
    return rules, mistakes + [mistake for document in documents.values() for mistake in document.mistakes]


def standardizer(name: str, options: dict[str, Any], forms: dict[str, str]) -> Standardizer:
    """A standardizer with every option spelled out, defaults included, so that equal rules are equal values."""
    full = OPTIONS[name].model_validate(options).model_dump()
    if name == "company" and full["legal_forms"] is None:
        full["legal_forms"] = forms
    return Standardizer(name=name, options=full)


def _file(root: Path, name: str) -> tuple[Path, str]:
    """A rule file and what messages call it."""
    own = root / "rules" / name
    if own.exists():
        return own, f"rules/{name}"
    package = Path(__file__).parents[1]
    shipped = package / "defaults" / "rules"
    return (shipped if shipped.is_dir() else package.parent / "rules") / name, f"rules/{name} (as shipped)"


def _read(document: Document, shape: type[S]) -> S:
    """The file's values; the shape's defaults, with the mistakes noted, when it has any."""
    if document.mistakes:
        return shape()
    return validated(document, shape) or shape()


def _chains(document: Document, file: StandardizeFile, forms: dict[str, str]) -> dict[str, tuple[Standardizer, ...]]:
    chains: dict[str, tuple[Standardizer, ...]] = {}
    for name, entries in file.fields.items():
        chain: list[Standardizer] = []
        for position, entry in enumerate(entries):
            key = ("fields", name, position)
            if len(entry) != 1:
                document.mistakes.append(
                    document.mistake(key, "expected one standardizer: `name` or `name: {options}`")
                )
            for word, options in entry.items():
                if word not in OPTIONS:
                    text = f"unknown standardizer `{word}`{nearest(word, OPTIONS)}"
                    document.mistakes.append(document.mistake((*key, word), text))
                    continue
                try:
                    chain.append(standardizer(word, options, forms))
                except ValidationError as error:
                    document.mistakes += mistakes_of(error, document, OPTIONS[word], (*key, word))
        chains[name] = tuple(chain) or (standardizer("text", {}, forms),)
    return chains


def _checks(document: Document, file: QualityFile) -> tuple[Check, ...]:
    names: set[str] = set()
    for position, check in enumerate(file.checks):
        key = ("checks", position)
        needed = NEEDED_FOR.get(check.check)
        if needed and not getattr(check, needed):
            document.mistakes.append(document.mistake(key, f"a {check.check} check needs `{needed}`"))
        if check.pattern is not None and not is_regex(check.pattern):
            document.mistakes.append(
                document.mistake((*key, "pattern"), "not a regular expression that Rust's regex reads")
            )
        if check.name in names:
            document.mistakes.append(document.mistake((*key, "name"), f"the name `{check.name}` stands twice"))
        names.add(check.name)
    return tuple(Check.model_validate(check.model_dump()) for check in file.checks)
