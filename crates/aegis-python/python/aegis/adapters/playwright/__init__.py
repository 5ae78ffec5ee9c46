"""Playwright: actions run in a browser, and every request of its pages asks the gate.

`PlaywrightExecutor` runs the actions navigate, click, fill, read and screenshot of a `Runtime`.
`govern_context` (async API) and `govern_sync_context` (sync API) put a gate before the requests of any
browser context: documents, frames, images, scripts, fetch, forms, beacons, pop-ups, workers, and each hop of
a redirect.

The browser has to be started with `LAUNCH_ARGS`, which take its own network away: what a page sends then
leaves by the gate or not at all.
"""

from __future__ import annotations

from aegis.adapters.extras import require

require("playwright", extra="playwright")

from aegis.adapters.playwright.executor import PlaywrightExecutor  # noqa: E402
from aegis.adapters.playwright.governed_context import (  # noqa: E402
    GovernedContext,
    RefusedRequest,
    govern_context,
    govern_sync_context,
)
from aegis.adapters.playwright.isolation import LAUNCH_ARGS  # noqa: E402

__all__ = [
    "LAUNCH_ARGS",
    "GovernedContext",
    "PlaywrightExecutor",
    "RefusedRequest",
    "govern_context",
    "govern_sync_context",
]
