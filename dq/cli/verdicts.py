"""What `dq check` hands out: its report on stdout and in files, and suggested rules."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dq.cli.options import CheckFormat

if TYPE_CHECKING:
    from dq.gate import Report
    from dq.schemas.values import Severity


def tell(reports: "Sequence[Report]", form: CheckFormat, fail_on: "Severity", files: Sequence[Path]) -> None:
    """Write reports to stdout in a format, and to files in the formats of their suffixes.

    Args:
        reports: What was judged.
        form: For stdout.
        fail_on: The severity from which a rule that does not hold fails the check.
        files: Replaced where they exist.

    Raises:
        ConfigurationError: A file cannot be written.
    """
    from dq.report.verdicts import SUFFIXES, rendered
    from dq.report.verdicts.wording import headline

    for path in files:
        _write(path, rendered(reports, SUFFIXES[path.suffix.lower()], fail_on) + "\n")
    told = rendered(reports, form.value, fail_on)
    if told:
        print(told)
    for report in reports:
        if report.unnamed:
            note = f"{report.unnamed:,} rows have an empty or repeated id, so that rows are named by their numbers"
            print(f"{report.target}: {note}; --key names another column", file=sys.stderr)
    print(headline(reports), file=sys.stderr)


def demand_reports(files: Sequence[Path]) -> None:
    """Refuse files that reports cannot be written to, before anything is judged.

    Raises:
        ConfigurationError: A file has a suffix that stands for no format, or its folder is not there.
    """
    from dq.engine.files import demand_format
    from dq.report.verdicts import SUFFIXES

    for path in files:
        demand_format(path, SUFFIXES)


def suggest_rules(targets: Sequence[str], separator: str | None, files: Sequence[Path]) -> None:
    """Write the rules that a file suggests, to stdout or to one new file.

    Args:
        targets: A Parquet, CSV or NDJSON file.
        separator: What separates the columns of a CSV file; None finds out.
        files: The file to write, if any.

    Raises:
        ConfigurationError: Not one file is named, it cannot be read, or the one to write exists: a person may have kept
            rules in it.
    """
    from datetime import UTC, datetime

    from dq.engine import files as data
    from dq.errors import ConfigurationError
    from dq.suggest import MIN_ROWS, as_yaml, profiled, suggested

    if len(targets) != 1 or len(files) > 1:
        raise ConfigurationError(
            f"--suggest takes one FILE and at most one --out, and got {len(targets)} and {len(files)}.",
            fix="dq check FILE --suggest --out NEW.yaml",
        )
    source = Path(targets[0])
    for path in files:
        data.demand_format(path, (".yaml", ".yml"))
        if path.exists():
            raise ConfigurationError("The file exists.", where=str(path), fix="name another with --out")
    with data.readable(source):
        profile = profiled(data.read(source, separator))
    found = suggested(profile, datetime.now(UTC).date())
    told = as_yaml(found, source.name, profile.rows)
    if files:
        _write(files[0], told)
    else:
        print(told, end="")
    print(f"{len(found):,} rules from {profile.rows:,} rows of {source.name}", file=sys.stderr)
    if not found:
        print(f"fewer than {MIN_ROWS} rows suggest nothing: what they show may be chance", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    from dq.errors import ConfigurationError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError("The file cannot be written.", where=str(path), why=error.strerror) from None
