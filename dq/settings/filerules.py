"""The rules for a plain file: those of the project, or of another `standardize.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dq.errors import ConfigurationError
from dq.rules import FieldRule, MatcherRules, TableRules
from dq.settings.load import loaded
from dq.settings.mistakes import AGAIN, raise_all
from dq.settings.rulefiles import read_rules
from dq.settings.tables import matcher_of


@dataclass(frozen=True, slots=True)
class FileMatching:
    """How a project wants rows of files to be matched.

    Attributes:
        matcher: Roles, blocking keys and lists of the rules.
        fields: What the configuration's `matching_fields` name; none where it does not say.
        threshold: Its `matching_threshold`; None where it does not say.
        megabytes: Its limit of memory.
    """

    matcher: MatcherRules
    fields: tuple[str, ...]
    threshold: float | None
    megabytes: int


def file_matching(config: Path | None = None, env: Mapping[str, str] | None = None) -> FileMatching:
    """How the project, or else dq, matches rows of files.

    Args:
        config: The configuration file; None finds it, as `load` does.
        env: The environment; None for the process's own.

    Raises:
        ConfigurationError: Something in the files is wrong, or there is no such file.
    """
    settings, rules = loaded(config, env, secrets=False)
    said = settings.tables[0].dedupe
    matcher, megabytes = matcher_of(rules.dedupe.matcher, rules.lists), settings.limits.max_memory_usage_mb
    return FileMatching(matcher, said.stated_fields, said.stated_threshold, megabytes)


def file_rules(
    config: Path | None = None, standardize: Path | None = None, env: Mapping[str, str] | None = None
) -> TableRules:
    """The first mapping's rules, and beside its fields those that only the rule file names.

    Args:
        config: The configuration file; None finds it, as `load` does.
        standardize: A file like `rules/standardize.yaml` that takes its place: only the fields that it names count.
        env: The environment; None for the process's own.

    Raises:
        ConfigurationError: Something in the files is wrong, or there is no such file.
    """
    settings, rules = loaded(config, env, secrets=False)
    if standardize is not None:
        if not standardize.is_file():
            raise ConfigurationError(
                f"There is no file {standardize}.", fix="--rules names a file like rules/standardize.yaml"
            )
        rules, mistakes = read_rules(settings.root, standardize)
        raise_all(mistakes, AGAIN)
    table = settings.tables[0]
    mapped = {field.name: field for field in table.fields}
    own = [
        FieldRule(
            name=name,
            airtable=mapped[name].airtable if name in mapped else name,
            standardize=chain,
            on_invalid=rules.on_invalid.get(name, "keep"),
        )
        for name, chain in rules.standardize.items()
        if standardize is not None or name not in mapped
    ]
    return table.model_copy(update={"fields": (*(table.fields if standardize is None else ()), *own)})
