"""A folder to work in: what is written, what is left alone, when the sample is loaded."""

import stat

import pytest

from dq import settings
from dq.errors import ConfigurationError
from dq.leads.start import load_sample_once, start

CONFIG = "config/dq.yaml"


def test_a_new_folder_gets_everything(tmp_path):
    told = start(tmp_path / "new", sample=False)
    root = tmp_path / "new"
    assert f"wrote {CONFIG}" in told
    for name in ("config/dq.prod.yaml", "rules/standardize.yaml", "rules/lists/legal_forms.csv", ".gitignore"):
        assert (root / name).is_file()
    for name in ("data", "snapshots", "backups"):
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o700
    assert not list((root / "data").iterdir())
    assert settings.load(root / CONFIG).root == root


def test_a_second_start_does_nothing(tmp_path):
    start(tmp_path, sample=True)
    assert start(tmp_path, sample=False) == []
    assert start(tmp_path, sample=True) == []


@pytest.mark.parametrize("force", [False, True])
def test_files_that_are_there_stay_unless_forced(tmp_path, force):
    start(tmp_path, sample=False)
    rule = tmp_path / "rules" / "dedupe.yaml"
    shipped = rule.read_text()
    rule.write_text("threshold: 0.9\n")
    told = start(tmp_path, sample=False, force=force)
    assert (rule.read_text() == shipped) is force
    assert ("wrote rules/dedupe.yaml" in told) is force


def test_an_ignore_file_is_not_touched(tmp_path):
    (tmp_path / ".gitignore").write_text("data/\n*.pyc\n")
    told = start(tmp_path, sample=False)
    assert (tmp_path / ".gitignore").read_text() == "data/\n*.pyc\n"
    assert told[-1] == "left .gitignore as it is; add /snapshots/, /backups/, .env to it"


def test_the_sample_is_loaded_once(tmp_path):
    told = start(tmp_path, sample=True)
    assert told[-1] == "loaded sample data into data/leads.db and data/airtable.db"
    before = (tmp_path / "data/leads.db").read_bytes()
    assert not load_sample_once(settings.load(tmp_path / CONFIG))
    assert (tmp_path / "data/leads.db").read_bytes() == before


def test_a_folder_with_a_configuration_gets_data_only(tmp_path):
    start(tmp_path, sample=False)
    (tmp_path / "config/dq.test.yaml").unlink()
    assert len(start(tmp_path, sample=True)) == 1
    assert not (tmp_path / "config/dq.test.yaml").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sqlite:///data/leads.db", "sqlite:///data/mine.db"),
        ("sqlite:///data/leads.db", "sqlite:///elsewhere/leads.db"),
        ("sandbox: data/airtable.db", "base: appMine, token: secret"),
        ("sandbox: data/airtable.db", "sandbox: data/rehearsal.db"),
    ],
)
def test_stores_of_ones_own_never_get_the_sample(tmp_path, old, new):
    start(tmp_path, sample=False)
    config = tmp_path / CONFIG
    config.write_text(config.read_text().replace(old, new))
    assert start(tmp_path, sample=True) == []
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize("there", ["leads.db", "airtable.db"])
def test_half_a_pair_of_stores_is_refused(tmp_path, there):
    start(tmp_path, sample=False)
    (tmp_path / "data" / there).write_bytes(b"")
    with pytest.raises(ConfigurationError, match=there):
        start(tmp_path, sample=True)


def test_the_development_stores_get_a_sample_of_their_own(tmp_path):
    start(tmp_path, sample=False)
    assert load_sample_once(settings.load(tmp_path / "config/dq.dev.yaml"))
    assert (tmp_path / "data/dev/leads.db").is_file()


def test_mistakes_in_the_configuration_are_told(tmp_path):
    start(tmp_path, sample=False)
    (tmp_path / CONFIG).write_text("stors: {}\n")
    with pytest.raises(ConfigurationError, match="stors"):
        start(tmp_path, sample=True)
