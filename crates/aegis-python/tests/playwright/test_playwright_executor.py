"""The executor: its actions, what a refused request makes of them, and what it refuses itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aegis import Action, Result, ResultStatus, Runtime
from aegis.adapters.playwright import PlaywrightExecutor
from aegis.errors import AuditError, UsageError
from aegis.runtime.approval import NobodyApprovalHandler
from governed_browser import MakeRuntime, rows
from listening_site import Site

ACTIONS: dict[str, Any] = {
    "match": {"type": ["navigate", "click", "fill", "read", "screenshot", "hover"]},
    "approval": "auto",
}
READ: dict[str, Any] = {"match": {"type": ["get", "head"]}, "approval": "auto"}
ASK: dict[str, Any] = {"name": "ask", "match": {"type": "post"}, "approval": "approve", "reason": "it writes"}
NO_POST: dict[str, Any] = {
    "name": "no_writing",
    "match": {"type": "post"},
    "approval": "block",
    "reason": "read only",
}
FORM = (
    "<title>form</title><form method=post action=/write><input name=amount><button>Send</button></form>"
    "<p id=text>hello</p>"
)


def _results(runtime: Runtime, *actions: Action) -> list[Result]:
    async def run() -> list[Result]:
        async with runtime:
            return [await runtime.run_one(action) for action in actions]

    return asyncio.run(run())


def _open(site: Site, path: str = "/form") -> Action:
    return Action("navigate", "browser", {"url": f"{site.url}{path}"})


CLICK = Action("click", "browser", {"selector": "button"})


def test_the_five_actions(site: Site, chromium: str, make_runtime: MakeRuntime, tmp_path: Path) -> None:
    """As in the original package, without a gate for requests."""
    site.page("/form", FORM)
    runtime = make_runtime(ACTIONS, executor=PlaywrightExecutor(executable_path=chromium))
    results = _results(
        runtime,
        _open(site),
        Action("fill", "browser", {"selector": "input", "value": "7"}),
        Action("read", "browser", {"selector": "#text"}),
        Action("screenshot", "browser", {"path": str(tmp_path / "page.png")}),
        CLICK,
    )
    assert [result.status for result in results] == [ResultStatus.SUCCESS] * 5
    assert [result.data for result in results[:4]] == [
        {"url": f"{site.url}/form", "status": 200},
        {"selector": "input", "value": "7"},
        {"selector": "#text", "text": "hello"},
        {"path": str(tmp_path / "page.png")},
    ]
    assert (tmp_path / "page.png").stat().st_size > 100
    assert ("POST", b"amount=7") in [(one.method, one.body) for one in site.received]


def test_what_goes_wrong_is_a_failed_result(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Bad params, pages that are not there, elements that are not there, types that it does not know."""
    site.page("/gone", "gone", status=404)
    runtime = make_runtime(ACTIONS, executor=PlaywrightExecutor(executable_path=chromium, timeout=1.0))
    results = _results(
        runtime,
        Action("navigate", "browser", {}),
        Action("navigate", "browser", {"url": "file:///etc/passwd"}),
        Action("navigate", "browser", {"url": "about:version"}),
        Action("navigate", "browser", {"url": ["https://example.com"]}),
        _open(site, "/gone"),
        CLICK,
        Action("hover", "browser", {"selector": "p"}),
    )
    assert [result.status for result in results] == [ResultStatus.FAILED] * 7
    assert "'url'" in str(results[0].error)
    assert "file" in str(results[1].error)
    assert "Timeout" in str(results[5].error) and "Call log" not in str(results[5].error)
    assert "Unsupported action type" in str(results[6].error)


def test_a_refused_action_starts_nothing_in_the_browser(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Blocked, denied and unanswered navigations: the site gets none of them."""
    ask = {"match": {"type": "navigate", "target": "ask"}, "approval": "approve"}
    runtime = make_runtime(ask, answers=(False, None), executor=PlaywrightExecutor(executable_path=chromium))
    url = {"url": f"{site.url}/x"}
    results = _results(runtime, *(Action("navigate", target, url) for target in ("blocked", "ask", "ask")))
    assert [result.status for result in results] == [
        ResultStatus.BLOCKED,
        ResultStatus.DENIED,
        ResultStatus.UNANSWERED,
    ]
    assert site.received == []


def test_a_click_that_would_write_fails_where_writing_is_refused(
    site: Site, chromium: str, make_runtime: MakeRuntime
) -> None:
    """The click is allowed, its form is not: the result says so, and the site gets nothing."""
    site.page("/form", FORM)
    executor = PlaywrightExecutor(executable_path=chromium)
    runtime = make_runtime(NO_POST, READ, ACTIONS, executor=executor)
    executor.govern(runtime)
    opened, clicked = _results(runtime, _open(site), CLICK)
    assert opened.ok and clicked.status is ResultStatus.FAILED
    assert "no_writing" in str(clicked.error) and "read only" in str(clicked.error)
    assert clicked.data["refused"][0]["method"] == "POST"
    assert site.paths("POST") == []
    assert [(row["action_type"], row["decision"]) for row in rows(runtime)] == [
        ("navigate", "auto"),
        ("get", "auto"),
        ("click", "auto"),
        ("post", "block"),
    ]


def test_a_click_waits_for_what_it_sends(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Also for what the page sends a moment later."""
    site.page("/form", "<button onclick=\"setTimeout(() => fetch('/write', {method: 'POST'}), 50)\">Send</button>")
    executor = PlaywrightExecutor(executable_path=chromium)
    runtime = make_runtime(NO_POST, READ, ACTIONS, executor=executor)
    executor.govern(runtime)
    _, clicked = _results(runtime, _open(site), CLICK)
    assert clicked.status is ResultStatus.FAILED and "no_writing" in str(clicked.error)
    assert site.paths("POST") == []


def test_a_click_that_a_human_allows(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Asked once for what the form sends; the second click is asked about again, and refused."""
    site.page("/form", FORM)
    executor = PlaywrightExecutor(executable_path=chromium)
    runtime = make_runtime(ASK, READ, ACTIONS, answers=(True, False), executor=executor)
    executor.govern(runtime)
    results = _results(runtime, _open(site), CLICK, _open(site), CLICK)
    assert [result.ok for result in results] == [True, True, True, False]
    assert site.paths("POST") == ["/write"]


def test_a_pending_question_is_named_in_the_result(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Nobody is there: the result has the id under which the question waits."""
    site.page("/form", FORM)
    executor = PlaywrightExecutor(executable_path=chromium)
    runtime = make_runtime(ASK, READ, ACTIONS, executor=executor)
    requests = Runtime(
        policy=runtime.policy, approval_handler=NobodyApprovalHandler(), audit_logger=runtime.audit.db_path
    )
    executor.govern(requests)
    _, clicked = _results(runtime, _open(site), CLICK)
    assert clicked.status is ResultStatus.FAILED
    request = clicked.data["refused"][0]["request"]
    assert request["id"] in str(clicked.error)
    assert site.paths("POST") == []


def test_a_navigation_that_is_refused_fails(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """The action is allowed, the request is not."""
    executor = PlaywrightExecutor(executable_path=chromium)
    runtime = make_runtime(ACTIONS, executor=executor)
    executor.govern(runtime)
    (result,) = _results(runtime, _open(site))
    assert result.status is ResultStatus.FAILED
    assert "ERR_" not in str(result.error) and result.data["refused"]
    assert site.received == []


def test_a_page_without_its_picture_is_still_that_page(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """A refused image is told, and is no failure."""
    site.page("/form", "<img src=/picture>")
    executor = PlaywrightExecutor(executable_path=chromium)
    runtime = make_runtime({"match": {"target": "*/picture"}, "approval": "block"}, READ, ACTIONS, executor=executor)
    executor.govern(runtime)
    (result,) = _results(runtime, _open(site))
    assert result.ok
    assert [one["url"] for one in result.data["refused"]] == [f"{site.url}/picture"]


def test_a_failing_log_is_an_exception(
    site: Site, chromium: str, make_runtime: MakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a result, which an agent might go on after."""
    requests = make_runtime(READ)

    async def broken(*_: Any) -> Any:
        raise AuditError("the log is full")

    monkeypatch.setattr(requests, "acall", broken)
    executor = PlaywrightExecutor(executable_path=chromium, runtime=requests)

    async def run() -> None:
        await executor.setup()
        try:
            with pytest.raises(AuditError, match="the log is full"):
                await executor.execute(_open(site))
        finally:
            await executor.teardown()

    asyncio.run(run())
    assert site.received == []


def test_it_says_what_it_cannot_do(make_runtime: MakeRuntime, chromium: str) -> None:
    """Wrong options, use before setup, governing too late, and a browser that is not there."""
    with pytest.raises(UsageError, match="browser_type"):
        PlaywrightExecutor(browser_type="lynx")
    with pytest.raises(UsageError, match="firefox"):
        PlaywrightExecutor(browser_type="firefox", runtime=make_runtime(READ))
    with pytest.raises(UsageError, match="origin"):
        PlaywrightExecutor(runtime=make_runtime(READ), allowed_origins=["example.com"])

    async def run() -> None:
        executor = PlaywrightExecutor(executable_path=chromium)
        with pytest.raises(UsageError, match="setup"):
            await executor.execute(CLICK)
        await executor.setup()
        try:
            with pytest.raises(UsageError, match="before"):
                executor.govern(make_runtime(READ))
        finally:
            await executor.teardown()
        missing = PlaywrightExecutor(executable_path="/nonexistent/chromium")
        with pytest.raises(Exception, match="nonexistent"):
            await missing.setup()
        await missing.teardown()

    asyncio.run(run())


def test_arguments_of_the_caller_do_not_undo_the_isolation(
    site: Site, chromium: str, make_runtime: MakeRuntime
) -> None:
    """Ours come last."""
    executor = PlaywrightExecutor(
        executable_path=chromium,
        launch_args=["--host-resolver-rules=MAP nothing nowhere"],
        runtime=make_runtime(READ),
    )
    runtime = make_runtime(ACTIONS, executor=executor)
    (result,) = _results(runtime, _open(site))
    assert result.ok
