"""The shape of the maintenance document's own sections.

Which native key each of their keys stands for is in `dq.settings.claims`.
"""

from typing import Literal

from pydantic import Field

from dq.options import Text
from dq.settings.validate import Shape
from dq.settings.words import Chain

Strategy = Literal["most_recent", "highest_quality", "merge"]


class BackupSection(Shape):
    """Backups."""

    enabled: bool = Field(True, description="Same as `backups.enabled`.")
    retention_days: int = Field(30, ge=0, description="Same as `backups.retention_days`.")
    backup_directory: str = Field("./backups", description="Same as `backups.directory`.")
    verify_integrity: bool = Field(True, description="Same as `backups.verify_integrity`.")


class DuplicateSection(Shape):
    """Duplicates."""

    matching_fields: list[str] = Field([], description="Same as `duplicates.matching_fields`.")
    matching_threshold: float = Field(0.85, ge=0, le=1, description="Same as `duplicates.matching_threshold`.")
    resolution_strategy: Strategy = Field("merge", description="Same as `duplicates.resolve`.")


class StatusSection(Shape):
    """The status field: the mapped field whose last standardizer is `enum`."""

    default_value: Text = Field("auto_send", description="Same as `fields.<status>.default`.")
    valid_values: list[Text] = Field([], min_length=1, description="The enum standardizer's `values`.")


class CompanySection(Shape):
    """Fields whose last standardizer is `company`."""

    normalize_case: bool = Field(True, description="The company standardizer's `normalize_case`.")
    remove_suffixes: list[str] = Field(
        [], description="The company standardizer's `remove_suffixes`: the forms it recognizes."
    )
    add_proper_suffix: bool = Field(
        True, description="The company standardizer's `add_proper_suffix`; `false` drops the form."
    )


class WebsiteSection(Shape):
    """Fields whose last standardizer is `website`."""

    ensure_protocol: bool = Field(True, description="The website standardizer's `ensure_protocol`.")
    preferred_protocol: Literal["https", "http", "keep"] = Field(
        "https", description="The website standardizer's `preferred_protocol`."
    )
    remove_trailing_slash: bool = Field(True, description="The website standardizer's `remove_trailing_slash`.")


class EmailSection(Shape):
    """Fields whose last standardizer is `email`."""

    normalize_case: Literal["lower", "keep"] = Field("lower", description="The email standardizer's `normalize_case`.")
    validate_format: bool = Field(True, description="The email standardizer's `validate_format`.")


class StandardizationSection(Shape):
    """Options of the standardizers."""

    engagement_status: StatusSection | None = Field(None, description="The status field.")
    company_name: CompanySection | None = Field(None, description="Company names.")
    website_url: WebsiteSection | None = Field(None, description="Websites.")
    email: EmailSection | None = Field(None, description="Email addresses.")


class SynchronizationSection(Shape):
    """Synchronization."""

    conflict_resolution: Chain = Field(["most_recent"], description="Same as `sync.conflict`.")
    batch_size: int = Field(50, ge=1, le=10_000, description="Same as `limits.batch_size`.")
    max_retries: int = Field(3, ge=0, le=20, description="Same as `limits.max_retries`.")
    retry_delay_seconds: float = Field(2, ge=0, le=600, description="Same as `limits.retry_delay_seconds`.")


class PerformanceSection(Shape):
    """What a run may use."""

    max_memory_usage_mb: int = Field(512, ge=64, description="Same as `limits.max_memory_usage_mb`.")
    progress_update_interval: int = Field(100, ge=1, description="Same as `limits.progress_update_interval`.")
    enable_parallel_processing: bool = Field(False, description="Same as `limits.enable_parallel_processing`.")


class MaintenanceConfig(Shape):
    """The maintenance document's configuration."""

    backup: BackupSection | None = Field(None, description="Backups.")
    duplicate_detection: DuplicateSection | None = Field(None, description="Duplicates.")
    field_standardization: StandardizationSection | None = Field(None, description="Options of the standardizers.")
    synchronization: SynchronizationSection | None = Field(None, description="Synchronization.")
    performance: PerformanceSection | None = Field(None, description="What a run may use.")


class MaintenanceOptions(Shape):
    """The maintenance document's options of a run."""

    backup_before_operation: bool = Field(
        True, description="`false` runs without a backup; needs `--no-backup` as well."
    )
    remove_duplicates: bool = Field(True, description="`false` leaves the dedupe step out.")
    standardize_fields: bool = Field(True, description="`false` leaves the standardize step out.")
    sync_data: bool = Field(True, description="`false` leaves the sync step out.")
    engagement_status_default: Text = Field("auto_send", description="Same as `engagement_status.default_value`.")
    duplicate_matching_fields: list[str] = Field([], description="Same as `duplicates.matching_fields`.")
    conflict_resolution_strategy: Chain = Field(["most_recent"], description="Same as `sync.conflict`.")
    batch_size: int = Field(50, ge=1, le=10_000, description="Same as `limits.batch_size`.")
    dry_run: bool = Field(False, description="`true` plans and shows, and writes nothing.")


class FieldMapping(Shape):
    """The mapping both ways; the two must be inverse."""

    database_to_airtable: dict[str, str] | None = Field(None, description="Same as `tables[0].mapping`.")
    airtable_to_database: dict[str, str] | None = Field(None, description="The same mapping read backwards.")
