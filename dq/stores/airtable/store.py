"""The Airtable base."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from dq.errors import ConfigurationError
from dq.manifest import Hook, Reference, TableSchema
from dq.schemas.values import Store
from dq.stores.airtable import following, hooks
from dq.stores.airtable.calling import Calls, Patience, client
from dq.stores.airtable.claiming import demand_write_scope
from dq.stores.airtable.exporting import export_base
from dq.stores.airtable.failures import Failure, error_of
from dq.stores.airtable.fields import CREATED, KEY, column_of
from dq.stores.airtable.finding import find_created
from dq.stores.airtable.ledger import Ledger
from dq.stores.airtable.pacing import Pace
from dq.stores.airtable.reading import fetch_rows, field_ids
from dq.stores.airtable.spooling import spooled
from dq.stores.airtable.state import state_name
from dq.stores.airtable.writing import write_batches
from dq.stores.protocol import Heard, Outcome, Row, RowWrite


class AirtableStore:
    """An Airtable base as `Source` and `Sink`, over the Web API; nothing is sent before the first question.

    Args:
        base: The base's id.
        token: A personal access token.
        endpoint_url: Where the API is.
        requests_per_second: The pace, for all calls to the base; 0 sets none.
        state: The folder of the pace and the ledger, see `state_folder`: all processes that are given the same one
            keep one pace together. None keeps a pace of this store's own, and no ledger.
        tables: The tables that a backup holds, by name or id; none means all.
        timeout: Seconds to wait for a connection, and for an answer.
        patience: How long calls are tried.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    store: Store = "airtable"

    def __init__(
        self,
        base: str,
        token: str,
        endpoint_url: str = "https://api.airtable.com",
        requests_per_second: float = 4.5,
        *,
        state: Path | None = None,
        tables: Sequence[str] = (),
        timeout: tuple[int, int] = (5, 65),
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = base
        self._endpoint_url = endpoint_url
        self._tables = tuple(tables)
        self._client: Calls | None = None
        self._may_write = False
        self._described: str | None = None
        pace_file, ledger_file = (
            state / state_name(kind, endpoint_url, base) if state else None for kind in ("pace", "calls")
        )
        self._open: Callable[[], Calls] = lambda: Calls(
            partial(client, token, endpoint_url, timeout),
            Pace(requests_per_second, pace_file, clock, sleep),
            Ledger(ledger_file),
            patience or Patience(),
            clock,
            sleep,
        )

    @property
    def calls(self) -> int:
        """Requests made so far."""
        return self._client.made if self._client else 0

    @property
    def repeated(self) -> int:
        """Those of them that repeated another one, after a failure."""
        return self._client.repeated if self._client else 0

    @contextmanager
    def snapshot(self) -> Iterator["AirtableStore"]:
        """The base itself: Airtable reads values live and knows no moment."""
        yield self

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:  # noqa: ARG002 -- a record's key is its id
        """The table's schema from the metadata API, limited to `columns`, `id` and `createdTime`.

        Raises:
            ConfigurationError: No such table or field, or the token does not reach the base.
        """
        held = self._describe_base()
        found = next((one for one in held if table in (one["name"], one["id"])), None)
        if found is None:
            names = [one["name"] for one in held]
            raise _missing(f"The Airtable base has no table {table!r}", table, names, f"Airtable base {self.base}")
        self._described = found["id"]
        every = {field["name"]: column_of(field) for field in found["fields"]}
        where = f"Airtable table {found['name']}"
        wanted = [name for name in dict.fromkeys(columns) if name not in (KEY.name, CREATED.name) or name in every]
        for name in wanted:
            if name not in every:
                raise _missing(f"Airtable table {found['name']} has no field {name!r}", name, list(every), where)
            if name in (KEY.name, CREATED.name):
                raise ConfigurationError(
                    f"A field called {name!r} cannot be mapped",
                    where=where,
                    why="Every record has its own.",
                    fix="rename the field in Airtable",
                )
        read = (KEY, CREATED, *(every[name] for name in wanted))
        unread = tuple(
            column for name, column in every.items() if name not in wanted and name not in (KEY.name, CREATED.name)
        )
        return TableSchema("airtable", found["name"], KEY.name, read, id=found["id"], unread=unread)

    def references(self, table: str) -> list[Reference]:  # noqa: ARG002 -- there are none
        """None: Airtable keeps linked records in step by itself."""
        return []

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All records, from a private file that they were read into to the end before the first batch is given."""
        with self._asking(schema.name) as calls:
            found = spooled(calls, self._path(schema), schema)
        yield from found

    def unfollowed(self, schema: TableSchema, modified: str | None) -> str | None:
        """Why a field of last modification does not tell every change of the schema's fields; None if it does."""
        return following.unfollowed(schema, modified)

    def changed(self, schema: TableSchema, modified: str, since: str) -> Iterator[pa.RecordBatch]:
        """The records that were modified after a time, read to the end before the first batch is given."""
        with self._asking(schema.name) as calls:
            found = following.changed(calls, self._path(schema), schema, modified, since)
        yield from found

    def stamps(self, schema: TableSchema, modified: str) -> Iterator[pa.RecordBatch]:
        """The ids and times of last modification of all records, likewise."""
        with self._asking(schema.name) as calls:
            found = following.stamps(calls, self._path(schema), schema, modified)
        yield from found

    def some(self, schema: TableSchema, keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The records with these ids that are there, a hundred a call."""
        with self._asking(schema.name) as calls:
            yield from following.some(calls, self._path(schema), schema, keys)

    def heard(self, hook: Hook | None, own: str | None) -> Heard:
        """Which records were made or deleted since an earlier snapshot, as a polled webhook tells."""
        with self._asking(None) as calls:
            return hooks.heard(calls, self.base, hook, own)

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The records with these ids, a hundred a call."""
        with self._asking(schema.name) as calls:
            return fetch_rows(calls, self._path(schema), schema, list(dict.fromkeys(keys)), field_ids(schema))

    def write(self, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
        """Write one batch in requests of at most ten records; see `write_batches` for what holds of a group.

        Raises:
            LostAnswerError: The answer to a request is lost; the caller settles by reading.
            TemporaryError: A limit holds, or Airtable cannot be reached.
            ConfigurationError: A write names a field that is not there or is computed.
        """
        outcomes: dict[int, Outcome] = {}
        for _, known in self.write_each(schema, iter([writes])):
            outcomes |= known
        return [outcomes[place] for place in range(len(writes))]

    def write_each(
        self, schema: TableSchema, batches: Iterator[Sequence[RowWrite]]
    ) -> Iterator[tuple[int, Mapping[int, Outcome]]]:
        """Write batches with requests overlapping, see `write_batches`; each is taken when it is about to be sent."""
        with self._asking(schema.name) as calls:
            yield from write_batches(calls, self._path(schema), schema, batches)

    def claim(self) -> None:
        """Ask, once, whether the token may write; nobody else is kept from writing.

        Raises:
            ConfigurationError: It may not.
        """
        if self._tables and not self._may_write:
            table = self._described or self._tables[0]  # an id outlives a renaming
            with self._asking(table) as calls:
                demand_write_scope(calls, f"{quote(self.base, safe='')}/{quote(table, safe='')}", table)
            self._may_write = True

    def find(
        self,
        schema: TableSchema,
        writes: Sequence[RowWrite],
        since: str | None,
        link: str | None = None,
        taken: Collection[str] = (),
    ) -> list[str | None]:
        """The ids of the records that lost creates made, or None where nothing was made."""
        with self._asking(schema.name) as calls:
            return find_created(calls, self._path(schema), schema, writes, since, link, taken)

    def watermark(self, schema: TableSchema) -> str | None:
        """The server's clock, as answers told it, to the second, as records' creation times have it."""
        with self._asking(schema.name) as calls:
            if calls.server_time() is None:
                body = {"pageSize": 1, "fields": field_ids(schema)[:1]}
                calls.send("read", "POST", f"{self._path(schema)}/listRecords", body=body)
            return calls.server_time()

    def backup(self, folder: Path) -> list[Path]:
        """All fields and records as `airtable.json` in `folder`, in the form that the sandbox loads."""
        path = folder / "airtable.json"
        held = self._describe_base()
        chosen = [one for one in held if not self._tables or {one["name"], one["id"]} & set(self._tables)]
        with self._asking(None) as calls:
            export_base(calls, self.base, chosen, path)
        return [path]

    def close(self) -> None:
        """Give back the connections."""
        if self._client:
            self._client.close()

    def _describe_base(self) -> Sequence[Mapping[str, Any]]:
        with self._asking(None) as calls:
            answer: Mapping[str, Any] = calls.send("schema", "GET", f"meta/bases/{quote(self.base, safe='')}/tables")
        tables: Sequence[Mapping[str, Any]] = answer["tables"]
        return tables

    def _path(self, schema: TableSchema) -> str:
        return f"{quote(self.base, safe='')}/{quote(schema.id or schema.name, safe='')}"

    @contextmanager
    def _asking(self, table: str | None) -> Iterator[Calls]:
        if self._client is None:
            self._client = self._open()
        try:
            yield self._client
        except Failure as failure:
            raise error_of(failure, self.base, table, self._endpoint_url) from failure


def _missing(what: str, name: str, names: Sequence[str], where: str) -> ConfigurationError:
    folded = {known.casefold(): known for known in names}
    near = get_close_matches(name.casefold(), list(folded), n=1)
    hint = f" (did you mean {folded[near[0]]!r}?)" if near else ""
    return ConfigurationError(what + hint, where=where, fix="correct `tables:` in config/dq.yaml")
