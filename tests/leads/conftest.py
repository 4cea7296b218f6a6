import pytest

from dq.leads import Sample, sample


@pytest.fixture(scope="session")
def made() -> Sample:
    return sample()
