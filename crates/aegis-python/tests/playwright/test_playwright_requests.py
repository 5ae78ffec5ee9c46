"""Requests of governed contexts, one by one: redirects, bodies, cookies, approvals, and a gate that fails."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from aegis import Policy, Runtime
from aegis.adapters.playwright import LAUNCH_ARGS, GovernedContext, govern_context, govern_sync_context
from aegis.errors import ActionError, AuditError, Blocked, Denied, Unanswered, UsageError
from aegis.runtime.approval import NobodyApprovalHandler
from aegis.runtime.audit import AuditLogger
from aegis.testing import answer_waiting
from governed_browser import MakeRuntime, Open, eventually, rows
from listening_site import Site
from playwright.async_api import BrowserContext, Page, async_playwright
from playwright.async_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

READ: dict[str, Any] = {"match": {"type": ["get", "head"]}, "approval": "auto"}
ASK: dict[str, Any] = {"name": "ask", "match": {"type": "post"}, "approval": "approve", "reason": "it writes"}
POST = "fetch('/write', {method: 'POST', body: 'x=1'}).then(r => r.status, e => String(e))"


def _run(open_context: Open, runtime: Runtime, site: Site, steps: Any, **options: Any) -> tuple[Any, GovernedContext]:
    async def run() -> tuple[Any, GovernedContext]:
        async with open_context(runtime, **options) as (context, governed):
            tab = await context.new_page()
            site.page("/start", "<title>start</title>")
            await tab.goto(f"{site.url}/start")
            return await steps(tab, context), governed

    return asyncio.run(run())


# ------------------------------------------------------------ redirects


def test_a_navigation_that_is_redirected_ends_where_the_server_says(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """Each hop is an action of its own, and the page has the address and the origin of the last."""
    site.page("/landing", "<title>landed</title>")

    async def steps(tab: Page, _: BrowserContext) -> tuple[str, str, str]:
        await tab.goto(f"{site.url}/redirect/one?to={site.other}/landing%23part")
        await tab.wait_for_function("document.title == 'landed'")
        return tab.url, await tab.title(), await tab.evaluate("origin")

    runtime = make_runtime(READ)
    (url, title, origin), _ = _run(open_context, runtime, site, steps)
    assert (url, title, origin) == (f"{site.other}/landing#part", "landed", site.other)
    assert [row["action_params"]["path"] for row in rows(runtime)] == ["/start", "/redirect/one", "/landing"]
    assert site.paths() == ["/start", "/redirect/one", "/landing"]


def test_a_form_that_is_answered_with_see_other_goes_on_as_a_get(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """303 after POST, as most sites do it."""
    site.page("/landing", "<title>landed</title>")

    async def steps(tab: Page, _: BrowserContext) -> str:
        await tab.set_content(
            f"<form method=post action='{site.url}/redirect/form?status=303&to=/landing'><input name=a value=b></form>"
        )
        await tab.evaluate("document.forms[0].submit()")
        await tab.wait_for_function("document.title == 'landed'")
        return tab.url

    runtime = make_runtime(READ, {"match": {"type": "post"}, "approval": "auto"})
    url, _ = _run(open_context, runtime, site, steps)
    assert url == f"{site.url}/landing"
    assert [(one.method, one.body) for one in site.received[-2:]] == [("POST", b"a=b"), ("GET", b"")]


def test_a_form_that_would_be_sent_again_elsewhere_is_not(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """307 after POST would repeat the body at an address that no document of ours can lead to."""

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.set_content(
            f"<form method=post action='{site.url}/redirect/form?status=307&to={site.other}/steal'>"
            "<input name=a value=b></form>"
        )
        await tab.evaluate("document.forms[0].submit()")
        await eventually(lambda: "/redirect/form" in site.paths(), asyncio.sleep)
        await asyncio.sleep(0.5)

    runtime = make_runtime({"approval": "auto"})
    _, governed = _run(open_context, runtime, site, steps)
    assert "/steal" not in site.paths()
    assert "repeats" in governed.refusals[-1].text


def test_a_fetch_that_is_redirected_repeats_its_body_only_by_leave(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """307: the second hop carries the body, and is a row of its own with the digest of it."""

    async def steps(tab: Page, _: BrowserContext) -> int:
        return int(
            await tab.evaluate(
                "fetch('/redirect/f?status=307&to=/second', {method: 'POST', body: 'secret'}).then(r => r.status)"
            )
        )

    runtime = make_runtime({"approval": "auto"})
    status, _ = _run(open_context, runtime, site, steps)
    assert status == 200
    assert [(one.method, one.path, one.body) for one in site.received][-1] == ("POST", "/second", b"secret")
    last = rows(runtime)[-1]["action_params"]
    assert last["redirected_from"].startswith(f"{site.url}/redirect/f")
    assert last["body_sha256"] == hashlib.sha256(b"secret").hexdigest()


def test_a_fetch_that_becomes_a_get_sends_its_body_once(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """302 after POST: the body stays with the first hop."""

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.evaluate("fetch('/redirect/f?to=/second', {method: 'POST', body: 'secret'}).then(r => r.status)")

    _run(open_context, make_runtime({"approval": "auto"}), site, steps)
    assert (site.received[-1].method, site.received[-1].path, site.received[-1].body) == (
        "GET",
        "/second",
        b"",
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["fetch", "navigation"])
def test_no_second_hop_without_leave(
    site: Site, make_runtime: MakeRuntime, open_context: Open, status: int, kind: str
) -> None:
    """The first hop is allowed, the second blocked: the site gets the first only."""

    async def steps(tab: Page, _: BrowserContext) -> None:
        path = f"/redirect/x?status={status}&to={site.other}/blocked"
        if kind == "fetch":
            await tab.evaluate(f"fetch('{path}').catch(() => 0).then(() => 1)")
        else:
            await tab.evaluate(f"location.href = '{path}'")
            await eventually(lambda: "/redirect/x" in site.paths(), asyncio.sleep)
            await asyncio.sleep(0.7)

    runtime = make_runtime({"match": {"target": "*/blocked"}, "approval": "block"}, READ)
    _, governed = _run(open_context, runtime, site, steps)
    assert site.paths() == ["/start", "/redirect/x"]
    assert isinstance(governed.refusals[-1].error, Blocked)


def test_a_redirect_gives_no_page_what_another_origin_keeps_to_itself(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """A browser would ask the other origin (CORS); it never learns of the redirect, so the gate has to."""
    with Site() as other:
        other.page("/private", "the diary")
        other.page("/public", "the weather", access_control_allow_origin="*")

        async def steps(tab: Page, context: BrowserContext) -> list[str]:
            # A cookie does not look at ports, so it would fit both origins.
            await context.add_cookies([{"name": "session", "value": "s", "url": other.url, "sameSite": "Lax"}])
            read = "fetch('/redirect/r?to=' + encodeURIComponent('%s')).then(r => r.text(), e => 'refused')"
            return [
                await tab.evaluate(read % f"{other.url}/private"),
                await tab.evaluate(read % f"{other.url}/public"),
            ]

        runtime = make_runtime({"approval": "auto"})
        texts, _ = _run(open_context, runtime, site, steps)
        assert texts == ["refused", "the weather"]
        # No cookie goes to another origin with a request that a page of this one is to read.
        assert [one.headers.get("cookie", "") for one in other.received] == ["", ""]
        assert "session=s" in site.received[-1].headers["cookie"]


def test_endless_redirects_end(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """A redirect to itself is given up after twenty hops."""
    site.page("/redirect/loop", "", location="/redirect/loop?to=x")

    async def steps(tab: Page, _: BrowserContext) -> str:
        return str(await tab.evaluate("fetch('/redirect/loop?to=x').then(r => r.text(), e => 'refused')"))

    text, _ = _run(open_context, make_runtime(READ), site, steps)
    assert text == "refused"
    assert site.paths().count("/redirect/loop") == 21


# ------------------------------------------------------------ what is sent


def test_what_is_recorded_is_what_is_sent(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """Method, URL, query, JSON body and digest of a request, as the record and the site have them."""

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.evaluate(
            """fetch('/write?a=1&a=2#part', {method: 'PUT',
            headers: {'content-type': 'application/json', 'x-api-key': 'k'},
            body: '{"amount": 5,  "to": "ana"}'})"""
        )

    runtime = make_runtime({"approval": "auto"})
    _run(open_context, runtime, site, steps)
    row, received = rows(runtime)[-1], site.received[-1]
    params = row["action_params"]
    assert (row["action_type"], row["action_target"]) == ("put", f"{site.url}/write")
    assert params["url"] == f"{site.url}/write?a=1&a=2"
    assert params["query"] == {"a": ["1", "2"]}
    assert params["body"] == {"amount": 5, "to": "ana"}
    assert params["body_sha256"] == hashlib.sha256(received.body).hexdigest()
    assert (params["resource_type"], params["initiator"]) == ("fetch", site.url)
    assert "redacted" in params["headers"]["x-api-key"]
    assert (received.method, received.path, received.headers["x-api-key"]) == ("PUT", "/write?a=1&a=2", "k")


def test_json_that_can_be_read_in_two_ways_is_refused(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """A key twice: a rule about `amount` would decide about the one, the server would take the other."""

    async def steps(tab: Page, _: BrowserContext) -> str:
        return str(
            await tab.evaluate(
                """fetch('/write', {method: 'POST', headers: {'content-type': 'application/json'},
                body: '{"amount": 1, "amount": 1000}'}).then(r => r.status, e => 'refused')"""
            )
        )

    text, governed = _run(open_context, make_runtime({"approval": "auto"}), site, steps)
    assert text == "refused"
    assert "/write" not in site.paths()
    assert isinstance(governed.refusals[-1].error, ActionError)


def test_a_request_runs_with_the_recorded_parameters(
    site: Site, make_runtime: MakeRuntime, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate's own copy says where the request goes and how, not the request that was asked about."""
    runtime = make_runtime({"approval": "auto"})
    real = runtime.acall

    async def recorded(action: Any, body: Any) -> Any:
        async def with_others(params: dict[str, Any]) -> Any:
            return await body({**params, "url": params["url"].replace("/asked", "/recorded")})

        return await real(action, with_others)

    monkeypatch.setattr(runtime, "acall", recorded)

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.evaluate("fetch('/asked')")

    _run(open_context, runtime, site, steps)
    assert site.paths() == ["/start", "/recorded"]


def test_other_bytes_than_the_recorded_are_not_sent(
    site: Site, make_runtime: MakeRuntime, open_context: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest that is not that of the body stops the request, and the gate with it."""
    runtime = make_runtime({"approval": "auto"})
    real = runtime.acall

    async def forged(action: Any, body: Any) -> Any:
        async def with_others(params: dict[str, Any]) -> Any:
            return await body({**params, "body_sha256": "0" * 64} if "body_sha256" in params else params)

        return await real(action, with_others)

    monkeypatch.setattr(runtime, "acall", forged)

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.evaluate(POST)

    _, governed = _run(open_context, runtime, site, steps)
    assert "/write" not in site.paths()
    with pytest.raises(AuditError):
        governed.check()


def test_uploads_and_binary_bodies_arrive_whole(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """A form with a file, and bytes that are no text."""

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.evaluate(
            """(async () => {
              const form = new FormData(); form.append('file', new File(['contents'], 'x.txt'));
              await fetch('/form', {method: 'POST', body: form});
              await fetch('/bytes', {method: 'POST', body: new Uint8Array([0, 255, 128])});
            })()"""
        )

    _run(open_context, make_runtime({"approval": "auto"}), site, steps)
    bodies = {one.path: one.body for one in site.received}
    assert b"contents" in bodies["/form"]
    assert bodies["/bytes"] == b"\x00\xff\x80"


def test_a_file_from_the_disk_is_refused_and_not_sent_empty(
    site: Site, make_runtime: MakeRuntime, open_context: Open, tmp_path: Path
) -> None:
    """Chromium does not show its contents. With the bytes given to Playwright, the form arrives whole."""
    form = f"<form method=post enctype=multipart/form-data action={site.url}/up><input type=file name=f></form>"
    (tmp_path / "note.txt").write_text("from the disk")

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.set_content(form)
        await tab.set_input_files("input", tmp_path / "note.txt")
        await tab.evaluate("document.forms[0].submit()")
        await asyncio.sleep(0.5)
        assert site.paths("POST") == []
        await tab.goto(f"{site.url}/start")
        await tab.set_content(form)
        await tab.set_input_files("input", {"name": "note.txt", "mimeType": "text/plain", "buffer": b"from memory"})
        await tab.evaluate("document.forms[0].submit()")
        await tab.wait_for_url("**/up")
        await tab.goto(f"{site.url}/start")
        await tab.set_content(form)
        await tab.evaluate("document.forms[0].submit()")
        await tab.wait_for_url("**/up")

    _, governed = _run(open_context, make_runtime({"approval": "auto"}), site, steps)
    assert ["from memory" in one.body.decode() for one in site.received if one.path == "/up"] == [True, False]
    assert [one.method for one in governed.refusals] == ["POST"]
    assert "from the disk" in governed.refusals[0].text


def test_a_download_is_a_request_like_any_other(
    site: Site, make_runtime: MakeRuntime, open_context: Open, tmp_path: Path
) -> None:
    """A navigation that is answered with an attachment, allowed and refused."""
    site.page("/file", "the report", content_disposition="attachment; filename=report.txt")
    site.page("/secret", "the secret", content_disposition="attachment; filename=secret.txt")

    async def steps(tab: Page, _: BrowserContext) -> None:
        async with tab.expect_download() as waiting:
            await tab.evaluate("location.href = '/file'")
        await (await waiting.value).save_as(tmp_path / "report.txt")
        await tab.evaluate("location.href = '/secret'")
        await asyncio.sleep(0.5)

    runtime = make_runtime({"match": {"target": "*/secret"}, "approval": "block"}, READ)
    _, governed = _run(open_context, runtime, site, steps)
    assert (tmp_path / "report.txt").read_text() == "the report"
    assert "/secret" not in site.paths()
    assert governed.refusals[-1].url.endswith("/secret")


def test_cookies_stay_on_their_site(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """A page of another site makes the browser send a request: Lax and Strict cookies stay behind."""

    async def steps(tab: Page, context: BrowserContext) -> None:
        await context.add_cookies(
            [
                {"name": "strict", "value": "1", "sameSite": "Strict", "domain": "127.0.0.1", "path": "/"},
                {"name": "lax", "value": "1", "sameSite": "Lax", "domain": "127.0.0.1", "path": "/"},
            ]
        )
        await tab.evaluate("fetch('/own', {method: 'POST'})")
        await tab.evaluate("fetch('/own-get')")
        script = "<script>fetch('%s', {mode: 'no-cors'})</script>"
        await tab.set_content(
            f"""<iframe src="data:text/html,{script % f"{site.url}/data"}"></iframe>"""
            f"""<iframe srcdoc="{script % f"{site.url}/srcdoc"}"></iframe>"""
        )
        await eventually(lambda: {"/data", "/srcdoc"} <= set(site.paths()), asyncio.sleep)
        await tab.goto(f"{site.other}/start")
        await tab.evaluate(f"fetch('{site.url}/foreign', {{method: 'POST', mode: 'no-cors'}}).catch(() => 0)")
        await tab.set_content(f"<form method=post action='{site.url}/foreign-form'></form>")
        await tab.evaluate("document.forms[0].submit()")
        await tab.wait_for_url("**/foreign-form")
        await tab.goto(f"{site.other}/start")
        await tab.evaluate(f"location.href = '{site.url}/foreign-link'")
        await eventually(lambda: "/foreign-link" in site.paths(), asyncio.sleep)

    _run(open_context, make_runtime({"approval": "auto"}), site, steps)
    cookies = {one.path: one.headers.get("cookie", "") for one in site.received}
    for own in ("/own", "/own-get", "/srcdoc"):
        assert sorted(cookies[own].split("; ")) == ["lax=1", "strict=1"]
    assert cookies["/data"] == ""
    assert (cookies["/foreign"], cookies["/foreign-form"]) == ("", "")
    assert cookies["/foreign-link"] == "lax=1"


# ------------------------------------------------------------ what is an action


def test_reading_from_a_named_origin_is_no_action(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """GET there passes unrecorded; writing there, and a redirect from there, ask the gate."""

    async def steps(tab: Page, _: BrowserContext) -> None:
        await tab.evaluate("fetch('/read')")
        await tab.evaluate(POST)
        await tab.evaluate(f"fetch('/redirect/out?to={site.other}/elsewhere').catch(() => 0).then(() => 1)")

    runtime = make_runtime({"approval": "block"})
    _run(open_context, runtime, site, steps, allowed_origins=[site.url])
    assert site.paths() == ["/start", "/read", "/redirect/out"]
    assert [(row["action_type"], row["action_params"]["path"]) for row in rows(runtime)] == [
        ("post", "/write"),
        ("get", "/elsewhere"),
    ]


# ------------------------------------------------------------ approvals


def test_a_yes_lets_one_request_through(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """Yes, no, nobody: of the same request made three times, one arrives."""

    async def steps(tab: Page, _: BrowserContext) -> list[str]:
        return [str(await tab.evaluate(POST)) for _ in range(3)]

    runtime = make_runtime(READ, ASK, answers=(True, False, None))
    answers, governed = _run(open_context, runtime, site, steps)
    assert answers[0] == "200" and "TypeError" in answers[1] and "TypeError" in answers[2]
    assert site.paths("POST") == ["/write"]
    assert [type(one.error) for one in governed.refusals] == [Denied, Unanswered]
    assert [row["decision"] for row in rows(runtime)][-3:] == ["approved", "denied", "unanswered"]


def test_a_waiting_question_is_used_once(site: Site, log: Path, open_context: Open) -> None:
    """Nobody is there: the request is refused under an id. Once that is approved, it passes, once."""
    runtime = Runtime(
        policy=Policy.from_dict({"version": "1", "rules": [{**READ, "name": "read"}, ASK]}),
        approval_handler=NobodyApprovalHandler(),
        audit_logger=AuditLogger(log),
    )

    async def run() -> list[str]:
        async with open_context(runtime) as (context, governed):
            tab = await context.new_page()
            await tab.goto(f"{site.url}/start")
            answers = [str(await tab.evaluate(POST))]
            error = governed.refusals[-1].error
            assert isinstance(error, Unanswered) and error.request is not None
            assert error.request["id"] in governed.refusals[-1].text
            assert site.paths("POST") == []
            await asyncio.to_thread(answer_waiting, log, error.request["id"], approve=True)
            answers += [str(await tab.evaluate(POST)) for _ in range(2)]
            return answers

    answers = asyncio.run(run())
    assert [answer == "200" for answer in answers] == [False, True, False]
    assert site.paths("POST") == ["/write"]


def test_requests_at_the_same_time_are_decided_each_by_itself(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """Twelve at once, half of them refused."""

    async def steps(tab: Page, _: BrowserContext) -> list[bool]:
        return list(
            await tab.evaluate(
                """Promise.all([...Array(12).keys()].map(
                i => fetch(i % 2 ? '/odd/' + i : '/even/' + i).then(() => true, () => false)))"""
            )
        )

    runtime = make_runtime({"match": {"target": "*/odd/*"}, "approval": "block"}, READ)
    answers, _ = _run(open_context, runtime, site, steps)
    assert answers == [True, False] * 6
    assert sorted(site.paths())[:-1] == sorted(f"/even/{number}" for number in range(0, 12, 2))


# ------------------------------------------------------------ a gate that fails


@pytest.mark.parametrize("error", [AuditError("the log is full"), RuntimeError("a defect")])
def test_a_gate_that_fails_lets_nothing_through_any_more(
    site: Site,
    make_runtime: MakeRuntime,
    open_context: Open,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """The request is aborted, those after it too, and the error is there for the program."""
    runtime = make_runtime({"approval": "auto"})
    real = runtime.acall

    async def broken(action: Any, body: Any) -> Any:
        if action.type == "post":
            raise error
        return await real(action, body)

    monkeypatch.setattr(runtime, "acall", broken)

    async def steps(tab: Page, _: BrowserContext) -> list[str]:
        return [
            str(await tab.evaluate(POST)),
            str(await tab.evaluate("fetch('/later').then(r => r.status, e => String(e))")),
        ]

    answers, governed = _run(open_context, runtime, site, steps, allowed_origins=["*"])
    assert all("TypeError" in answer for answer in answers)
    assert site.paths() == ["/start"]
    with pytest.raises(type(error), match=str(error)):
        governed.check()


def test_a_log_that_cannot_be_written_stops_everything(
    site: Site, make_runtime: MakeRuntime, open_context: Open, log: Path
) -> None:
    """The real log, replaced under the gate by a directory."""
    runtime = make_runtime({"approval": "auto"})

    async def steps(tab: Page, _: BrowserContext) -> str:
        for one in log.parent.glob("aegis_audit.db*"):
            one.unlink()
        log.mkdir()
        return str(await tab.evaluate(POST))

    answer, governed = _run(open_context, runtime, site, steps)
    assert "TypeError" in answer
    assert site.paths() == ["/start"]
    with pytest.raises(AuditError):
        governed.check()


def test_the_sync_twin_stops_too(
    site: Site, chromium: str, make_runtime: MakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals, approvals, redirects and a failing gate through the sync API."""
    runtime = make_runtime({"match": {"target": "*/no"}, "approval": "block"}, READ, ASK, answers=(True, False))
    real = runtime.call

    def broken(action: Any, body: Any) -> Any:
        if action.params["path"] == "/broken":
            raise AuditError("the log is full")
        return real(action, body)

    monkeypatch.setattr(runtime, "call", broken)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(LAUNCH_ARGS))
        context = browser.new_context()
        governed = govern_sync_context(context, runtime)
        tab = context.new_page()
        tab.goto(f"{site.url}/redirect/start?to=/start")
        tab.wait_for_url("**/start")
        assert [tab.evaluate(POST) == 200 for _ in range(2)] == [True, False]
        tab.evaluate("fetch('/redirect/f?to=/no').catch(() => 0).then(() => 1)")
        governed.check()
        tab.evaluate("fetch('/broken').catch(() => 0).then(() => 1)")
        tab.evaluate("fetch('/later').catch(() => 0).then(() => 1)")
        with pytest.raises(AuditError):
            governed.check()
        for call in (lambda: context.request.get(site.url), lambda: tab.unroute_all()):
            with pytest.raises(UsageError):
                call()
        browser.close()
    assert site.paths() == ["/redirect/start", "/start", "/write", "/redirect/f"]
    assert [type(one.error) for one in governed.refusals] == [Denied, Blocked]


# ------------------------------------------------------------ around the gate


def test_the_ways_around_the_gate_in_python_are_closed(
    site: Site, make_runtime: MakeRuntime, open_context: Open
) -> None:
    """Routes and requests of the context, of its pages and of pop-ups."""

    async def steps(tab: Page, context: BrowserContext) -> None:
        async with tab.expect_popup() as waiting:
            await tab.evaluate("window.open('/start')")
        popup = await waiting.value
        assert context.request is popup.request
        for one in (context, tab, popup):
            for name in ("route", "unroute", "unroute_all", "route_from_har", "route_web_socket"):
                with pytest.raises(UsageError, match="pass the gate"):
                    await getattr(one, name)("**/*", lambda route: route.continue_())
            for name in ("fetch", "get", "post", "put", "patch", "delete", "head"):
                with pytest.raises(UsageError, match="pass the gate"):
                    await getattr(one.request, name)(f"{site.url}/around")

    runtime = make_runtime(READ)
    _run(open_context, runtime, site, steps)
    assert "/around" not in site.paths()


def test_a_route_that_gets_past_it_sends_nothing(site: Site, make_runtime: MakeRuntime, open_context: Open) -> None:
    """Playwright asks a later handler of the page first. If it says "continue", there is no network."""

    async def steps(tab: Page, _: BrowserContext) -> str:
        await Page.route(tab, "**/*", lambda route: route.continue_())
        return str(await tab.evaluate(POST))

    answer, _ = _run(open_context, make_runtime({"approval": "auto"}), site, steps)
    assert "TypeError" in answer
    assert site.paths() == ["/start"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        [one for one in LAUNCH_ARGS if "resolver" not in one],
        [one for one in LAUNCH_ARGS if "webrtc" not in one],
        [one for one in LAUNCH_ARGS if "--proxy-server" not in one],
        [*LAUNCH_ARGS, "--host-resolver-rules=MAP nothing nowhere"],
        [*LAUNCH_ARGS, "--no-proxy-server"],
    ],
)
def test_a_browser_with_a_network_is_refused(chromium: str, make_runtime: MakeRuntime, args: list[str]) -> None:
    """The arguments are read back from the browser itself; a later one that undoes them counts."""

    async def run() -> None:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium, args=args)
            context = await browser.new_context()
            with pytest.raises(UsageError, match="LAUNCH_ARGS"):
                await govern_context(context, make_runtime(READ))
            await govern_context(context, make_runtime(READ), require_isolation=False)
            await browser.close()

    asyncio.run(run())


def test_web_sockets_are_refused_by_the_gate_itself(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """In a browser that could open one: sync and async."""
    attempt = f"""new Promise(done => {{
      const socket = new WebSocket('ws://127.0.0.1:{site.tcp_port}/');
      socket.onclose = socket.onerror = socket.onopen = event => done(event.type);
    }})"""

    async def run() -> None:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium)
            context = await browser.new_context()
            governed = await govern_context(context, make_runtime(READ), require_isolation=False)
            tab = await context.new_page()
            await tab.goto(f"{site.url}/start")
            assert await tab.evaluate(attempt) != "open"
            assert "Web sockets are refused" in governed.refusals[-1].text
            await browser.close()

    asyncio.run(run())
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        context = browser.new_context()
        governed = govern_sync_context(context, make_runtime(READ), require_isolation=False)
        tab = context.new_page()
        tab.goto(f"{site.url}/start")
        assert tab.evaluate(attempt) != "open"
        assert "Web sockets are refused" in governed.refusals[-1].text
        browser.close()
    assert site.connections == []


def test_a_context_that_was_used_is_refused(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """Whatever it has loaded may have sent something, or hold a connection open."""

    async def run() -> None:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium, args=list(LAUNCH_ARGS))
            context = await browser.new_context()
            tab = await context.new_page()
            await tab.goto("data:text/html,x")
            with pytest.raises(UsageError, match="first page"):
                await govern_context(context, make_runtime(READ))
            await browser.close()

    asyncio.run(run())


def test_a_page_that_was_open_is_governed_too(site: Site, chromium: str, make_runtime: MakeRuntime) -> None:
    """An empty page, with a route of its own from before."""

    async def run() -> None:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=chromium, args=list(LAUNCH_ARGS))
            context = await browser.new_context()
            tab = await context.new_page()
            await tab.route("**/*", lambda route: route.fulfill(status=200, body="forged"))
            await govern_context(context, make_runtime({"approval": "block"}))
            with pytest.raises(PlaywrightError, match="ERR_BLOCKED_BY_CLIENT"):
                await tab.goto(f"{site.url}/start")
            with pytest.raises(UsageError):
                await tab.route("**/*", lambda route: route.continue_())
            await browser.close()

    asyncio.run(run())
    assert site.paths() == []


@pytest.mark.parametrize(
    "options",
    [
        {"allowed_origins": "https://example.com"},
        {"allowed_origins": ["example.com"]},
        {"allowed_origins": ["https://example.com/path"]},
        {"allowed_origins": ["file:///"]},
    ],
)
def test_options_that_mean_nothing_are_refused(make_runtime: MakeRuntime, options: dict[str, Any]) -> None:
    """At once, and not at the first request."""
    with pytest.raises(UsageError):
        GovernedContext(make_runtime(READ), **options)
    with pytest.raises(UsageError):
        GovernedContext(object())  # type: ignore[arg-type]
