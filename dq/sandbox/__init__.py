"""The local Airtable: a server that speaks Airtable's Web API on loopback, with its state in one SQLite file.

`load` and `dump` move whole bases in and out; `serve` answers until it is told to stop, `running` does so in a process
of its own, `served` on a thread; `calls` says how often each base was asked. What goes wrong and who else is at work in
a running one is set by `dq.sandbox.faults` and `dq.sandbox.people`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dq.sandbox.child import calls, running
from dq.sandbox.exchange import bases, dump, load

if TYPE_CHECKING:
    from dq.sandbox.server import serve, served

__all__ = ["bases", "calls", "dump", "load", "running", "serve", "served"]


def __getattr__(name: str) -> Any:
    """Import the server only where one is served here: its libraries take longer than all the rest."""
    if name in ("serve", "served"):
        return getattr(import_module("dq.sandbox.server"), name)
    raise AttributeError(name)
