"""The governed transports of httpx and httpx2, against the real packages; nothing leaves the process."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import pickle
import sys
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("httpx")
pytest.importorskip("httpx2")

from aegis import Policy, Runtime
from aegis.errors import ActionError, AuditError, Blocked, Denied, Refused, Unanswered, UsageError
from aegis.runtime.approval import NobodyApprovalHandler
from aegis.runtime.audit import AuditLogger
from aegis.testing import ScriptedApprover, answer_waiting

MESSAGE: Any = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}

RULES = {
    "version": "1",
    "defaults": {"risk_level": "low", "approval": "auto"},
    "rules": [
        {"name": "no_admin", "match": {"target": "*/admin*"}, "approval": "block", "reason": "admins only"},
        {
            "name": "no_evil",
            "match": {"target": "*://evil.test*"},
            "approval": "block",
            "reason": "not our host",
        },
        {"name": "ask_delete", "match": {"type": "delete"}, "approval": "approve", "risk_level": "high"},
        {"name": "ask_ws", "match": {"type": "websocket"}, "approval": "block", "reason": "no sockets"},
    ],
}


class Server:
    """What got through: the requests that the inner transport was handed, and how they are answered."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.seen: list[Any] = []
        self.answers: dict[str, Any] = {}

    def __call__(self, request: Any) -> Any:
        request.read()
        self.seen.append(request)
        answer = self.answers.get(request.url.path)
        return answer(request) if answer else self.module.Response(200, json={"ok": True})

    @property
    def paths(self) -> list[str]:
        return [request.url.path for request in self.seen]


class Case:
    """One module in one flavour: sends a request through a governed client, sync or async."""

    def __init__(self, name: str, is_async: bool, tmp_path: Any) -> None:
        self.module = importlib.import_module(name)
        self.adapter = importlib.import_module(f"aegis.adapters.{name}_adapter")
        self.is_async = is_async
        self.server = Server(self.module)
        self.log = tmp_path / "log.db"
        self.approver = ScriptedApprover()
        self.runtime = self.make_runtime()

    def make_runtime(self, *answers: Any) -> Runtime:
        self.approver = ScriptedApprover(*answers)
        self.runtime = Runtime(
            policy=Policy.from_dict(RULES),
            approval_handler=self.approver,
            audit_logger=AuditLogger(str(self.log)),
        )
        return self.runtime

    def send(self, method: str, url: str, *, client: dict[str, Any] | None = None, **request: Any) -> Any:
        options: dict[str, Any] = {"inner": self.module.MockTransport(self.server), **(client or {})}
        if not self.is_async:
            with self.adapter.governed_client(self.runtime, **options) as sync_client:
                return sync_client.request(method, url, **request)

        async def go() -> Any:
            async with self.adapter.governed_async_client(self.runtime, **options) as async_client:
                return await async_client.request(method, url, **request)

        return asyncio.run(go())

    def ask_nobody(self) -> None:
        """From now on each question waits in the log at once."""
        self.runtime = Runtime(
            policy=Policy.from_dict(RULES),
            approval_handler=NobodyApprovalHandler(),
            audit_logger=AuditLogger(str(self.log)),
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.runtime.audit.get_log() if self.log.exists() else []


@pytest.fixture(params=[(n, a) for n in ("httpx", "httpx2") for a in (False, True)], ids=lambda p: f"{p[0]}-{p[1]}")
def case(request: pytest.FixtureRequest, tmp_path: Any) -> Case:
    return Case(request.param[0], request.param[1], tmp_path)


def test_an_allowed_request_is_recorded_as_it_is_sent(case: Case) -> None:
    response = case.send(
        "POST",
        "https://user:pass@api.test/a/%7Ebob/../x?q=1&q=2&e=#frag",
        json={"count": 5, "who": "ä"},
        headers={"X-Api-Key": "s3cret", "X-Trace": "t", "X-Request-Id": "r1"},
    )
    assert response.json() == {"ok": True}
    (row,) = case.rows
    params = row["action_params"]
    (sent,) = case.server.seen
    assert (row["action_type"], row["action_target"]) == ("post", "https://api.test/a/x")
    assert params["method"] == "POST" == sent.method
    assert params["url"] == "https://api.test/a/x?q=1&q=2&e=" == str(sent.url)
    assert (params["host"], params["port"], params["path"]) == ("api.test", 443, "/a/x")
    assert params["query"] == {"q": ["1", "2"], "e": [""]}
    assert params["body"] == {"count": 5, "who": "ä"} == json.loads(sent.content)
    assert params["body_bytes"] == len(sent.content)
    assert params["body_sha256"] == hashlib.sha256(sent.content).hexdigest()
    headers = params["headers"]
    assert headers["x-trace"] == "t" and headers["x-request-id"] == "[not recorded]"
    # The password of the URL went into a header on the way.
    assert "redacted" in headers["authorization"] and sent.headers["authorization"].startswith("Basic ")
    assert "redacted" in headers["x-api-key"] and sent.headers["x-api-key"] == "s3cret"
    assert "s3cret" not in json.dumps(params) and "pass@" not in json.dumps(params)
    assert row["result_status"] == "success"
    case.runtime.audit.verify()


def test_a_refused_request_is_an_error_of_both_worlds_and_is_not_sent(case: Case) -> None:
    with pytest.raises(case.module.TransportError) as caught:
        case.send("GET", "https://api.test/admin/users")
    error = caught.value
    assert isinstance(error, Blocked) and isinstance(error, case.adapter.RequestBlocked)
    assert error.request.url == "https://api.test/admin/users"
    assert error.rule == "no_admin" and "admins only" in error.reason and error.action_id
    assert "no_admin" in error.text and "admins only" in error.text
    assert case.server.seen == []
    assert [row["result_status"] for row in case.rows] == ["blocked"]


@pytest.mark.parametrize("answer", [True, False, None])
def test_a_human_decides(case: Case, answer: bool | None) -> None:
    case.make_runtime(answer)
    if answer is True:
        assert case.send("DELETE", "https://api.test/x").status_code == 200
        assert case.server.paths == ["/x"]
        return
    with pytest.raises(Refused) as caught:
        case.send("DELETE", "https://api.test/x")
    assert isinstance(caught.value, Denied if answer is False else Unanswered)
    assert isinstance(caught.value, case.module.TransportError)
    assert len(case.approver.questions) == 1
    assert case.server.seen == []


def test_an_approval_given_later_is_used_once(case: Case) -> None:
    case.ask_nobody()
    with pytest.raises(Unanswered) as caught:
        case.send("DELETE", "https://api.test/x", headers={"X-Request-Id": "1"})
    approval = caught.value.approval
    assert approval is not None
    assert caught.value.request.method == "DELETE"
    answer_waiting(str(case.log), approval["id"], approve=True)
    # An id that changes by itself does not make it another request.
    assert case.send("DELETE", "https://api.test/x", headers={"X-Request-Id": "2"}).status_code == 200
    with pytest.raises(Unanswered):
        case.send("DELETE", "https://api.test/x")
    assert len(case.server.seen) == 1


def test_every_redirect_asks(case: Case) -> None:
    def redirect(to: str, status: int = 307) -> Any:
        return lambda request: case.module.Response(status, headers={"location": to})

    case.server.answers = {"/start": redirect("/next"), "/next": redirect("https://api.test/admin")}
    with pytest.raises(Blocked):
        case.send("POST", "https://api.test/start", json={"n": 1}, client={"follow_redirects": True})
    assert case.server.paths == ["/start", "/next"]
    assert [json.loads(request.content) for request in case.server.seen] == [{"n": 1}, {"n": 1}]
    assert [row["action_target"] for row in case.rows] == [
        "https://api.test/start",
        "https://api.test/next",
        "https://api.test/admin",
    ]
    case.server.answers = {"/start": redirect("https://evil.test/", 302)}
    with pytest.raises(Blocked):
        case.send("GET", "https://api.test/start", client={"follow_redirects": True})
    assert case.server.paths[2:] == ["/start"]


def test_the_requests_of_an_authentication_flow_ask(case: Case) -> None:
    module = case.module

    class Login(module.Auth):  # type: ignore[name-defined,misc]
        requires_request_body = True

        def auth_flow(self, request: Any) -> Any:
            answer = yield module.Request("POST", "https://evil.test/login", json={"secret": 1})
            request.headers["authorization"] = answer.text
            yield request

    with pytest.raises(Blocked):
        case.send("GET", "https://api.test/x", auth=Login())
    assert case.server.seen == []


def test_what_hooks_change_is_what_is_decided(case: Case) -> None:
    def rewrite(request: Any) -> None:
        request.url = case.module.URL("https://api.test/admin")

    async def rewrite_async(request: Any) -> None:
        rewrite(request)

    hook = rewrite_async if case.is_async else rewrite
    with pytest.raises(Blocked):
        case.send("GET", "https://api.test/x", client={"event_hooks": {"request": [hook]}})
    assert case.server.seen == []


def test_a_streamed_body_is_read_once_recorded_and_sent(case: Case) -> None:
    parts = [b"one ", b"two"]

    def stream() -> Any:
        yield from parts

    async def stream_async() -> Any:
        for part in parts:
            yield part

    case.server.answers = {
        "/start": lambda request: case.module.Response(308, headers={"location": "/next"}),
    }
    case.send(
        "PUT",
        "https://api.test/start",
        content=stream_async() if case.is_async else stream(),
        client={"follow_redirects": True},
    )
    assert [request.content for request in case.server.seen] == [b"one two", b"one two"]
    for row in case.rows:
        assert row["action_params"]["body_sha256"] == hashlib.sha256(b"one two").hexdigest()
        assert "body" not in row["action_params"]


def test_the_stream_is_what_is_recorded_even_if_the_request_says_otherwise(case: Case) -> None:
    request = case.module.Request("POST", "https://api.test/x", content=b"shown")
    request.stream = case.module.ByteStream(b"other")
    if case.is_async:
        transport = case.adapter.AsyncGovernedTransport(case.runtime, case.module.MockTransport(case.server))
        asyncio.run(transport.handle_async_request(request))
    else:
        case.adapter.GovernedTransport(case.runtime, case.module.MockTransport(case.server)).handle_request(request)
    assert case.server.seen[0].content == b"other"
    assert case.rows[0]["action_params"]["body_sha256"] == hashlib.sha256(b"other").hexdigest()


def test_a_request_that_changes_while_a_human_is_asked_is_sent_as_it_was(case: Case) -> None:
    request = case.module.Request("DELETE", "https://api.test/x", json={"n": 1}, headers={"x-a": "1"})

    def change(action: Any, body: Any) -> Any:
        request.url = case.module.URL("https://evil.test/")
        request.headers["x-a"] = "2"
        request.stream = case.module.ByteStream(b"{}")
        return body(json.loads(json.dumps(action.params)))

    async def change_async(action: Any, body: Any) -> Any:
        return await change(action, body)

    class Changing:
        call = staticmethod(change)
        acall = staticmethod(change_async)

    inner = case.module.MockTransport(case.server)
    if case.is_async:
        asyncio.run(case.adapter.AsyncGovernedTransport(Changing(), inner).handle_async_request(request))
    else:
        case.adapter.GovernedTransport(Changing(), inner).handle_request(request)
    (sent,) = case.server.seen
    assert (str(sent.url), sent.content, sent.headers["x-a"]) == ("https://api.test/x", b'{"n":1}', "1")


def test_nothing_is_sent_when_the_log_or_the_gate_fails(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for failure in (AuditError("the disk is full"), RuntimeError("the gate broke")):

        def fail(self: Any, action: Any, body: Any, failure: Exception = failure) -> Any:
            raise failure

        async def fail_async(self: Any, action: Any, body: Any, failure: Exception = failure) -> Any:
            raise failure

        monkeypatch.setattr(Runtime, "call", fail)
        monkeypatch.setattr(Runtime, "acall", fail_async)
        with pytest.raises(type(failure)):
            case.send("GET", "https://api.test/x", client={"refusals": "respond"})
    assert case.server.seen == []


def test_nothing_is_sent_when_the_log_cannot_be_opened(case: Case) -> None:
    case.log = case.log.parent / "missing" / "log.db"
    case.make_runtime()
    with pytest.raises(AuditError):
        case.send("GET", "https://api.test/x")
    assert case.server.seen == []


def test_refusals_pass_between_processes(case: Case) -> None:
    with pytest.raises(Blocked) as caught:
        case.send("GET", "https://api.test/admin")
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, case.adapter.RequestBlocked) and again.text == caught.value.text
    with pytest.raises(ActionError) as invalid:
        case.send("POST", "https://api.test/x", content=b'{"a":1,"a":2}')
    again = pickle.loads(pickle.dumps(invalid.value))
    assert isinstance(again, case.adapter.RequestInvalid) and again.text == invalid.value.text


def test_refusals_can_be_answers(case: Case) -> None:
    response = case.send("GET", "https://api.test/admin", client={"refusals": "respond"})
    assert response.status_code == 403
    error = response.json()["error"]
    assert error["type"] == "aegis_refusal" and error["refusal"] == "blocked" and error["rule"] == "no_admin"
    assert "admins only" in error["message"]
    # The retry loops of SDKs obey this header.
    assert response.headers["x-should-retry"] == "false"
    case.ask_nobody()
    response = case.send("DELETE", "https://api.test/x", client={"refusals": "respond"})
    assert response.status_code == 403 and response.json()["error"]["approval"]["id"]
    response = case.send("POST", "https://api.test/x", content=b'{"a":1,"a":2}', client={"refusals": "respond"})
    assert response.status_code == 403 and response.json()["error"]["refusal"] == "invalid"
    assert case.server.seen == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"n": 1, "n": 2}', "application/json"),
        (b'{"n": 1, "\\u006e": 2}', "application/json"),
        (b'{"n": NaN}', "application/json"),
        (b'{"n": 100.00000000000000000001}', "application/json"),
        (b'{"n": 1e999}', "application/json"),
        (b'{"n": 1', "application/vnd.api+json"),
        (b'{"n": 1}\xff', "application/json"),
        (b'{"n": 1}', "application/json; charset=utf-16"),
        (b'{"n": 1, "n": 2}', "text/plain"),
        (b'{"n": 1, "n": 2}', ""),
        (b'\xef\xbb\xbf{"n": 1}', "text/plain"),
        (b"[" * 5000 + b"]" * 5000, "application/json"),
        (b'{"n": "\\ud800"}', "application/json"),
        (b'{"n": 99999999999999999999999}', "application/json"),
    ],
)
def test_a_body_that_servers_read_in_different_ways_is_refused(case: Case, body: bytes, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    with pytest.raises(ActionError) as caught:
        case.send("POST", "https://api.test/x", content=body, headers=headers)
    assert isinstance(caught.value, case.module.TransportError) and caught.value.text
    assert case.server.seen == []


def test_json_counts_as_json_whatever_the_content_type_says(case: Case) -> None:
    case.send("POST", "https://api.test/x", content=b' {"n": 1.5}', headers={"content-type": "text/plain"})
    case.send("POST", "https://api.test/x", content=b"[not json")
    case.send("POST", "https://api.test/x", data={"a": "b"})
    case.send("POST", "https://api.test/x", files={"f": b"bytes"})
    case.send("POST", "https://api.test/x", content=b"{}", headers={"content-encoding": "gzip"})
    bodies = [row["action_params"].get("body") for row in case.rows]
    assert bodies == [{"n": 1.5}, None, None, None, None]
    assert all(row["action_params"]["body_bytes"] for row in case.rows)
    assert len(case.server.seen) == 5


@pytest.mark.parametrize(
    "url",
    [
        "https://api.test/public/..%2fadmin",
        "https://api.test/public/%2e%2e%5cadmin",
        "https://api.test/public/..;/admin",
        "https://api.test/%00",
        "https://api.test./x",
        "http://127.1/x",
        "http://2130706433/x",
        "http://0x7f.0.0.1/x",
        "http://[0:0:0:0:0:0:0:1]/x",
        "ftp://api.test/x",
    ],
)
def test_urls_that_hide_where_they_lead_are_refused(case: Case, url: str) -> None:
    with pytest.raises((ActionError, case.module.UnsupportedProtocol)):
        case.send("GET", url)
    assert case.server.seen == []


@pytest.mark.parametrize(
    "url", ["https://api.test/%61dmin", "https://api.test/x/%2e%2e/admin", "https://API.test/admin"]
)
def test_other_spellings_of_a_url_meet_the_same_rules(case: Case, url: str) -> None:
    with pytest.raises(Blocked):
        case.send("GET", url)
    assert case.server.seen == []


def test_what_replaces_the_url_on_the_wire_is_refused(case: Case) -> None:
    with pytest.raises(ActionError):
        case.send("GET", "https://api.test/x", extensions={"target": b"/admin"})
    with pytest.raises(ActionError):
        case.send("GET", "https://api.test/x", headers={"Host": "evil.test"})
    with pytest.raises(ActionError):
        case.send("CONNECT", "https://api.test/x")
    assert case.server.seen == []
    case.send("GET", "https://api.test:8443/x", headers={"Host": "api.test:8443"})
    assert len(case.server.seen) == 1


def test_other_options(case: Case) -> None:
    case.send(
        "GET",
        "http://api.test:8080/x",
        client={"target": "host", "redact_headers": ["X-Mine"]},
        headers={"x-mine": "v"},
    )
    (row,) = case.rows
    assert row["action_target"] == "api.test" and row["action_params"]["port"] == 8080
    assert row["action_params"]["headers"]["x-mine"] == "[redacted]"
    make = case.adapter.governed_async_client if case.is_async else case.adapter.governed_client
    for name in ("transport", "mounts"):
        with pytest.raises(UsageError, match=name):
            make(case.runtime, **{name: None})
    with pytest.raises(UsageError, match="verify"):
        make(case.runtime, inner=case.module.MockTransport(case.server), verify=False)
    with pytest.raises(UsageError):
        make(case.runtime, refusals="ignore")
    with pytest.raises(UsageError):
        make(case.runtime, target="path")
    with pytest.raises(UsageError):
        make(case.runtime, redact_headers="x-mine")
    with pytest.raises(UsageError):
        make(object())
    other = importlib.import_module("httpx" if case.module.__name__ == "httpx2" else "httpx2")
    with pytest.raises(TypeError, match="inner"):
        make(case.runtime, inner=other.MockTransport(case.server))


def test_proxies_of_the_environment_are_not_silently_left_out(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    make = case.adapter.governed_async_client if case.is_async else case.adapter.governed_client
    with pytest.warns(RuntimeWarning, match="proxy="):
        make(case.runtime)
    make(case.runtime, trust_env=False)
    make(case.runtime, proxy="http://proxy.test:3128")


def test_parallel_async_requests_do_not_wait_for_each_other(tmp_path: Any) -> None:
    for name in ("httpx", "httpx2"):
        (tmp_path / name).mkdir()
        case = Case(name, True, tmp_path / name)

        async def go(case: Case = case) -> list[Any]:
            async with case.adapter.governed_async_client(
                case.runtime, inner=case.module.MockTransport(case.server)
            ) as client:
                calls = [client.get(f"https://api.test/{'admin' if n % 2 else 'ok'}/{n}") for n in range(8)]
                return await asyncio.gather(*calls, return_exceptions=True)

        answers = asyncio.run(go())
        assert [isinstance(answer, Blocked) for answer in answers] == [False, True] * 4
        assert sorted(case.server.paths) == [f"/ok/{n}" for n in (0, 2, 4, 6)]


def test_connections_that_are_upgraded_are_refused_or_decided(case: Case) -> None:
    with pytest.raises(ActionError, match="websockets=True"):
        case.send("GET", "https://api.test/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    with pytest.raises(ActionError):
        case.send("GET", "https://api.test/ws", headers={"Upgrade": "h2c"}, client={"websockets": True})
    with pytest.raises(Blocked) as caught:
        case.send("GET", "https://api.test/ws", headers={"Upgrade": "WebSocket"}, client={"websockets": True})
    assert caught.value.rule == "ask_ws" and case.server.seen == []


def test_an_answer_that_streams_still_streams(tmp_path: Any) -> None:
    for name in ("httpx", "httpx2"):
        (tmp_path / name).mkdir()
        case = Case(name, False, tmp_path / name)
        given: list[int] = []

        def parts(given: list[int] = given) -> Any:
            for n in range(3):
                given.append(n)
                yield str(n).encode()

        async def async_parts(given: list[int] = given) -> Any:
            for part in parts(given):
                yield part

        case.server.answers["/s"] = lambda request, case=case: case.module.Response(200, content=parts())
        inner = case.module.MockTransport(case.server)
        with case.adapter.governed_client(case.runtime, inner=inner) as client:
            with client.stream("GET", "https://api.test/s") as response:
                assert next(response.iter_raw()) == b"0" and given == [0]
        given.clear()
        case.server.answers["/s"] = lambda request, case=case: case.module.Response(200, content=async_parts())

        async def go(case: Case = case, inner: Any = inner, given: list[int] = given) -> None:
            async with case.adapter.governed_async_client(case.runtime, inner=inner) as client:
                async with client.stream("GET", "https://api.test/s") as response:
                    async for part in response.aiter_raw():
                        assert part == b"0" and given == [0]
                        break

        asyncio.run(go())
        assert len(case.rows) == 2


def test_websockets_are_refused_or_decided(tmp_path: Any) -> None:
    pytest.importorskip("wsproto")
    for is_async in (False, True):
        (tmp_path / str(is_async)).mkdir()
        case = Case("httpx2", is_async, tmp_path / str(is_async))

        def connect(case: Case = case, **options: Any) -> None:
            inner = case.module.MockTransport(case.server)
            if not case.is_async:
                with case.adapter.governed_client(case.runtime, inner=inner, **options) as client:
                    with client.websocket("ws://api.test/ws"):
                        pass
                return

            async def go() -> None:
                async with case.adapter.governed_async_client(case.runtime, inner=inner, **options) as client:
                    async with client.websocket("ws://api.test/ws"):
                        pass

            asyncio.run(go())

        with pytest.raises(ActionError):
            connect()
        with pytest.raises(Blocked) as caught:
            connect(websockets=True)
        assert caught.value.rule == "ask_ws"
        assert case.server.seen == []
        (row,) = case.rows
        assert (row["action_type"], row["action_target"]) == ("websocket", "ws://api.test/ws")


def test_sdks_do_not_ask_again_after_a_refusal(tmp_path: Any) -> None:
    anthropic = pytest.importorskip("anthropic")
    for is_async in (False, True):
        (tmp_path / str(is_async)).mkdir()
        case = Case("httpx2", is_async, tmp_path / str(is_async))
        rules = {
            "version": "1",
            "defaults": {"risk_level": "low", "approval": "approve"},
            "rules": [],
        }
        approver = ScriptedApprover(False)
        runtime = Runtime(
            policy=Policy.from_dict(rules),
            approval_handler=approver,
            audit_logger=AuditLogger(str(tmp_path / str(is_async) / "sdk.db")),
        )
        inner = case.module.MockTransport(case.server)

        def ask(case: Case = case, runtime: Runtime = runtime, inner: Any = inner) -> None:
            if not case.is_async:
                client = anthropic.Anthropic(
                    api_key="sk-secret",
                    max_retries=2,
                    http_client=case.adapter.governed_client(runtime, inner=inner),
                )
                client.messages.create(**MESSAGE)
                return

            async def go() -> None:
                client = anthropic.AsyncAnthropic(
                    api_key="sk-secret",
                    max_retries=2,
                    http_client=case.adapter.governed_async_client(runtime, inner=inner),
                )
                await client.messages.create(**MESSAGE)

            asyncio.run(go())

        with pytest.raises(Denied):
            ask()
        assert len(approver.questions) == 1 and case.server.seen == []
        assert "sk-secret" not in json.dumps(runtime.audit.get_log())


def test_the_base_errors_of_loaded_sdks_are_known() -> None:
    pytest.importorskip("anthropic")
    from aegis.adapters import http_transport

    assert sys.modules["anthropic"].AnthropicError in http_transport._sdk_errors()
