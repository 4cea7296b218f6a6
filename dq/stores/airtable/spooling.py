"""A whole table into a private file, and out of it again: nothing is given before the last page is there.

pages, the next one asked for before this one is looked at ─► record batches ─► file ─► the caller, after the last page

What is slow behind it, such as writing Parquet, never makes Airtable forget a list; the table is never in memory as a
whole; and a list that must begin anew is nobody else's business.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, repeat
from typing import IO

import pyarrow as pa
from pyarrow import ipc

from dq.manifest import TableSchema
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import ITERATOR_GONE, Failure
from dq.stores.airtable.inflight import InFlight
from dq.stores.airtable.reading import PAGE, Record, distinct, field_ids, page_of, record_batch, whole
from dq.stores.airtable.splitting import WHOLE, Share, rest_of, shares

_ROWS = 50 * PAGE
"""Records of one batch."""


def spooled(calls: Calls, path: str, schema: TableSchema) -> Iterator[pa.RecordBatch]:
    """All records of a table as record batches, at least one; read to the end before the first one is given.

    Where latency is the limit, several lists are read at once; should that go wrong, one is read from its beginning.

    Args:
        calls: The base's calls.
        path: The table's path.
        schema: The table's schema.

    Raises:
        Failure: The table cannot be read to its end.
        OSError: The file cannot be written.
    """
    plans = chain([shares(calls.load)], repeat([WHOLE]))
    return spooled_from(calls, schema, lambda: _pages(calls, path, field_ids(schema), next(plans)))


def spooled_from(
    calls: Calls, schema: TableSchema, found: Callable[[], Iterator[list[Record]]]
) -> Iterator[pa.RecordBatch]:
    """The records of pages as record batches, at least one; read to the end before the first one is given.

    Args:
        calls: The base's calls.
        schema: The table's schema.
        found: Begins to read the pages, each time it is called.

    Raises:
        Failure: They cannot be read to their end.
        OSError: The file cannot be written.
    """
    file = tempfile.TemporaryFile(prefix="dq-")  # noqa: SIM115 -- it is closed when the last batch is given
    try:
        whole(calls, lambda: _fill(file, schema, found()))
    except BaseException:
        file.close()
        raise
    return _emptied(file)


def _emptied(file: IO[bytes]) -> Iterator[pa.RecordBatch]:
    with file:
        file.seek(0)
        with ipc.open_stream(file) as stream:
            yield from stream


def _fill(file: IO[bytes], schema: TableSchema, found: Iterator[list[Record]]) -> None:
    file.seek(0)
    file.truncate()
    held: list[Record] = []
    options = ipc.IpcWriteOptions(compression="zstd")
    with ipc.new_stream(file, record_batch([], schema).schema, options=options) as stream:
        for page in distinct(found):
            held += page
            if len(held) >= _ROWS:
                stream.write_batch(record_batch(held, schema))
                held = []
        stream.write_batch(record_batch(held, schema))


def _pages(calls: Calls, path: str, fields: Sequence[str], line: Sequence[Share]) -> Iterator[list[Record]]:
    """The pages of all lists as they come. The others begin once the first page shows that the table is not small."""
    with InFlight[Share](lambda: len(line)) as flight:

        def ask(share: Share, offset: str | None = None) -> None:
            flight.add(share, partial(page_of, calls, path, fields, share.formula, offset))

        ask(line[0])
        later = list(line[1:])
        while (met := flight.meet()) is not None:
            share, (records, offset) = met
            if offset:
                ask(share, offset)
            for other in later if offset or not later else [rest_of(share)]:
                ask(other)
            later = []
            if not all(share.has(record["id"]) for record in records):
                raise Failure(422, ITERATOR_GONE, "", "read")  # the formula does not mean here what it says
            yield records
    if flight.failure is not None:
        raise flight.failure
