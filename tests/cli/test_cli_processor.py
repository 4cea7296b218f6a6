"""numpy sorts by the instructions that are fastest on the processor."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dq import processor

TOLD = "processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: 17\n"


@pytest.mark.parametrize(
    ("vendor", "family", "before", "after"),
    [
        ("AuthenticAMD", 25, None, processor.AVX_512),
        ("AuthenticAMD", 25, "X86_V3", "X86_V3"),
        ("AuthenticAMD", 26, None, None),
        ("AuthenticAMD", 250, None, None),
        ("GenuineIntel", 25, None, None),
    ],
)
def test_avx_512_is_not_for_zen_4(monkeypatch, tmp_path, vendor, family, before, after):
    told = tmp_path / "cpuinfo"
    told.write_text(TOLD.format(vendor=vendor, family=family), encoding="ascii")
    monkeypatch.setattr(processor, "_TOLD", told)
    monkeypatch.delenv(processor.SETTING, raising=False)
    if before is not None:
        monkeypatch.setenv(processor.SETTING, before)
    processor.choose_sort()
    assert os.environ.get(processor.SETTING) == after


def test_a_system_that_does_not_tell_is_left_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(processor, "_TOLD", tmp_path / "none")
    monkeypatch.delenv(processor.SETTING, raising=False)
    processor.choose_sort()
    assert processor.SETTING not in os.environ


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the setting is for processors of this kind")
def test_numpy_takes_the_setting_without_a_word(tmp_path: Path):
    code = "import numpy; print(numpy.sort(numpy.array([3, 1, 2])).tolist())"
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, processor.SETTING: processor.AVX_512},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert (told.stdout.strip(), told.stderr) == ("[1, 2, 3]", "")
