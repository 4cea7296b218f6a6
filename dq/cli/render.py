"""Values as text on stdout."""

import json
import os
import sys
from typing import Any


def print_json(data: Any) -> None:
    """Print a JSON value."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def colored() -> bool:
    """Whether stdout takes colors: a terminal, and NO_COLOR not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
