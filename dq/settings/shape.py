"""The shape of `config/dq.yaml`: every key, its type, default and meaning.

`docs/configuration.md` and the JSON Schema say the same; a test holds them to it.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dq.options import Text
from dq.rules import Direction, Resolution, Survivorship
from dq.settings.accessshape import ApprovalShape, Switch
from dq.settings.maintenance import FieldMapping, MaintenanceConfig, MaintenanceOptions
from dq.settings.syncshape import BrakesShape, ScopeShape, SyncShape, as_where
from dq.settings.validate import Shape
from dq.settings.words import Chain, one_or_more

SurvivorshipChain = Annotated[
    list[Survivorship],
    BeforeValidator(one_or_more, json_schema_input_type=Survivorship | list[Survivorship]),
    Field(min_length=1),
]


class DatabaseShape(Shape):
    """Where the lead database is. Give one of the three."""

    url: str | None = Field(
        None,
        description="`sqlite:///path`, relative to the project root, `postgresql://user:password@host:5432/database`, or `${VARIABLE}`.",
    )
    url_file: str | None = Field(None, description="A file that holds the URL.")
    url_command: str | None = Field(None, description="A command that prints the URL; run without a shell.")


class IncrementalShape(Shape):
    """How Airtable is read between two full readings."""

    full_every_hours: float = Field(
        24, gt=0, le=168, description="A table is read in full when its last full reading is this many hours old."
    )
    look_back_minutes: float = Field(
        60, ge=0, le=1440, description="Edits of so many minutes before the last snapshot are read once more."
    )
    deletes: Literal["none", "sweep", "webhook"] = Field(
        "none",
        description="How deleted records are seen in between: `none` not at all, `sweep` lists all ids, `webhook` asks one.",
    )


class AirtableShape(Shape):
    """Which Airtable base, and how to get in."""

    base: str | None = Field(None, description="The base's id, `app…`. May be left out for a sandbox with one base.")
    token: str | None = Field(None, description="The personal access token as `${VARIABLE}`.")
    token_file: str | None = Field(None, description="A file that holds the token.")
    token_command: str | None = Field(None, description="A command that prints the token; run without a shell.")
    endpoint_url: str = Field("https://api.airtable.com", description="Where the Web API is.")
    sandbox: str | None = Field(
        None, description="A file for the embedded local Airtable, used in place of the real one."
    )
    incremental: IncrementalShape | None = Field(
        None, description="Read only what changed; left out, every snapshot reads all of Airtable."
    )


class StoresShape(Shape):
    """The two stores."""

    database: DatabaseShape = Field(DatabaseShape(), description="The lead database.")
    airtable: AirtableShape = Field(AirtableShape(), description="The Airtable base.")


class ModifiedShape(Shape):
    """Where each side keeps a row's modified time. Read, never planned or compared."""

    database: str | None = Field("updated_at", description="Column; `null` if there is none.")
    airtable: str | None = Field("Last Modified", description="Field; `null` if there is none.")


class CreatedShape(Shape):
    """Where each side keeps a row's created time."""

    database: str | None = Field("created_at", description="Column; `null` if there is none.")
    airtable: Literal["createdTime"] = Field("createdTime", description="Always Airtable's own `createdTime`.")


class LinkShape(Shape):
    """Where each side keeps the other's key. Either may be absent."""

    database: str | None = Field(None, description="Column that keeps the record id.")
    airtable: str | None = Field(None, description="Text field that keeps the database key.")


class ChildShape(Shape):
    """A table whose rows belong to a lead."""

    table: str = Field(description="The table.")
    column: str = Field(description="The column that holds the lead's key.")


class FieldShape(Shape):
    """What is ruled for one field only."""

    owner: Literal["database", "airtable"] | None = Field(None, description="The store whose value always wins.")
    direction: Direction | None = Field(
        None, description="Which store may be written: `both`, `to_airtable`, `to_database`."
    )
    conflict: Chain | None = Field(None, description="Policy, or policies in order, for this field's conflicts.")
    default: Text | None = Field(None, description="The value that an empty cell gets.")
    survivorship: SurvivorshipChain | None = Field(None, description="How duplicates' values of this field are chosen.")


class DuplicatesShape(Shape):
    """How duplicates are found and settled."""

    resolve: Resolution = Field(
        "merge", description="`most_recent`, `highest_quality`, `merge`, or `none` to report only."
    )
    matching_fields: list[str] | None = Field(
        None, description="Fields whose equality is evidence; default: `rules/dedupe.yaml`."
    )
    matching_threshold: float | None = Field(
        None, ge=0, le=1, description="Match probability at which a pair is linked."
    )
    max_surnames: int | None = Field(None, ge=2, description="A value carried by this many surnames or more is no key.")


class TableShape(Shape):
    """One database table and the Airtable table it is kept in agreement with."""

    database: str = Field("leads", description="Database table.")
    key: str = Field("id", description="The database table's single-column key.")
    airtable: str = Field("Leads", description="Airtable table, by name or id.")
    modified: ModifiedShape = Field(ModifiedShape(), description="Modified times.")
    created: CreatedShape = Field(CreatedShape(), description="Created times.")
    link: LinkShape = Field(LinkShape(), description="Links between the two sides.")
    mapping: dict[str, str] | None = Field(None, description="Database column → Airtable field.")
    fields: dict[str, FieldShape] = Field({}, description="Rules for single fields, by database column.")
    scope: Annotated[ScopeShape | None, BeforeValidator(as_where, json_schema_input_type=str | ScopeShape | None)] = (
        Field(None, description="Which leads belong in Airtable; a condition alone is its `where`.")
    )
    children: list[ChildShape] = Field([], description="Tables that point at the lead.")
    defaults: dict[str, Any] = Field({}, description="Values for unmapped NOT NULL columns of inserted rows.")
    sync: SyncShape = Field(SyncShape(), description="As the top-level `sync`, for this table.")
    duplicates: DuplicatesShape = Field(DuplicatesShape(), description="As the top-level `duplicates`, for this table.")
    brakes: BrakesShape = Field(BrakesShape(), description="As the top-level `brakes`, for this table.")


class EncryptionShape(Shape):
    """How backups are encrypted. Give a recipient or a passphrase; none is read before it is needed."""

    recipient: str | None = Field(
        None, description="Public keys, `age1…` or `ssh-…`; several stand on lines of their own."
    )
    recipient_file: str | None = Field(None, description="A file that holds them.")
    recipient_command: str | None = Field(None, description="A command that prints them; run without a shell.")
    identity: str | None = Field(None, description="The private key as `${VARIABLE}`; only reading a backup needs it.")
    identity_file: str | None = Field(None, description="A file that holds the private key.")
    identity_command: str | None = Field(None, description="A command that prints it; run without a shell.")
    passphrase: str | None = Field(None, description="In place of keys: a passphrase as `${VARIABLE}`.")
    passphrase_file: str | None = Field(None, description="A file that holds the passphrase.")
    passphrase_command: str | None = Field(None, description="A command that prints it; run without a shell.")


class BackupsShape(Shape):
    """Backups before every write."""

    enabled: bool = Field(True, description="`false` needs `--no-backup` as well.")
    directory: str = Field("backups", description="Where backups go.")
    retention_days: int = Field(
        30,
        ge=0,
        description="Backups older than this many days may be pruned; 0 keeps none longer than its run needs it.",
    )
    verify_integrity: bool = Field(True, description="Read every backup back before the first write.")
    keep_last: int = Field(1, ge=0, description="So many of the newest good backups are never pruned, however old.")
    keep_tags: list[Text] = Field([], description="Backups with one of these tags are never pruned.")
    trash_days: int = Field(7, ge=0, description="Days that a pruned backup lies in `.trash` before it is removed.")
    encryption: EncryptionShape | None = Field(None, description="Encrypt backups (age); left out, they are plain.")


class RetentionShape(Shape):
    """How long dq's own files stay that hold personal data: snapshots with their plans and journals, restores, logs."""

    retention_days: int = Field(
        30, ge=0, description="Snapshots older than this many days may be pruned, each with its plan and its journal."
    )
    keep_last: int = Field(10, ge=0, description="So many of the newest snapshots are never pruned, however old.")
    keep_tags: list[Text] = Field([], description="Snapshots with one of these tags are never pruned.")
    undo_runs: int = Field(10, ge=1, description="So many of the last runs stay undoable: their snapshots are kept.")
    logs_days: int = Field(90, ge=0, description="Logs of commands older than this many days may be pruned.")
    trash_days: int = Field(7, ge=0, description="Days that what was pruned lies in `.trash` before it is removed.")
    prune: Literal["never", "after_run"] = Field(
        "never", description="`after_run` prunes after every `dq run` and `dq apply` that did its work."
    )


class LimitsShape(Shape):
    """What a run may use."""

    requests_per_second: float = Field(
        4.5,
        ge=0,
        le=50,
        description="Airtable requests a second, for one base; 0 sets no pace (a sandbox of your own).",
    )
    api_budget: int | None = Field(
        None,
        ge=0,
        description="Airtable calls a month that this machine may make to the base; a plan that would go over it needs `--max-api-calls`. Left out, any number.",
    )
    batch_size: int = Field(
        50, ge=1, le=10_000, description="Rows a journal batch; Airtable always gets 10 or fewer a request."
    )
    max_memory_usage_mb: int = Field(
        512,
        ge=64,
        description="Memory to stay within, in MB: the less, the more slices a plan is made in. Warned of at 80 %, and when it is passed.",
    )
    max_retries: int = Field(
        3, ge=0, le=20, description="Tries of an Airtable call after the first, when it fails for a while."
    )
    retry_delay_seconds: float = Field(
        2,
        ge=0,
        le=600,
        description="Wait before the first of them, doubled for each further one; never shortens the 30 s of a 429.",
    )
    progress_update_interval: int = Field(100, ge=1, description="Rows between two progress updates.")
    enable_parallel_processing: bool = Field(False, description="Read both stores at the same time.")


class ConfigShape(Shape):
    """The configuration file of dq."""

    stores: StoresShape = Field(StoresShape(), description="The lead database and the Airtable base.")
    tables: list[TableShape] = Field([], description="What is kept in agreement; default: `leads` with `Leads`.")
    sync: SyncShape = Field(SyncShape(), description="How the stores are brought to agree, for all tables.")
    duplicates: DuplicatesShape = Field(
        DuplicatesShape(), description="How duplicates are found and settled, for all tables."
    )
    brakes: BrakesShape = Field(BrakesShape(), description="When a plan needs a person's word, for all tables.")
    approval: ApprovalShape = Field(ApprovalShape(), description="Which plans somebody must approve, and who may.")
    read_only: Switch = Field(
        False,
        description="`true` refuses every command that writes to a store; also `DQ_READ_ONLY=1` and `--read-only`.",
    )
    snapshots: str = Field("snapshots", description="Where snapshots, plans and the base state are kept.")
    backups: BackupsShape = Field(BackupsShape(), description="Backups before every write.")
    retention: RetentionShape = Field(
        RetentionShape(), description="How long snapshots, plans, journals and logs stay."
    )
    limits: LimitsShape = Field(LimitsShape(), description="What a run may use.")
    maintenance_config: MaintenanceConfig | None = Field(None, description="The maintenance document's own section.")
    maintenance_options: MaintenanceOptions | None = Field(None, description="The maintenance document's run options.")
    field_mapping: FieldMapping | None = Field(None, description="The maintenance document's mapping, both ways.")
