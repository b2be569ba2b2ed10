"""docs/benchmarks.md: what each benchmark printed when it was last recorded, when, and on what machine."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.M)


def machine() -> str:
    """Processor, cores and Python, as a figure's reader needs them."""
    model = _MODEL.search(Path("/proc/cpuinfo").read_text())
    processor = model[1] if model else platform.machine()
    return f"{os.cpu_count()} cores of {processor}, Python {platform.python_version()}"


def section(name: str, about: str, printed: str) -> str:
    """One benchmark's part of the page."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"## {name}\n\n{about}.\n\n{today}, {machine()}:\n\n```text\n{printed.strip()}\n```\n"


def recorded(page: str, name: str, new: str) -> str:
    """The page with this part renewed; one that it has not had yet comes last."""
    old = re.compile(rf"^## {re.escape(name)}\n.*?(?=^## |\Z)", re.M | re.S)
    if old.search(page):
        return old.sub(lambda _: f"{new}\n", page).rstrip("\n") + "\n"
    return f"{page.rstrip()}\n\n{new}"
