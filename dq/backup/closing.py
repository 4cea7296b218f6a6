"""An export made fit to stand alone: it holds the mapped tables only, and their links may lead to others."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_CREATED = "2000-01-01T00:00:00.000Z"
LINKS = "multipleRecordLinks"


def closed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The export with a stand-in, of nothing but ids, for every table that it links to and does not hold.

    A link to a record of an exported table that the export lacks (it went while the base was read) is left out.
    """
    return {**document, "bases": [_closed_base(base) for base in document["bases"]]}


def _closed_base(base: Mapping[str, Any]) -> dict[str, Any]:
    known = {table["id"]: {record["id"] for record in table["records"]} for table in base["tables"]}
    outside: dict[str, set[str]] = {}
    tables = [_closed_table(table, known, outside) for table in base["tables"]]
    return {**base, "tables": [*tables, *(_stand_in(table, ids) for table, ids in sorted(outside.items()))]}


def _closed_table(
    table: Mapping[str, Any], known: Mapping[str, set[str]], outside: dict[str, set[str]]
) -> dict[str, Any]:
    links = {field["name"]: field["options"]["linkedTableId"] for field in table["fields"] if field["type"] == LINKS}
    for target in links.values():
        if target not in known:
            outside.setdefault(target, set())
    records = []
    for record in table["records"]:
        cells = dict(record["fields"])
        for name in links.keys() & cells.keys():
            target = links[name]
            if target in known:
                cells[name] = [one for one in cells[name] if one in known[target]]
            else:
                outside[target].update(cells[name])
        records.append({**record, "fields": cells})
    fields = [_without_inverse(field, known) for field in table["fields"]]
    return {**table, "fields": fields, "records": records}


def _without_inverse(field: Mapping[str, Any], known: Mapping[str, set[str]]) -> dict[str, Any]:
    """A link field whose other end is not exported has none."""
    if field["type"] != LINKS or field["options"]["linkedTableId"] in known:
        return dict(field)
    options = {name: value for name, value in field["options"].items() if name != "inverseLinkFieldId"}
    return {**field, "options": options}


def _stand_in(table: str, ids: set[str]) -> dict[str, Any]:
    name = "fld" + sha256(table.encode()).hexdigest()[:14]
    return {
        "id": table,
        "name": f"Stand-in for {table}",
        "primaryFieldId": name,
        "fields": [{"id": name, "name": "Name", "type": "singleLineText"}],
        "records": [{"id": one, "createdTime": _CREATED, "fields": {"Name": one}} for one in sorted(ids)],
    }
