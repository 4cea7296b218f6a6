"""The local Airtable: a server that speaks Airtable's Web API on loopback, with its state in one SQLite file.

`load` and `dump` move whole bases in and out, `serve` answers until it is told to stop, `running` does so in a process
of its own, `calls` says how often each base was asked.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dq.sandbox.child import calls, running
from dq.sandbox.exchange import bases, dump, load

if TYPE_CHECKING:
    from dq.sandbox.server import serve

__all__ = ["bases", "calls", "dump", "load", "running", "serve"]


def __getattr__(name: str) -> Any:
    """Import the server only where one is served here: its libraries take longer than all the rest."""
    if name == "serve":
        return import_module("dq.sandbox.server").serve
    raise AttributeError(name)
