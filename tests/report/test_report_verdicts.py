"""`dq check` in every format, held against golden files; DQ_REWRITE_GOLDEN=1 writes them anew."""

import gzip
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.gate import Ratchet, Report, Verdict
from dq.report.verdicts import FORMATS, SUFFIXES, rendered, sarif
from dq.report.verdicts.wording import fails, percent, place_of, sentence
from dq.rules import Check

GOLDEN = Path(__file__).parent / "golden"
NASTY = "a|b<img src=x onerror=alert(1)>\n::error::x @team [l](http://x) `c` \x07\x1b[31m %0A , :"
SAMPLE = {
    "text": "txt",
    "json": "json",
    "junit": "xml",
    "github": "github.txt",
    "md": "md",
    "sarif": "sarif",
    "html": "html",
}


def rule(name: str, check: str = "completeness", field: str = "email", **more) -> Check:
    return Check(name=name, check=check, field=field, **more)


def reports() -> list[Report]:
    leads = (
        Verdict(rule("email_present", severity="error", reason="nobody can be written to", source="rules/quality.yaml:5", owner="sales"), "error", 12, 400, 0.01, sample=("L1", "L2", "ann@x.example")),
        Verdict(rule("status_known", "membership", "status", values=("new",), source="rules/quality.yaml:9"), "warning", 3, 400, 2, known=1, sample=("L7",), notes=("1 accepted until 2026-12-31",)),
        Verdict(rule("title_there", field="title", severity="info", source="rules/quality.yaml (as shipped):12"), "info", 400, 400, 0.5),
        Verdict(rule("phone_form", "pattern", "phone", pattern=".*", source="/somewhere/else/rules.yaml:3"), "known", 4, 400, 0.0, known=4, notes=("in the baseline",)),
        Verdict(rule("name_valid", "validity", "name"), "skipped", 0, 0, None, why_skipped="no such column"),
        Verdict(rule("name_present", field="name", source="rules/quality.yaml:20"), "passed", 0, 400, 0.02),
    )  # fmt: skip
    scores = {"completeness": 0.97, "validity": 0.9999}
    other = Report("campaigns", 0, (Verdict(rule("x"), "passed", 0, 0, 0.0),), {"completeness": 1.0}, 1.0)
    return [Report("leads", 400, leads, scores, 0.98495, baseline=Ratchet(10, 5, 2)), other]


def many(count: int, status: str = "error") -> list[Report]:
    long = "reason " * 300
    verdicts = tuple(
        Verdict(rule(f"rule_{n:05d}", reason=long), status, n + 1, count, 0.0, sample=("k" * 200,) * 5)
        for n in range(count)
    )
    return [Report("leads", count, verdicts)]


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_reads_as_the_golden_file(form):
    told = rendered(reports(), form) + "\n"
    golden = GOLDEN / f"verdicts.{SAMPLE[form]}"
    if os.environ.get("DQ_REWRITE_GOLDEN"):
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_tells_an_address_or_a_path_of_the_machine(form):
    told = rendered(reports(), form)
    assert "ann@" not in told
    assert "ann&" not in told
    assert "/somewhere" not in told


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("empty", [[], [Report("leads", 0, ())]])
def test_nothing_to_judge_is_no_failure(form, empty):
    told = rendered(empty, form)
    if form == "json":
        assert json.loads(told)["passed"] is True
    if form == "junit":
        assert ET.fromstring(told).get("failures") == "0"
    if form == "sarif":
        assert json.loads(told)["runs"][0]["results"] == []
    if form == "github":
        assert told == ""


def test_a_suffix_names_each_format_but_the_one_for_logs():
    assert set(SUFFIXES.values()) == set(FORMATS) - {"github"}


# JUnit: the structure that Jenkins' and GitLab's readers ask for

JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, set(), {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, set(), {"properties", "testcase"}),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"classname", "name", "time"}, {"file", "line"}, {"failure", "skipped", "system-out"}),
    "failure": ({"message", "type"}, set(), set()),
    "skipped": ({"message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
"""Element → attributes it must have, may have, and what may stand in it."""


def demand_junit(element: ET.Element) -> None:
    must, may, inside = JUNIT[element.tag]
    assert must <= set(element.attrib) <= must | may, element.tag
    for child in element:
        assert child.tag in inside
        demand_junit(child)
    if element.tag in ("testsuites", "testsuite"):
        cases = list(element.iter("testcase"))
        assert int(element.attrib["tests"]) == len(cases)
        assert int(element.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)
        assert int(element.attrib["skipped"]) == sum(case.find("skipped") is not None for case in cases)


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 1), ("warning", 2), ("info", 3)])
def test_junit_fails_what_fails_the_check(fail_on, failures):
    root = ET.fromstring(rendered(reports(), "junit", fail_on))
    demand_junit(root)
    assert int(root.attrib["failures"]) == failures
    texts = [case.findtext("system-out") or "" for case in root.iter("testcase")]
    assert sum(text.startswith(("warning", "info", "known")) for text in texts) == 4 - failures


def test_junit_is_xml_whatever_the_texts_hold():
    verdict = Verdict(rule(NASTY, reason="\ud800\x00" + NASTY), "error", 1, 1, 0.0, sample=(NASTY,))
    root = ET.fromstring(rendered([Report(NASTY, 1, (verdict,))], "junit").encode("utf-8"))
    demand_junit(root)


# SARIF: what its schema asks for of the parts that are used


def demand_sarif(log: dict) -> None:
    assert log["version"] == "2.1.0"
    assert set(log) == {"$schema", "version", "runs"}
    [run] = log["runs"]
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    rules = run["tool"]["driver"]["rules"]
    assert len({one["id"] for one in rules}) == len(rules)
    for one in rules:
        assert one["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert all(one[part]["text"] for part in ("shortDescription", "fullDescription", "help"))
    prints = [result["partialFingerprints"]["dqRule/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        [place] = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", uri)
        assert not uri.startswith("/")
        assert place["physicalLocation"]["region"]["startLine"] >= 1


def test_sarif_has_a_result_for_each_rule_that_does_not_hold():
    log = json.loads(rendered(reports(), "sarif"))
    demand_sarif(log)
    results = {result["ruleId"]: result for result in log["runs"][0]["results"]}
    levels = {name: result["level"] for name, result in results.items()}
    assert levels == {"email_present": "error", "status_known": "warning", "title_there": "note", "phone_form": "note"}
    place = results["email_present"]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("rules/quality.yaml", 5)
    assert [name for name, result in results.items() if "suppressions" in result] == ["phone_form"]


def test_a_fingerprint_stays_while_counts_and_lines_move():
    def prints(failed: int, line: int) -> list[str]:
        verdict = Verdict(rule("one", source=f"rules/quality.yaml:{line}"), "error", failed, 9, 0.0)
        log = json.loads(rendered([Report("leads", 9, (verdict,))], "sarif"))
        return [result["partialFingerprints"]["dqRule/v1"] for result in log["runs"][0]["results"]]

    assert prints(1, 5) == prints(8, 50)


def test_sarif_stays_within_what_github_takes(monkeypatch):
    told = rendered(many(1_000), "sarif")
    assert sarif.MOST_RESULTS == 25_000
    assert len(gzip.compress(told.encode(), 1)) * 25 < 10_000_000
    monkeypatch.setattr(sarif, "MOST_RESULTS", 900)
    assert len(json.loads(rendered(many(1_000), "sarif"))["runs"][0]["results"]) == 900


# GitHub's workflow commands

COMMAND = re.compile(r"::(error|warning|notice) ((?:(?:file|line|title)=[^,:\r\n]*,?)+)::([^\r\n]*)")


def test_annotations_point_at_the_rules():
    lines = rendered(reports(), "github").splitlines()
    assert [COMMAND.fullmatch(line)[1] for line in lines] == ["error", "warning", "notice"]
    assert lines[0].startswith("::error file=rules/quality.yaml,line=5,title=leads%3A email_present::12 of 400 rows")


@pytest.mark.parametrize(
    ("counts", "shown", "rest"),
    [
        ((10, 10, 10), (10, 10, 10), None),
        ((11, 0, 0), (10, 0, 1), "1 error;"),
        ((25, 12, 10), (10, 10, 10), "15 errors, 2 warnings, 1 notice;"),
        ((0, 0, 11), (0, 0, 10), "2 notices;"),
    ],
)
def test_annotations_beyond_ten_of_a_kind_are_counted(counts, shown, rest):
    found = [
        Report(status, 100, many(count, status)[0].verdicts)
        for status, count in zip(("error", "warning", "info"), counts, strict=True)
    ]
    lines = rendered(found, "github").splitlines()
    kinds = [line[2:].split(" ")[0] for line in lines]
    assert tuple(kinds.count(kind) for kind in ("error", "warning", "notice")) == shown
    assert ("not shown" in lines[-1]) is (rest is not None)
    assert rest is None or rest in lines[-1]
    if counts[0]:
        assert f"rule_{counts[0] - 1:05d}" in lines[0]  # the worst first


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=60)
def test_an_annotation_is_one_line_whatever_the_texts_hold(target, name, reason):
    verdict = Verdict(rule(name or "x", reason=reason), "error", 1, 1, 0.0, sample=(target,))
    told = rendered([Report(target, 1, (verdict,))], "github")
    assert COMMAND.fullmatch(told), told


# Markdown


@pytest.mark.parametrize("count", [1, 500, 3_000])
def test_markdown_fits_a_comment_and_counts_the_rest(count):
    told = rendered(many(count), "md")
    assert len(told) <= 65_536
    assert len(told.encode()) <= 1 << 20
    rows = told.count("❌ error |")
    rest = re.search(r"… and ([0-9,]+) more", told)
    assert rows + (int(rest[1].replace(",", "")) if rest else 0) == count


def test_markdown_fits_a_comment_whatever_holds():
    verdicts = tuple(Verdict(rule(f"rule_{n}"), "passed", 0, 9, 0.0) for n in range(1_000))
    told = rendered([Report("leads", 9, verdicts)] * 100, "md")
    assert len(told) <= 65_536
    assert told.endswith("</details>")


def test_markdown_makes_nothing_of_texts():
    verdict = Verdict(rule(NASTY, reason=NASTY), "error", 1, 1, 0.0, sample=(NASTY,))
    told = rendered([Report(NASTY, 1, (verdict,))], "md")
    row = next(line for line in told.splitlines() if line.startswith("| ❌"))
    assert row.count("|") == 5
    assert not set("`@[]*~") & set(row)
    assert "<img" not in told


# HTML


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing():
    page = Tags(rendered(reports(), "html"))
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert not {"script", "link", "img", "iframe", "object"} & set(tags)
    assert all(not {"src", "href", "style"} & set(attrs) for _, attrs in page.seen)
    assert dict(page.seen)["html"] == {"lang": "en"}
    assert tags.count("table") == tags.count("caption") == 3
    assert {attrs.get("scope") for tag, attrs in page.seen if tag == "th"} == {"col", "row"}
    assert "prefers-color-scheme: dark" in rendered(reports(), "html")


def test_the_page_makes_nothing_of_texts():
    verdict = Verdict(rule(NASTY, reason=NASTY), "error", 1, 1, 0.0, sample=(NASTY,))
    page = Tags(rendered([Report(NASTY, 1, (verdict,))], "html"))
    assert page.open == []
    assert "img" not in [tag for tag, _ in page.seen]


def luminance(color: str) -> float:
    digits = color.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_pages_colors_can_be_read():
    themes = re.findall(r"--ink: (#\w+); --paper: (#\w+); --line: #\w+; --bad: (#\w+); --warn: (#\w+); --good: (#\w+);", rendered([], "html"))  # fmt: skip
    assert len(themes) == 2
    for ink, paper, *marks in themes:
        for color in (ink, *marks):
            light, dark = sorted((luminance(color), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (color, paper)


# words


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Verdict(rule("x"), "passed", 0, 400, 0.0), "all 400 rows hold"),
        (Verdict(rule("x"), "passed", 1, 400, 0.01), "1 of 400 rows fail (0.25 %), 1 % allowed"),
        (Verdict(rule("x"), "error", 1200, 4000, 7), "1,200 of 4,000 rows fail (30 %), 7 allowed"),
        (Verdict(rule("x"), "error", 1, 1_000_000, 0.0), "1 of 1,000,000 rows fail (0.01 %), none allowed"),
        (Verdict(rule("x"), "known", 2, 4, 0.0, known=2), "2 of 4 rows fail (50 %), none allowed, 2 of them accepted"),
        (Verdict(rule("x"), "error", 1, 1, 3 * 86_400, 10.5 * 86_400, "seconds"), "10.5 d old; the limit is 3 d"),
        (Verdict(rule("x"), "error", 1, 1, 0.1, 0.25, "share"), "25 %; the limit is 10 %"),
        (Verdict(rule("x"), "error", 1, 1, 100, 7, "rows"), "7 rows; the limit is 100 rows"),
        (Verdict(rule("x"), "error", 1, 1, 0.2, 0.345678, "distance"), "0.346; the limit is 0.2"),
        (Verdict(rule("x"), "error", 1, 1, 9.0, None, "seconds"), "nothing could be measured"),
        (Verdict(rule("x"), "passed", 0, 0, 0.0), "no rows to judge"),
        (Verdict(rule("x"), "skipped", 0, 0, why_skipped="no such column"), "not judged: no such column"),
    ],
)
def test_what_a_verdict_says(verdict, told):
    assert sentence(verdict) == told


@pytest.mark.parametrize(
    ("share", "told"), [(0, "0 %"), (1, "100 %"), (0.999999, "99.99 %"), (0.00001, "0.01 %"), (0.03, "3 %")]
)
def test_a_percentage_is_100_only_where_it_is(share, told):
    assert percent(share) == told


@pytest.mark.parametrize(
    ("source", "file", "line"),
    [
        ("rules/quality.yaml:12", "rules/quality.yaml", 12),
        ("rules/quality.yaml (as shipped):12", "rules/quality.yaml", 12),
        ("my rules.yaml", "my rules.yaml", None),
        ("/home/me/q.yaml:3", "q.yaml", 3),
        ("../q.yaml:3", "q.yaml", 3),
        (None, "rules/quality.yaml", None),
    ],
)
def test_where_a_rule_stands(source, file, line):
    place = place_of(Verdict(rule("x", source=source), "passed", 0, 0))
    assert (place.file, place.line) == (file, line)


@pytest.mark.parametrize("fail_on", ["info", "warning", "error"])
def test_a_check_fails_where_a_verdict_does(fail_on):
    for report in reports():
        assert report.passes(fail_on) is not any(fails(verdict, fail_on) for verdict in report.verdicts)
