"""A base of companies, people and deals in which fields are computed across tables."""

import copy
from typing import Any

BASE = "appCrm00000000001"
FIRMS, PEOPLE, DEALS = "tblFirm0000000001", "tblPers0000000001", "tblDeal0000000001"
ACME, BOLT = "recAcme0000000001", "recBolt0000000001"
ADA, BOB = "recAda00000000001", "recBob00000000001"
D1, D2, D3 = "recDeal0000000001", "recDeal0000000002", "recDeal0000000003"
DAY = "2026-03-01T10:00:00.000Z"
EVE = {"id": "usrEve00000000001", "email": "eve@x.org", "name": "Eve"}


def _field(field_id: str, name: str, kind: str, options: Any = None) -> dict[str, Any]:
    return {"id": field_id, "name": name, "type": kind} | ({} if options is None else {"options": options})


def _number(formula: str) -> dict[str, Any]:
    return {"formula": formula, "isValid": True, "result": {"type": "number", "options": {"precision": 0}}}


def _records(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": key, "createdTime": DAY, "fields": fields} for key, fields in rows.items()]


_FIRMS = {
    "id": FIRMS,
    "name": "Firms",
    "primaryFieldId": "fldFName",
    "fields": [
        _field("fldFName", "Name", "singleLineText"),
        _field("fldFDeals", "Deals", "multipleRecordLinks", {"linkedTableId": DEALS, "inverseLinkFieldId": "fldDFirm"}),
        _field(
            "fldFSum",
            "Sum",
            "rollup",
            {"recordLinkFieldId": "fldFDeals", "fieldIdInLinkedTable": "fldDWorth"} | _number("SUM(values)"),
        ),
        _field("fldFCount", "Count", "count", {"recordLinkFieldId": "fldFDeals", "isValid": True}),
        _field(
            "fldFNames",
            "Deal names",
            "multipleLookupValues",
            {
                "recordLinkFieldId": "fldFDeals",
                "fieldIdInLinkedTable": "fldDName",
                "result": {"type": "singleLineText"},
            },
        ),
        _field(
            "fldFGrade",
            "Grade",
            "formula",
            {"formula": "IF({Sum}>100,'big','small')", "result": {"type": "singleLineText"}},
        ),
    ],
    "records": _records({ACME: {"Name": "Acme", "Deals": [D1, D2]}, BOLT: {"Name": "Bolt"}}),
}
_DEALS = {
    "id": DEALS,
    "name": "Deals",
    "primaryFieldId": "fldDName",
    "fields": [
        _field("fldDName", "Name", "singleLineText"),
        _field("fldDAmount", "Amount", "currency", {"precision": 2, "symbol": "$"}),
        _field("fldDOdds", "Odds", "percent", {"precision": 0}),
        _field("fldDWorth", "Worth", "formula", _number("{fldDAmount}*{Odds}")),
        _field("fldDFirm", "Firm", "multipleRecordLinks", {"linkedTableId": FIRMS, "inverseLinkFieldId": "fldFDeals"}),
        _field(
            "fldDGrade",
            "Firm grade",
            "multipleLookupValues",
            {
                "recordLinkFieldId": "fldDFirm",
                "fieldIdInLinkedTable": "fldFGrade",
                "result": {"type": "singleLineText"},
            },
        ),
        _field(
            "fldDLabel",
            "Label",
            "formula",
            {"formula": "{Name}&' @ '&{Firm}&' #'&{No}", "result": {"type": "singleLineText"}},
        ),
        _field("fldDNo", "No", "autoNumber"),
        _field("fldDMod", "Modified", "lastModifiedTime", {"referencedFieldIds": [], "result": {"type": "dateTime"}}),
        _field("fldDBy", "Modified by", "lastModifiedBy"),
        _field("fldDMade", "Made by", "createdBy"),
        _field("fldDAge", "Age", "formula", _number("DATETIME_DIFF(LAST_MODIFIED_TIME(), CREATED_TIME(), 'days')")),
        _field("fldDAi", "Summary", "aiText"),
    ],
    "records": _records(
        {
            D1: {"Name": "One", "Amount": 100, "Odds": 0.5, "Worth": 50, "Firm": [ACME], "No": 1, "Modified": DAY},
            D2: {"Name": "Two", "Amount": 30, "Odds": 1, "Worth": 30, "Firm": [ACME], "No": 7, "Modified": DAY},
            D3: {
                "Name": "Three",
                "No": 3,
                "Modified": DAY,
                "Summary": {"state": "generated", "value": "x", "isStale": False},
            },
        }
    ),
}
_PEOPLE = {
    "id": PEOPLE,
    "name": "People",
    "primaryFieldId": "fldPName",
    "fields": [
        _field("fldPName", "Name", "singleLineText"),
        _field("fldPMail", "Email", "email"),
        _field("fldPAge", "Age", "number", {"precision": 1}),
        _field("fldPShare", "Share", "percent", {"precision": 1}),
        _field("fldPTime", "Time", "duration", {"durationFormat": "h:mm:ss"}),
        _field("fldPStars", "Stars", "rating", {"max": 5, "icon": "star", "color": "redBright"}),
        _field("fldPOk", "Ok", "checkbox", {"icon": "check", "color": "greenBright"}),
        _field("fldPBorn", "Born", "date", {"dateFormat": {"name": "us", "format": "M/D/YYYY"}}),
        _field("fldPMet", "Met", "dateTime", {"timeZone": "Europe/Berlin", "dateFormat": {"name": "iso", "format": "YYYY-MM-DD"}, "timeFormat": {"name": "24hour", "format": "HH:mm"}}),
        _field("fldPRank", "Rank", "singleSelect", {"choices": [{"id": "selLow", "name": "low"}, {"id": "selHigh", "name": "high"}]}),
        _field("fldPTags", "Tags", "multipleSelects", {"choices": [{"id": "selA", "name": "a"}, {"id": "selB", "name": "b"}]}),
        _field("fldPFirms", "Firms", "multipleRecordLinks", {"linkedTableId": FIRMS, "prefersSingleRecordLink": True}),
        _field("fldPOwner", "Owner", "singleCollaborator"),
        _field("fldPTeam", "Team", "multipleCollaborators"),
        _field("fldPFiles", "Files", "multipleAttachments", {"isReversed": False}),
        _field("fldPCode", "Code", "barcode"),
        _field("fldPNote", "Note", "richText"),
        _field("fldPPhone", "Phone", "phoneNumber"),
        _field("fldPPay", "Pay", "currency", {"precision": 2, "symbol": "€"}),
    ],
    "views": [
        {"id": "viwAll", "name": "All", "type": "grid", "visibleFieldIds": ["fldPName"]},
        {"id": "viwOld", "name": "Old", "type": "grid", "filterByFormula": "{Age}>40", "sort": [{"field": "fldPAge", "direction": "desc"}]},
    ],
    "records": _records(
        {
            ADA: {"Name": "Ada", "Age": 36, "Rank": "low", "Owner": EVE, "Files": [{"id": "attOne00000000001", "url": "https://x.org/1.png", "filename": "1.png"}]},
            BOB: {"Name": "Bob", "Age": 50, "Email": "bob@x.org", "Firms": [BOLT]},
        }
    ),
}  # fmt: skip


def crm() -> dict[str, Any]:
    """The document of the base, free to change."""
    base = {"id": BASE, "name": "CRM", "tables": [_FIRMS, _DEALS, _PEOPLE], "collaborators": [EVE]}
    return copy.deepcopy({"bases": [base]})
