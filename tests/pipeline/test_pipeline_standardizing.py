"""A cell that a plan only brings into its standard form means the same before and after: the stores agree on it either way."""

from typing import Any

from projects import Project


def _titled(project: Project, record: str, title: str | None) -> None:
    def change(base: dict[str, Any]) -> None:
        [cells] = [one["fields"] for one in base["tables"][0]["records"] if one["id"] == record]
        cells.pop("Title", None)
        cells |= {} if title is None else {"Title": title}

    project.edit_records(change)


def test_who_clears_a_cell_while_its_first_edit_is_on_the_way_has_the_last_word(settled: Project) -> None:
    config = settled.config()
    settled.configure({**config, "sync": {**config["sync"], "conflict": ["highest_quality", "database_wins"]}})
    assert settled.dq("run", "--yes").code == 0
    key, record = settled.sql("SELECT id, airtable_id FROM leads WHERE airtable_id <> '' ORDER BY id")[0]
    _titled(settled, record, "  Chief   Diver ")
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0
    _titled(settled, record, None)
    assert settled.dq("apply", "--yes").code == 3  # the record moved; the database has the title
    assert settled.rows()["leads"][key]["title"] == "Chief Diver"
    assert settled.dq("run", "--yes").code == 0
    assert settled.rows()["leads"][key]["title"] is None
    assert settled.records()[record].get("Title") is None
