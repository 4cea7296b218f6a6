"""`dq`: the commands by name, and how a command ends. Heavy libraries are imported by the commands, not here."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import typer

from dq.cli import (
    approve,
    audit,
    backup,
    check,
    clean,
    config,
    dedupe,
    diff,
    init,
    leads,
    prune,
    quarantine,
    report,
    review,
    run,
    sandbox,
    standardize,
    status,
    undo,
    why,
)
from dq.cli.interrupts import InterruptedBySignal
from dq.errors import DqError
from dq.memory import collect_seldom, give_back
from dq.processor import choose_sort

EXITS = """Exit codes: 0 done, 1 finding, 2 usage or configuration, 3 partial, 4 brake, 5 temporary, 6 verify mismatch,
7 locked out, 70 unexpected, 130/143 interrupted with the journal saved."""

READ_ONLY = "--read-only"
_BEGUN = "what apply had begun is in the journal: dq apply --resume"
app = typer.Typer(
    name="dq",
    help="Keep a lead database and an Airtable base clean and in agreement: plan, look, apply.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (
    init.init,
    clean.snapshot,
    clean.clean,
    diff.diff,
    approve.approve,
    run.apply,
    run.run,
    undo.undo,
    undo.unlock,
    check.check,
    status.status,
    prune.prune,
    dedupe.dedupe,
    standardize.standardize,
    why.why,
    why.blame,
    report.report,
):
    app.command()(command)
app.add_typer(audit.app, name="audit")
app.add_typer(audit.export_app, name="export")
app.add_typer(backup.app, name="backup")
app.add_typer(config.app, name="config")
app.add_typer(review.app, name="review")
app.add_typer(leads.app, name="leads")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sandbox.app, name="sandbox")


@app.callback(invoke_without_command=True)
def _version(
    *,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    _read_only: bool = typer.Option(False, READ_ONLY, help="Refuse to write to a store; may stand anywhere."),
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("dq"))
        raise typer.Exit


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code; `--debug` anywhere shows tracebacks, `--read-only` refuses to write."""
    collect_seldom()
    give_back()
    choose_sort()
    arguments = list(sys.argv[1:] if argv is None else argv)
    rest = [argument for argument in arguments if argument not in ("--debug", READ_ONLY)]
    with _reading_only() if READ_ONLY in arguments else nullcontext():
        code = _ended(rest, debug="--debug" in arguments)
    sys.exit(code)


@contextmanager
def _reading_only() -> Iterator[None]:
    """The variable that the settings read, for as long as the command runs."""
    before = os.environ.get("DQ_READ_ONLY")
    os.environ["DQ_READ_ONLY"] = "1"
    try:
        yield
    finally:
        del os.environ["DQ_READ_ONLY"]
        if before is not None:
            os.environ["DQ_READ_ONLY"] = before


def _ended(arguments: list[str], *, debug: bool) -> int:
    try:
        code = app(arguments, standalone_mode=False)
    except typer.Exit as exit_:
        code = exit_.exit_code
    except typer.Abort:
        return 130
    except InterruptedBySignal as interrupt:
        of_file = arguments[:1] == ["standardize"]
        begun = "a file is written whole or not at all" if of_file else _BEGUN
        print(f"interrupted; {begun}", file=sys.stderr)
        return interrupt.exit_code
    except DqError as error:
        if debug:
            raise
        print(f"dq: {error}", file=sys.stderr)
        return error.exit_code
    except SystemExit:  # the parser's answer to a pipe that was closed, as by `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the last door: anything else must end with 70
        return _unexpected(error, debug=debug)
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception, *, debug: bool) -> int:
    show = getattr(error, "show", None)
    if callable(show):  # a usage error: what the argument parser itself says, without its library's words
        if isinstance(message := getattr(error, "message", None), str):
            vars(error)["message"] = message.removeprefix("Value error, ")
        show()
        return 2
    if debug:
        raise error
    print(f"dq: unexpected {type(error).__name__}. What was begun is in the journal.", file=sys.stderr)
    print("  fix:   run the command again with --debug and report what it shows", file=sys.stderr)
    return 70
