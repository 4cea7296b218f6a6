"""What loads and still deserves a second look."""

import stat
from collections.abc import Mapping
from pathlib import Path

from dq.settings.document import Document, read_yaml, value_at
from dq.settings.load import load
from dq.settings.locate import name_of
from dq.settings.values import Settings


def check(path: Path | None = None, env: Mapping[str, str] | None = None) -> list[str]:
    """What loads and still deserves a second look: secrets in the open, backups off, brakes that hold nothing.

    Raises:
        ConfigurationError: The configuration does not load.
    """
    settings = load(path, env)
    document = (
        Document("") if settings.file is None else read_yaml(settings.file, name_of(settings.file, settings.root))
    )
    return [*_open_files(document, settings.root), *_plain_secrets(document), *_weak(settings), *_unguarded(settings)]


def _open_files(document: Document, root: Path) -> list[str]:
    """Files with secrets that others on the machine can read."""
    named = [
        value_at(document.data, ("stores", "airtable", "token_file")),
        value_at(document.data, ("stores", "database", "url_file")),
        *(value_at(document.data, ("backups", "encryption", f"{name}_file")) for name in ("identity", "passphrase")),
    ]
    files = [root / ".env", *(root / Path(name).expanduser() for name in named if isinstance(name, str))]
    return [
        f"{name_of(file, root)}: others on this machine can read it; chmod 600 {name_of(file, root)}"
        for file in files
        if file.is_file() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]


def _plain_secrets(document: Document) -> list[str]:
    where = document.where(("stores", "airtable", "token"))
    token, url = (
        value_at(document.data, ("stores", "airtable", "token")),
        value_at(document.data, ("stores", "database", "url")),
    )
    warnings = []
    if isinstance(token, str) and "${" not in token:
        warnings.append(f"{where}: stores.airtable.token stands in the file; write token: ${{AIRTABLE_API_KEY}}")
    if isinstance(url, str) and "@" in url and "${" not in url:
        warnings.append(
            f"{document.where(('stores', 'database', 'url'))}: stores.database.url may hold a password; use ${{DATABASE_URL}}"
        )
    for name in ("identity", "passphrase"):
        key = ("backups", "encryption", name)
        secret = value_at(document.data, key)
        if isinstance(secret, str) and "${" not in secret:
            warnings.append(f"{document.where(key)}: backups.encryption.{name} stands in the file; use {name}_file")
    return warnings


def _weak(settings: Settings) -> list[str]:
    warnings = []
    if not settings.backups.enabled:
        warnings.append("backups are off: apply needs --no-backup as well, and nothing can be restored")
    if not settings.backups.verify_integrity:
        warnings.append("backups.verify_integrity is off: a damaged backup is found when it is needed")
    if settings.backups.retention_days == 0:
        warnings.append("backups.retention_days is 0: a backup may be pruned as soon as its run has ended")
    if not (settings.backups.retention_days or settings.backups.keep_last or settings.backups.keep_tags):
        warnings.append("backups keeps none (retention_days, keep_last and keep_tags): dq backup prune refuses that")
    pace = settings.limits.requests_per_second
    if (pace > 5 or pace == 0) and settings.airtable.sandbox is None:
        warnings.append("limits.requests_per_second is over Airtable's 5: every burst costs a wait of 30 s")
    if settings.airtable.endpoint_url.startswith("http://") and settings.airtable.sandbox is None:
        warnings.append("stores.airtable.endpoint_url is not encrypted: the token travels in the open")
    if settings.airtable.sandbox is None and settings.airtable.token is None:
        warnings.append("no Airtable token is set: only commands that need no Airtable will work")
    if settings.airtable.sandbox is None and settings.airtable.base is None:
        warnings.append("no Airtable base is configured: only commands that need no Airtable will work")
    if settings.approval.above and not settings.approval.approvers:
        warnings.append("approval.approvers is empty: anybody may approve a plan")
    return warnings


def _unguarded(settings: Settings) -> list[str]:
    warnings = []
    for table in settings.tables:
        if settings.airtable.incremental is not None and table.modified_airtable is None:
            warnings.append(
                f"table {table.table}: stores.airtable.incremental has no effect without modified.airtable: it is read in full"
            )
        if table.brakes.max_deletes.share == 1 and table.brakes.max_deletes.rows is None:
            warnings.append(f"table {table.table}: brakes.max_deletes holds nothing")
        if (
            table.sync.direction == "both"
            and table.modified_database is None
            and any("most_recent" in f.conflict for f in table.fields)
        ):
            warnings.append(
                f"table {table.table}: most_recent cannot decide without modified.database; its conflicts wait for review"
            )
        if not any(key.identifying for key in table.dedupe.keys):
            warnings.append(f"table {table.table}: no matching field identifies a person; duplicates are never merged")
    return warnings
