"""A project whose matcher learns from few rows, and a few leads by hand among which it has to decide."""

import re
from pathlib import Path
from typing import Any

from projects import Project, configuration

from dq.leads.generate import sample, write

SHIPPED = Path(__file__).resolve().parents[1] / "rules" / "dedupe.yaml"
BY_HAND = (
    ("v1", "Ottoline Vandersloot", "Tulpenhof Growers", "+31 20 555 0199"),
    ("v2", "Ottoline Vandersloot", "Tulpenhof Growers", None),
    ("w1", "Barnaby Wigglesworth", "Hollowmere Mills", None),
    ("w2", "Barnaby J. Wigglesworth", "Hollowmere Mills", None),
    ("x1", "Cressida Umbleby", "Farthingdale Looms", "617 555 3321"),
    ("x2", None, "Farthingdale Looms", "617 555 3321"),
)
"""No two of them share a key: v and w are found by the matcher, of x it is not sure."""


def with_matcher(project: Project) -> Project:
    """The project with rules under which its matcher learns, and with the leads by hand."""
    (project.root / "rules").mkdir()
    rules = SHIPPED.read_text(encoding="utf-8")
    for name, value in {"merge": "0.99", "review": "0.8", "fewest_rows": "50"}.items():
        rules = re.sub(rf"(?m)^  {name}: .*$", f"  {name}: {value}", rules)
    (project.root / "rules" / "dedupe.yaml").write_text(rules, encoding="utf-8")
    for row in BY_HAND:
        project.sql(
            "INSERT INTO leads(id, name, company, phone, status, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, 'responded', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00')",
            *row,
        )
    return project


def ran(project: Project, *arguments: str) -> Any:
    """A command that ends well."""
    ended = project.dq(*arguments)
    assert ended.code == 0, (arguments, ended.out, ended.err)
    return ended


def waiting(project: Project) -> list[dict[str, Any]]:
    """The pairs that wait for a person."""
    found: list[dict[str, Any]] = ran(project, "review", "pairs", "--format", "json").json["pairs"]
    return found


def planned_project(root: Path) -> Project:
    """A generated project with such leads, and its first plan."""
    project = Project(root)
    (root / "data").mkdir(parents=True)
    write(sample(5, 100), project.database, project.airtable)
    project.configure(configuration())
    with_matcher(project)
    ran(project, "snapshot")
    ran(project, "clean")
    return project
