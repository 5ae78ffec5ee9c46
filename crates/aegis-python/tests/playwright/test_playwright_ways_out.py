"""A real Chromium with a page that tries every way out: what the site received is the proof."""

from __future__ import annotations

import asyncio
from typing import Any

from aegis.adapters.playwright import LAUNCH_ARGS, govern_sync_context
from governed_browser import MakeRuntime, Open, rows
from listening_site import Site
from playwright.async_api import BrowserContext, async_playwright
from playwright.sync_api import sync_playwright
from ways_out import HTTP_WAYS, TCP_WAYS, UDP_WAYS, page

START_ONLY: tuple[dict[str, Any], ...] = (
    {"match": {"type": "get", "target": ["*/start", "*/csp", "*/next", "*/redirect/*"]}, "approval": "auto"},
    {"match": {"type": "post", "target": "*/redirect/*"}, "approval": "auto"},
    {"name": "nothing_leaves", "approval": "block", "reason": "nothing else leaves"},
)
ALLOWED = ("/start", "/csp", "/next")
# Ways that Playwright does not show to a handler: without a network they fail, whatever the policy says.
NEVER = {
    "download",
    "unload-beacon",
    "unload-keepalive",
    "speculative-prefetch",
    "prerender",
    "shared-worker-fetch",
    "shared-worker-script",
    "csp-report",
}


def _lay_out(site: Site) -> None:
    site.page("/start", page(site))
    site.page("/next", "<title>next</title>")
    site.page(
        "/csp",
        "<img src='https://blocked.invalid/x'>",
        content_security_policy="img-src 'none'; report-uri /way/csp-report",
    )


def _received(site: Site) -> set[str]:
    return {path.removeprefix("/way/") for path in site.paths() if path.startswith("/way/")}


async def _try_everything(context: BrowserContext, site: Site) -> None:
    tab = await context.new_page()
    await tab.goto(f"{site.url}/start")
    await tab.wait_for_function("window.done")
    await tab.goto(f"{site.url}/next")
    await tab.close(run_before_unload=True)
    await asyncio.sleep(1.5)


async def _governed(open_context: Open, runtime: Any, site: Site) -> list[str]:
    async with open_context(runtime) as (context, governed):
        await _try_everything(context, site)
        governed.check()
        return [one.url.partition("?")[0].rpartition("/")[2] for one in governed.refusals]


def test_every_way_is_a_way_out_of_a_browser_without_a_gate(site: Site, chromium: str) -> None:
    """The control: what is not received in the other tests is received here, so each way is really tried."""
    _lay_out(site)

    async def run() -> None:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium)
            await _try_everything(await browser.new_context(), site)
            await browser.close()

    asyncio.run(run())
    # `ping`, `download`, `object` and `video` are among them. What is missing here proves nothing elsewhere.
    assert set(HTTP_WAYS) - _received(site) == set()
    begun = {name for name, start in TCP_WAYS.items() if any(one.startswith(start) for one in site.connections)}
    assert begun == set(TCP_WAYS)
    assert len(site.datagrams) >= UDP_WAYS


def test_nothing_leaves_that_the_policy_refuses(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """Only the allowed paths arrive: no way, no second hop of a redirect, no connection, no datagram."""
    _lay_out(site)
    runtime = make_runtime(*START_ONLY)
    refused = asyncio.run(_governed(open_context, runtime, site))

    assert {path for path in site.paths() if not path.startswith("/redirect/")} == set(ALLOWED)
    assert site.connections == []
    assert site.datagrams == []
    # Each was refused by the gate and is on record, but for those that the browser keeps to itself.
    blocked = {row["action_target"].rpartition("/")[2] for row in rows(runtime) if row["decision"] == "block"}
    assert set(HTTP_WAYS) - blocked - NEVER == set()
    assert set(HTTP_WAYS) - set(refused) - NEVER == set()
    assert "page" in refused  # the web socket


def test_the_sync_api_holds_everything_back_too(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """The same page, governed by the twin for the sync API."""
    _lay_out(site)
    runtime = make_runtime(*START_ONLY)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(LAUNCH_ARGS))
        context = browser.new_context(service_workers="block")
        governed = govern_sync_context(context, runtime)
        tab = context.new_page()
        tab.goto(f"{site.url}/start")
        tab.wait_for_function("window.done")
        tab.goto(f"{site.url}/next")
        tab.close(run_before_unload=True)
        other = context.new_page()
        other.wait_for_timeout(1500)
        governed.check()
        browser.close()
    assert {path for path in site.paths() if not path.startswith("/redirect/")} == set(ALLOWED)
    assert site.connections == []
    assert site.datagrams == []
    blocked = {row["action_target"].rpartition("/")[2] for row in rows(runtime) if row["decision"] == "block"}
    assert set(HTTP_WAYS) - blocked - NEVER == set()


def test_what_the_policy_allows_arrives(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """The same page with a policy that lets all through: it is the policy that refuses."""
    _lay_out(site)
    runtime = make_runtime({"approval": "auto"})
    asyncio.run(_governed(open_context, runtime, site))
    assert set(HTTP_WAYS) - _received(site) - NEVER == set()
    # Web sockets and everything below HTTP have no policy, and stay out.
    assert site.connections == []
    assert site.datagrams == []
    # Every request that arrived has its row, and nothing arrived twice.
    recorded = [row["action_params"]["path"] for row in rows(runtime)]
    assert sorted(recorded) == sorted(site.paths())


def test_a_service_worker_sends_nothing_past_the_gate(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Also where the context did not block service workers."""
    site.page("/start", "<title>start</title>")
    site.page(
        "/worker.js",
        f"""const post = {{method: 'POST', body: 'x'}};
        const send = name => fetch('{site.url}/way/' + name, post).catch(() => 0);
        self.addEventListener('install', event => event.waitUntil(send('install')));
        self.addEventListener('fetch', () => {{ send('fetched') }});""",
        content_type="text/javascript",
    )
    runtime = make_runtime(
        {"match": {"type": "get", "target": ["*/start", "*/worker.js"]}, "approval": "auto"},
    )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(LAUNCH_ARGS))
        context = browser.new_context(service_workers="allow")
        govern_sync_context(context, runtime)
        tab = context.new_page()
        tab.goto(f"{site.url}/start")
        tab.evaluate(
            """Promise.race([navigator.serviceWorker.register('/worker.js').catch(() => 0),
            new Promise(r => setTimeout(r, 3000))]).then(() => 1)"""
        )
        tab.wait_for_timeout(1000)
        tab.reload()
        tab.wait_for_timeout(500)
        browser.close()
    assert not [path for path in site.paths() if path.startswith("/way/")]
