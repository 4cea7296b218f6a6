"""Load the settings: configuration file, environment and rule files become one frozen value."""

import os
from collections.abc import Mapping
from pathlib import Path

from dq.settings.claims import apply_claims
from dq.settings.digests import config_digest, meaning_digest, rules_digest
from dq.settings.document import Document, read_yaml
from dq.settings.encryption import encryption_settings
from dq.settings.environment import expand, read_dotenv
from dq.settings.locate import find_file, name_of, root_of
from dq.settings.mistakes import raise_all
from dq.settings.overrides import apply_overrides
from dq.settings.rulefiles import Rules, read_rules
from dq.settings.shape import ConfigShape
from dq.settings.stores import airtable_identity, airtable_settings, database_identity, database_settings
from dq.settings.tables import build_tables
from dq.settings.validate import validated
from dq.settings.values import (
    ApprovalSettings,
    BackupSettings,
    LimitSettings,
    RetentionSettings,
    RunOptions,
    Settings,
)


def load(path: Path | None = None, env: Mapping[str, str] | None = None, *, secrets: bool = True) -> Settings:
    """The settings of a project.

    Args:
        path: The configuration file; None looks at `DQ_CONFIG`, then for `config/dq.yaml` here and in the folders
            above, then takes the defaults.
        env: The environment; None for the process's own. A `.env` in the project root is read too and yields to it.
        secrets: Whether what the file says about stores and credentials must resolve. False runs no command and
            passes over variables that are not set, so that the rest can be shown.

    Raises:
        ConfigurationError: Something in the files or the environment is wrong; all of it is named at once.
    """
    return loaded(path, env, secrets=secrets)[0]


def loaded(
    path: Path | None = None, env: Mapping[str, str] | None = None, *, secrets: bool = True
) -> tuple[Settings, Rules]:
    """The settings of a project as `load` has them, and what its rule files say."""
    real = os.environ if env is None else env
    file = find_file(path, real)
    root = root_of(file)
    dotenv, mistakes = read_dotenv(root / ".env")
    variables = {**dotenv, **real}
    document = read_yaml(file, name_of(file, root)) if file else Document("no configuration file")
    rules, rule_mistakes = read_rules(root)
    config = _read_config(document, variables, lenient=not secrets)
    if config is None:  # the parts below need values of the right types
        raise_all([*mistakes, *document.mistakes, *rule_mistakes])
    settings = _assemble(document, config or ConfigShape(), rules, root, variables, lenient=not secrets)
    raise_all([*mistakes, *document.mistakes, *rule_mistakes])
    return settings.model_copy(update={"file": file}), rules


def _assemble(
    document: Document, config: ConfigShape, rules: Rules, root: Path, env: Mapping[str, str], *, lenient: bool
) -> Settings:
    tables = build_tables(document, config, rules)
    database = database_settings(document, root, env, lenient=lenient)
    airtable = airtable_settings(document, config.stores.airtable, root, env, lenient=lenient)
    return Settings(
        root=root,
        database=database,
        airtable=airtable,
        tables=tables,
        snapshots=_path(root, config.snapshots),
        backups=_backups(document, config, root),
        retention=RetentionSettings.model_validate(config.retention.model_dump()),
        limits=LimitSettings.model_validate(config.limits.model_dump()),
        options=_options(config),
        approval=_approval(config),
        read_only=config.read_only,
        rules_digest=rules_digest(tables),
        rules_version=rules.version,
        meaning_digest=meaning_digest(tables),
        config_digest=config_digest(tables, database_identity(database, root), airtable_identity(airtable, root)),
    )


def _read_config(document: Document, env: Mapping[str, str], *, lenient: bool) -> ConfigShape | None:
    """The file and the environment as the configuration's shape; None, with the mistakes noted, if they do not fit."""
    apply_overrides(document, env)
    expand(document, env, lenient=lenient)
    if validated(document, ConfigShape) is None:
        return None
    apply_claims(document)
    return validated(document, ConfigShape)


def _path(root: Path, text: str) -> Path:
    return root / Path(text).expanduser()


def _backups(document: Document, config: ConfigShape, root: Path) -> BackupSettings:
    said, asked = config.backups.model_dump(), config.maintenance_options
    own = {
        "enabled": config.backups.enabled and (asked is None or asked.backup_before_operation),
        "directory": _path(root, config.backups.directory),
        "keep_tags": tuple(config.backups.keep_tags),
        "encryption": encryption_settings(document, config.backups.encryption, root),
    }
    return BackupSettings.model_validate({**said, **own})


def _approval(config: ConfigShape) -> ApprovalSettings:
    said = config.approval
    owners = said.brake_owners.model_dump(exclude_none=True)
    return ApprovalSettings(
        above=said.required_above.model_dump(exclude_none=True),
        approvers=tuple(said.approvers),
        four_eyes=said.four_eyes,
        brake_owners={brake: tuple(names) for brake, names in owners.items()},
    )


def _options(config: ConfigShape) -> RunOptions:
    said = config.maintenance_options.model_dump() if config.maintenance_options else {}
    return RunOptions.model_validate({name: said[name] for name in RunOptions.model_fields if name in said})
