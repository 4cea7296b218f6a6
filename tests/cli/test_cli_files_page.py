"""docs/files.md: its example gives what the page says."""

import re
from pathlib import Path

from projects import Project

PAGE = Path(__file__).resolve().parents[2] / "docs" / "files.md"


def test_the_example_of_the_page_gives_what_it_says(tmp_path: Path):
    example = PAGE.read_text(encoding="utf-8").split("## An example")[1].split("\n## ")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
    here = Project(tmp_path)
    (here.root / "leads.csv").write_text(blocks[0][1], encoding="utf-8")
    out = err = ""
    for kind, text in blocks[1:]:
        if kind == "sh":
            ended = [here.dq(*line.split()[1:]) for line in text.splitlines()]
            assert [one.code for one in ended] == [0] * len(ended), ended
            out, err = "".join(one.out for one in ended), "".join(one.err for one in ended)
        else:
            assert text in (out, err), (text, out, err)
