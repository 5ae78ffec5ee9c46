"""What the tests of the adapter for Playwright share: a site, a browser, and runtimes."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")

from aegis import Policy, Runtime  # noqa: E402
from aegis.adapters.playwright import LAUNCH_ARGS, GovernedContext, govern_context  # noqa: E402
from aegis.runtime.audit import AuditLogger  # noqa: E402
from aegis.testing import ScriptedApprover  # noqa: E402
from governed_browser import MakeRuntime, Open  # noqa: E402
from listening_site import Site  # noqa: E402
from playwright.async_api import BrowserContext, async_playwright  # noqa: E402


@pytest.fixture(scope="session")
def chromium() -> str:
    """The Chromium of this machine; `AEGIS_TEST_CHROMIUM` names another."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("AEGIS_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install it, or name one in AEGIS_TEST_CHROMIUM")
    return found


@pytest.fixture
def site() -> Iterator[Site]:
    """A site on 127.0.0.1 that remembers all that reaches it."""
    with Site() as one:
        yield one


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The path of the log."""
    return tmp_path / "aegis_audit.db"


@pytest.fixture
def make_runtime(log: Path) -> MakeRuntime:
    """Make a runtime with these rules, whose human gives the answers of the script; else nobody answers."""

    def make(*rules: dict[str, Any], answers: tuple[bool | None, ...] = (), executor: Any = None) -> Runtime:
        named = [{"name": f"rule {index}", "risk_level": "low", **rule} for index, rule in enumerate(rules)]
        return Runtime(
            policy=Policy.from_dict({"version": "1", "defaults": {"approval": "block"}, "rules": named}),
            executor=executor,
            approval_handler=ScriptedApprover(*answers) if answers else ScriptedApprover(*[None] * 20),
            audit_logger=AuditLogger(log),
        )

    return make


@pytest.fixture
def open_context(chromium: str) -> Open:
    """Open a governed context in an isolated Chromium (async API)."""

    @asynccontextmanager
    async def open_one(runtime: Runtime, **options: Any) -> AsyncIterator[tuple[BrowserContext, GovernedContext]]:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium, args=list(LAUNCH_ARGS))
            context = await browser.new_context(service_workers="block")
            context.set_default_timeout(15_000)
            yield context, await govern_context(context, runtime, **options)
            await browser.close()

    return open_one
