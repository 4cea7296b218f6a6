"""The whole base as one JSON file, in the form that the sandbox loads; written page by page."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import Failure
from dq.stores.airtable.reading import Record, distinct, pages, whole
from dq.stores.private import open_file

_TABLE_KEYS = ("id", "name", "primaryFieldId", "fields", "views")


def export_base(calls: Calls, base: str, tables: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write schema and records of `tables`.

    Args:
        calls: The base's calls.
        base: The base's id.
        tables: Tables as the metadata API gives them.
        path: The file to make.

    Raises:
        Failure: A table cannot be read to its end.
        OSError: The file cannot be written.
    """
    with open_file(path) as number, os.fdopen(os.dup(number), "w+", encoding="utf-8") as file:
        file.write(f'{{"bases":[{{"id":{_text(base)},"name":{_text(_name(calls, base))},"tables":[')
        for position, table in enumerate(tables):
            head = _text({key: table[key] for key in _TABLE_KEYS if key in table})
            file.write(f'{"," if position else ""}\n{head.removesuffix("}")},"records":[')
            _write_records(calls, f"{quote(base, safe='')}/{table['id']}", table, file)
            file.write("]}")
        file.write("]}]}\n")
        file.flush()
        os.fsync(file.fileno())


def _write_records(calls: Calls, path: str, table: Mapping[str, Any], file: IO[str]) -> None:
    names = {field["id"]: field["name"] for field in table["fields"]}
    start = file.tell()

    def read() -> None:
        file.seek(start)
        file.truncate()
        is_first = True
        for page in distinct(pages(calls, path, list(names))):
            lines = [_line(record, names) for record in page]
            if lines:
                file.write(("\n" if is_first else ",\n") + ",\n".join(lines))
                is_first = False

    whole(calls, read)


def _line(record: Record, names: Mapping[str, str]) -> str:
    cells = {names[field]: value for field, value in record["fields"].items() if field in names}
    return _text({"id": record["id"], "createdTime": record["createdTime"], "fields": cells})


def _name(calls: Calls, base: str) -> str:
    """The base's name, where the token may list bases; else its id."""
    try:
        answer = calls.send("schema", "GET", "meta/bases")
    except Failure:
        return base
    return next((str(one["name"]) for one in answer["bases"] if one["id"] == base), base)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
