"""The edge: the only code that opens a connection. `Source` reads, `Sink` writes; a file a store."""

from dq.stores.protocol import Outcome, RowWrite, Sink, Source, Streaming

__all__ = ["Outcome", "RowWrite", "Sink", "Source", "Streaming"]
