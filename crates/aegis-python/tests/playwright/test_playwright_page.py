"""The programs of the documentation page run as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[4] / "docs" / "python" / "playwright.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def _run(program: str, directory: Path, chromium: str) -> str:
    # The programs look for `chromium` on PATH.
    (directory / "bin").mkdir()
    (directory / "bin" / "chromium").symlink_to(chromium)
    env = {**os.environ, "PATH": f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_two_programs() -> None:
    """A new one needs a test."""
    assert len(PROGRAMS) == 2


def test_the_shop_gets_no_order(tmp_path: Path, chromium: str) -> None:
    """Actions and requests."""
    said = _run(PROGRAMS[0], tmp_path, chromium)
    assert said.startswith("12 EUR\nfailed\n")
    assert "orders" in said and "an order costs money" in said
    assert "orders: []" in said
    assert re.search(r"^post http://127\.0\.0\.1:\d+/order denied$", said, re.MULTILINE)


def test_a_context_of_ones_own(tmp_path: Path, chromium: str) -> None:
    """A refusal in words."""
    said = _run(PROGRAMS[1], tmp_path, chromium)
    assert "this is a demonstration" in said and "nothing" in said


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_import_only_public_names(program: str) -> None:
    """Nothing with an underscore."""
    assert not re.search(r"^from .* import .*\b_", program, re.MULTILINE)
