"""The blocks of docs/notebooks.md run, in order, on a finished run."""

import re
from pathlib import Path

import polars as pl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notebooks.md"


def test_the_notebook_page_runs(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished.root)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "snapshot" in capsys.readouterr().out
    for name in ("by_reason", "phones", "sizes", "merged", "why", "companies", "leads", "broken"):
        assert isinstance(names[name], pl.DataFrame), name
        assert names[name].height, name
    assert names["frequent"].fetchall()
