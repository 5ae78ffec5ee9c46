"""Importing the adapter: without Playwright, and with one that lacks what the gate needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

MISSING = "import sys; sys.modules['playwright'] = None; import aegis.adapters.playwright"
TOO_OLD = (
    "import playwright.async_api as api; del api.BrowserContext.route_web_socket; import aegis.adapters.playwright"
)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (MISSING, "pip install 'aegis-policy[playwright]'"),
        (TOO_OLD, "has no BrowserContext.route_web_socket"),
    ],
)
def test_what_is_missing_is_named(program: str, said: str) -> None:
    """An ImportError, and nothing that works halfway."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ImportError" in done.stderr and said in done.stderr


def test_importing_aegis_imports_no_browser() -> None:
    """The adapter is loaded by those who ask for it."""
    program = "import sys, aegis; assert 'playwright' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
