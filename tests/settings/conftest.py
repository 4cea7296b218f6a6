from pathlib import Path

import pytest

import dq.settings


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def load(self, config: str | bytes = "stores: {}\n", env: dict[str, str] | None = None, *, secrets: bool = True):
        return dq.settings.load(self.write("config/dq.yaml", config), env or {}, secrets=secrets)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
