"""What people do to both stores between two runs."""

from typing import Any

from projects import MAPPING, Project

LATER = "2031-01-01T00:00:00+00:00"


def lived_in(project: Project) -> None:
    """New leads, edits, deletions and duplicates on both sides."""
    keys = [row[0] for row in project.sql("SELECT id FROM leads ORDER BY id")]
    columns = ", ".join(MAPPING)
    for key in keys[:6]:
        project.sql("UPDATE leads SET title = 'Chief of ' || ?, updated_at = ? WHERE id = ?", key[:4], LATER, key)
    for n, key in enumerate(keys[6:12]):  # duplicates with children of their own
        twin = f"twin-{n}"
        project.sql(
            f"INSERT INTO leads(id, {columns}, created_at, updated_at) SELECT '{twin}', {columns}, ?, ? FROM leads WHERE id = ?",
            LATER,
            LATER,
            key,
        )
        project.sql(
            "INSERT INTO campaigns(lead_id, name, status, created_at) VALUES (?, 'fall', 'open', ?)", twin, LATER
        )
    for n in range(8):
        project.sql(
            "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            f"new-{n}",
            f"Noa Newrow{chr(97 + n)}",
            f"noa@row{n}.example",
            LATER,
            LATER,
        )
    for key in keys[12:17]:
        for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
            project.sql(f"DELETE FROM {table} WHERE lead_id = ?", key)
        project.sql("DELETE FROM leads WHERE id = ?", key)
    gone = [row[0] for row in project.sql("SELECT airtable_id FROM leads WHERE id IN (?, ?, ?, ?)", *keys[17:21])]
    for key in keys[17:21]:
        for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
            project.sql(f"DELETE FROM {table} WHERE lead_id = ?", key)

    def change(base: dict[str, Any]) -> None:
        table = base["tables"][0]
        table["records"] = [record for record in table["records"] if record["id"] not in gone]
        for record in table["records"][30:36]:
            record["fields"]["Company"] = "Acme Holding"
            record["fields"]["Last Modified"] = "2031-01-01T00:00:00.000Z"
        table["records"] += [
            {
                "id": f"recAdded{n:09}",
                "createdTime": "2031-01-01T00:00:00.000Z",
                "fields": {"Full Name": f"Rita Record{chr(97 + n)}", "Email": f"rita@record{n}.example"},
            }
            for n in range(12)
        ]

    project.edit_records(change)
