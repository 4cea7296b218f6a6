"""Plans as files: one plan that several test files hand about."""

import pytest
from projects import Project


@pytest.fixture(scope="session")
def planned(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A plan with a few changes as a file, on a base that was agreed on before."""
    project = finished.copy(tmp_path_factory.mktemp("planned") / "project")
    project.sql(
        "UPDATE leads SET title = 'Chief ' || title, updated_at = '2031-01-01T00:00:00+00:00' WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 5)"
    )
    for step in (("snapshot",), ("clean",), ("diff", "--out", "plan.zip")):
        ended = project.dq(*step)
        assert ended.code == 0, ended.err
    return project
