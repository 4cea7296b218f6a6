"""The settings of a run, as values. `dq.settings.load` makes them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from dq.errors import ConfigurationError
from dq.rules import TableRules
from dq.settings.places import POSTGRES

SQLITE = "sqlite:///"


class Values(BaseModel):
    """Frozen values; an unknown name is an error, and no error shows a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(Values):
    """Where the lead database is.

    Attributes:
        url: `sqlite:///` and an absolute path, or `postgresql://…`. It may hold a password and is left out of the repr.
        stands_for: For a copy, the place of the database that plans and base name; None where it is that database itself.
    """

    url: str = Field(repr=False)
    stands_for: str | None = None

    @property
    def is_postgres(self) -> bool:
        """Whether it is a PostgreSQL database, and no SQLite file."""
        return self.url.startswith(POSTGRES)

    @property
    def path(self) -> Path:
        """The SQLite file.

        Raises:
            ConfigurationError: The URL is not one of SQLite, or names a variable that is not set.
        """
        if not self.url.startswith(SQLITE):
            what = (
                "the database URL names a variable that is not set"
                if "${" in self.url
                else "the database is no SQLite file"
            )
            raise ConfigurationError(what, where="stores.database.url", fix="use sqlite:///data/leads.db")
        return Path(self.url.removeprefix(SQLITE))


UNKNOWN_SCHEME = "begins neither with sqlite:/// nor with postgresql://"


class IncrementalSettings(Values):
    """How Airtable is read between two full readings: hours between those, minutes to look back, how deletions show."""

    full_every_hours: float = 24
    look_back_minutes: float = 60
    deletes: Literal["none", "sweep", "webhook"] = "none"


class AirtableSettings(Values):
    """Which Airtable base, and how to get in.

    Attributes:
        base: The base's id; None for the only base of a sandbox, or when none is configured.
        token: The personal access token; None if none is set.
        endpoint_url: Where the Web API is, without a slash at its end.
        sandbox: The embedded local Airtable's file; when set it stands in for the real one.
        incremental: How it is read between two full readings; None reads all of it each time.
    """

    base: str | None = None
    token: SecretStr | None = None
    endpoint_url: str = "https://api.airtable.com"
    sandbox: Path | None = None
    incremental: IncrementalSettings | None = None


class SecretSource(Values):
    """Where a secret comes from; `dq.settings.encryption.read` reads it when it is needed.

    Attributes:
        key: The configuration's key, for messages.
        value: The secret itself; None if it is elsewhere, or its variable is not set.
        file: A file that holds it.
        command: A command that prints it.
    """

    key: str
    value: SecretStr | None = None
    file: Path | None = None
    command: str | None = None


class EncryptionSettings(Values):
    """How backups are encrypted: by public keys (and read by a private one), or by a passphrase."""

    recipient: SecretSource | None = None
    identity: SecretSource | None = None
    passphrase: SecretSource | None = None


class BackupSettings(Values):
    """Backups before every write: where they go, how long they stay, how they are encrypted; None leaves them plain."""

    directory: Path
    retention_days: int = 30
    enabled: bool = True
    verify_integrity: bool = True
    keep_last: int = 1
    keep_tags: tuple[str, ...] = ()
    trash_days: int = 7
    encryption: EncryptionSettings | None = None


class RetentionSettings(Values):
    """How long snapshots, plans, journals, restores and logs stay, and whether a run prunes them."""

    retention_days: int = 30
    keep_last: int = 10
    keep_tags: tuple[str, ...] = ()
    undo_runs: int = 10
    logs_days: int = 90
    trash_days: int = 7
    prune: Literal["never", "after_run"] = "never"


class LimitSettings(Values):
    """What a run may use: requests a second and a month, rows a batch, MB of memory, tries, and seconds between them."""

    requests_per_second: float = 4.5
    api_budget: int | None = None
    batch_size: int = 50
    max_memory_usage_mb: int = 512
    max_retries: int = 3
    retry_delay_seconds: float = 2
    progress_update_interval: int = 100
    enable_parallel_processing: bool = False


class ApprovalSettings(Values):
    """Which plans somebody must approve, and who may.

    Attributes:
        above: `changes`, `deletes`, `merges` → the number over which a plan needs an approval.
        approvers: Who may approve; none for anybody.
        four_eyes: Whether who made a plan may not approve it.
        brake_owners: Brake → who may open it; a brake that is not named may be opened by anybody.
    """

    above: Mapping[str, int] = {}
    approvers: tuple[str, ...] = ()
    four_eyes: bool = False
    brake_owners: Mapping[str, tuple[str, ...]] = {}


class RunOptions(Values):
    """Which parts of a full run are done, unless the command line says otherwise."""

    remove_duplicates: bool = True
    standardize_fields: bool = True
    sync_data: bool = True
    dry_run: bool = False


class Settings(Values):
    """Everything that configuration, rule files and environment say.

    Attributes:
        root: The project root; every path in here is absolute and starts at it.
        file: The configuration file, or None when there is none.
        database: The lead database.
        airtable: The Airtable base.
        tables: The rules of every mapped table.
        snapshots: Folder of snapshots, plans and the base state.
        backups: Where backups go and how long they stay.
        retention: How long dq's own files stay.
        limits: What a run may use.
        options: Which parts of a full run are done.
        approval: Which plans somebody must approve, and who may.
        read_only: Whether nothing may be written to a store.
        rules_digest: SHA-256 of what the rule files and their overrides say.
        rules_version: The version that `rules/standardize.yaml` gives itself.
        meaning_digest: SHA-256 of what gives the base state its meaning: mapping, links, standardizers, matching, scope.
        config_digest: SHA-256 of what else changes a plan: stores, tables, mapping, policies.
    """

    root: Path
    file: Path | None = None
    database: DatabaseSettings
    airtable: AirtableSettings
    tables: tuple[TableRules, ...]
    snapshots: Path
    backups: BackupSettings
    retention: RetentionSettings = RetentionSettings()
    limits: LimitSettings = LimitSettings()
    options: RunOptions = RunOptions()
    approval: ApprovalSettings = ApprovalSettings()
    read_only: bool = False
    rules_digest: str = ""
    rules_version: str | None = None
    meaning_digest: str = ""
    config_digest: str = ""

    @property
    def database_tables(self) -> list[str]:
        """The mapped tables and their children, as the configuration names them, each once."""
        named = (name for rules in self.tables for name in (rules.table, *(child.table for child in rules.children)))
        return list(dict.fromkeys(named))

    def require_token(self) -> SecretStr:
        """The Airtable token.

        Raises:
            ConfigurationError: No token is set.
        """
        if self.airtable.token is None:
            raise ConfigurationError(
                "no Airtable token is set",
                where="stores.airtable.token",
                fix="set AIRTABLE_API_KEY, or `token: ${VARIABLE}`, token_file or token_command in config/dq.yaml",
            )
        return self.airtable.token

    def require_base(self) -> str:
        """The Airtable base's id.

        Raises:
            ConfigurationError: No base is configured.
        """
        if self.airtable.base is None:
            raise ConfigurationError(
                "no Airtable base is configured",
                where="stores.airtable.base",
                fix="set AIRTABLE_BASE_ID, or `base: app…` in config/dq.yaml",
            )
        return self.airtable.base
