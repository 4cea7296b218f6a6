"""How often a call is tried is what the configuration says."""

import pytest
from projects import Project

from dq.sandbox import faults


@pytest.mark.parametrize(("retries", "code"), [(3, 0), (2, 5), (0, 5)])
def test_a_server_that_fails_three_times_is_read_with_three_retries(fresh: Project, retries: int, code: int) -> None:
    with fresh.served() as url:
        config = fresh.config()
        fresh.configure({**config, "limits": {**config["limits"], "max_retries": retries, "retry_delay_seconds": 0.01}})
        faults.put(url, faults.Schedule((faults.Rule((faults.Fault("unavailable"),), on="list", nth=(1, 2, 3)),)))
        ended = fresh.dq("snapshot")
    assert ended.code == code, ended.err


def test_both_stores_may_be_read_at_once(fresh: Project) -> None:
    config = fresh.config()
    fresh.configure({**config, "limits": {**config["limits"], "enable_parallel_processing": True}})
    assert fresh.dq("run", "--yes").code == 0
    assert fresh.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0
