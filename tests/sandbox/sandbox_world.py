"""A small base with every kind of field, and how a test talks to a server that holds it."""

import copy
import json
from dataclasses import dataclass
from typing import Any

import requests

BASE, PEOPLE, FIRMS = "appWorld000000001", "tblPeople00000001", "tblFirms000000001"
ADA, BOB, CYD = "recAda00000000001", "recBob00000000001", "recCyd00000000001"
ACME, BOLT = "recAcme0000000001", "recBolt0000000001"
DAY = "2026-03-01T10:00:00.000Z"

PEOPLE_FIELDS = [
    ("fldName0000000001", "Name", "singleLineText", None),
    ("fldMail0000000001", "Email", "email", None),
    ("fldNote0000000001", "Notes", "richText", None),
    ("fldLong0000000001", "Bio", "multilineText", None),
    ("fldAge00000000001", "Age", "number", {"precision": 0}),
    ("fldPay00000000001", "Pay", "currency", {"precision": 2, "symbol": "$"}),
    ("fldRate0000000001", "Stars", "rating", {"max": 5, "icon": "star"}),
    ("fldBox00000000001", "Active", "checkbox", None),
    ("fldDate0000000001", "Born", "date", None),
    ("fldTime0000000001", "Met", "dateTime", {"timeZone": "America/New_York"}),
    ("fldOne00000000001", "Status", "singleSelect", {"choices": [{"name": "new"}, {"name": "done"}, {"name": "Done"}]}),
    ("fldMany0000000001", "Tags", "multipleSelects", {"choices": [{"name": "a"}, {"name": "b"}]}),
    ("fldLink0000000001", "Firms", "multipleRecordLinks", {"linkedTableId": FIRMS}),
    ("fldCalc0000000001", "Score", "formula", {"result": {"type": "number"}}),
    ("fldMade0000000001", "Created", "createdTime", {"result": {"type": "dateTime"}}),
    ("fldMod00000000001", "Modified", "lastModifiedTime", {"result": {"type": "dateTime"}, "referencedFieldIds": []}),
    ("fldModA0000000001", "Age Modified", "lastModifiedTime", {"referencedFieldIds": ["fldAge00000000001"]}),
    ("fldNew00000000001", "Novel", "holograms", None),
]


def _fields(rows: list[tuple[str, str, str, Any]]) -> list[dict[str, Any]]:
    return [
        {"id": i, "name": n, "type": t} | ({} if options is None else {"options": options}) for i, n, t, options in rows
    ]


_WORLD = {
    "bases": [
        {
            "id": BASE,
            "name": "World",
            "tables": [
                {
                    "id": PEOPLE,
                    "name": "People / all",
                    "primaryFieldId": "fldName0000000001",
                    "fields": _fields(PEOPLE_FIELDS),
                    "views": [{"id": "viwGrid0000000001", "name": "Grid", "type": "grid"}],
                    "records": [
                        {
                            "id": CYD,
                            "createdTime": DAY,
                            "fields": {"Name": "Cyd", "Age": 0, "Created": DAY, "Modified": DAY},
                        },
                        {
                            "id": ADA,
                            "createdTime": DAY,
                            "fields": {
                                "Name": "Ada",
                                "Email": "ada@x.org",
                                "Notes": "hi\n",
                                "Age": 36,
                                "Active": True,
                                "Status": "new",
                                "Tags": ["a", "b"],
                                "Firms": [ACME],
                                "Score": 7,
                                "Created": DAY,
                                "Modified": DAY,
                                "Novel": {"x": 1},
                            },
                        },
                        {
                            "id": BOB,
                            "createdTime": DAY,
                            "fields": {"Name": "bob", "Age": 5, "Status": "done", "Created": DAY, "Modified": DAY},
                        },
                    ],
                },
                {
                    "id": FIRMS,
                    "name": "Firms",
                    "primaryFieldId": "fldFirm0000000001",
                    "fields": _fields([("fldFirm0000000001", "Firm", "singleLineText", None)]),
                    "records": [
                        {"id": ACME, "createdTime": DAY, "fields": {"Firm": "Acme"}},
                        {"id": BOLT, "createdTime": DAY, "fields": {"Firm": "Bolt"}},
                    ],
                },
            ],
        }
    ]
}


def world() -> dict[str, Any]:
    """The document of the small base, free to change."""
    return copy.deepcopy(_WORLD)


def rows(count: int) -> dict[str, Any]:
    """A document with one table of so many records."""
    fields = [(f"fldF{i:013d}", f"F{i}", "singleLineText", None) for i in range(10)]
    return {
        "bases": [
            {
                "id": BASE,
                "name": "Rows",
                "tables": [
                    {
                        "id": PEOPLE,
                        "name": "Rows",
                        "primaryFieldId": fields[0][0],
                        "fields": _fields(fields),
                        "records": [
                            {
                                "id": f"rec{n:014d}",
                                "createdTime": DAY,
                                "fields": {f"F{i}": f"value {n} {i}" for i in range(10)},
                            }
                            for n in range(count)
                        ],
                    }
                ],
            }
        ]
    }


@dataclass(frozen=True)
class Server:
    """A server under test: where it is, and raw requests to it."""

    url: str

    def ask(self, method: str, path: str, body: Any = None, **kwargs: Any) -> requests.Response:
        """One raw request; a body is sent as JSON."""
        headers = {"Authorization": "Bearer patTest", **kwargs.pop("headers", {})}
        data = None if body is None else json.dumps(body)
        return requests.request(method, self.url + path, data=data, headers=headers, timeout=30, **kwargs)

    def people(self, method: str, body: Any = None, tail: str = "", **kwargs: Any) -> requests.Response:
        """One raw request to the table of people."""
        return self.ask(method, f"/v0/{BASE}/{PEOPLE}{tail}", body, **kwargs)
