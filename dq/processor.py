"""The processor: numpy sorts by the instructions that are fastest on it."""

import os
import re
from pathlib import Path

SETTING = "NPY_DISABLE_CPU_FEATURES"
"""Read by numpy when it is loaded."""
AVX_512 = "X86_V4 AVX512_ICL AVX512_SPR"
_TOLD = Path("/proc/cpuinfo")
_ZEN_4 = r"(?m)^vendor_id\s*: AuthenticAMD\n^cpu family\s*: 25$"


def choose_sort() -> None:
    """Ask numpy to sort without AVX-512 on AMD's Zen 4, where that takes four times as long; a setting that is there stays.

    Its form of `COMPRESS` that writes to memory is microcode (Software Optimization Guide for the AMD Zen 4
    Microarchitecture, 2.11.2); OpenJDK's sort goes by the same processors. Where the system does not tell (not Linux),
    nothing is asked.
    """
    try:
        told = _TOLD.read_text(encoding="ascii", errors="replace")
    except OSError:
        return
    if re.search(_ZEN_4, told):
        os.environ.setdefault(SETTING, AVX_512)
