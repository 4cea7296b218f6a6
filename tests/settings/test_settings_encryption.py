"""`backups.encryption`: where keys come from, read only when they are needed, never shown."""

import pytest

from dq.errors import ConfigurationError
from dq.settings import show
from dq.settings.encryption import read

TABLES = "backups:\n  encryption: {}\n"


def test_nothing_is_read_before_it_is_needed(project):
    settings = project.load(TABLES.format("{recipient: age1x, identity_file: not/there.txt}"))
    encryption = settings.backups.encryption
    assert read(encryption.recipient, settings.root).get_secret_value() == "age1x"
    with pytest.raises(ConfigurationError, match="identity_file: the file does not exist"):
        read(encryption.identity, settings.root)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{recipient: age1x, recipient_file: x}", "recipient and recipient_file stand side by side"),
        ("{recipient: age1x, passphrase_file: x}", "passphrase and recipient stand side by side"),
        ("{}", "names no key"),
        ("{identity_file: ''}", "is empty"),
        ("{recipent: age1x}", "recipient"),
    ],
)
def test_what_contradicts_itself(project, text, error):
    with pytest.raises(ConfigurationError, match=error):
        project.load(TABLES.format(text))


def test_from_a_variable_a_file_and_a_command(project):
    (project.root / "pass.txt").write_text("from the file\n")
    (project.root / "other.txt").write_text("from the command\n")
    for text, secret in (
        ('{passphrase: "${DQ_TEST_PASS}"}', "from the variable"),
        ("{passphrase_file: pass.txt}", "from the file"),
        ("{passphrase_command: cat other.txt}", "from the command"),
    ):
        settings = project.load(TABLES.format(text), {"DQ_TEST_PASS": "from the variable"})
        assert read(settings.backups.encryption.passphrase, settings.root).get_secret_value() == secret
        assert secret not in str(show(settings))
        assert secret not in repr(settings)


def test_a_command_that_fails_tells_no_output(project):
    settings = project.load(TABLES.format("{identity_command: \"sh -c 'echo hidden; exit 3'\"}"))
    with pytest.raises(ConfigurationError, match="ended with exit code 3") as error:
        read(settings.backups.encryption.identity, settings.root)
    assert "hidden" not in str(error.value)
