"""The page about this framework: its program runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("anthropic")

PAGE = Path(__file__).parents[4] / "docs" / "python" / "anthropic.md"


def test_the_program_of_the_page_runs(tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert printed[:2] == [
        "updating 20",
        "I updated 20 records; for more, the owner of the CRM must agree.",
    ]
    assert sorted(printed[2:]) == ["update_records 1000 blocked", "update_records 20 success"]
