"""The page about this framework: its program runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("httpx")

PAGE = Path(__file__).parents[4] / "docs" / "python" / "httpx.md"


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
    assert printed[:5] == [
        "{'path': '/users'}",
        "200",
        "refused: POST https://api.example.com/orders by <default>",
        "refused: GET https://elsewhere.example.org/ by <default>",
        "not decided: RequestInvalid",
    ]
    assert sorted(printed[5:]) == [
        "get https://api.example.com/moved success",
        "get https://api.example.com/users success",
        "get https://elsewhere.example.org/ blocked",
        "post https://api.example.com/orders blocked",
        "post https://api.example.com/orders success",
    ]
