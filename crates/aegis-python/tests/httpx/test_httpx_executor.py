"""HttpxExecutor against a real server on the loopback interface."""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("httpx")
pytest.importorskip("httpx2")

from aegis import Action, Policy, Runtime
from aegis.errors import ActionError, UsageError
from aegis.runtime.audit import AuditLogger


class Recorded:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        recorded = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                recorded.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status = 302 if self.path == "/go" else 404 if self.path == "/none" else 200
                content = b"plain" if self.path == "/text" else b'{"ok": true}'
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "/secret")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.seen]


@pytest.fixture
def server() -> Iterator[Recorded]:
    recorded = Recorded()
    yield recorded
    recorded.server.shutdown()
    recorded.server.server_close()


@pytest.fixture
def other() -> Iterator[Recorded]:
    recorded = Recorded()
    yield recorded
    recorded.server.shutdown()
    recorded.server.server_close()


@pytest.fixture(params=["httpx", "httpx2"])
def executor_class(request: pytest.FixtureRequest) -> Any:
    return importlib.import_module(f"aegis.adapters.{request.param}_adapter").HttpxExecutor


def run(executor: Any, *actions: Action) -> list[Any]:
    async def go() -> list[Any]:
        await executor.setup()
        try:
            results = []
            for action in actions:
                result = await executor.execute(action)
                assert await executor.verify(action, result) is result.ok
                results.append(result)
            return results
        finally:
            await executor.teardown()

    return asyncio.run(go())


def test_every_type_and_every_parameter(executor_class: Any, server: Recorded) -> None:
    executor = executor_class(
        base_url=server.origin + "/v1/", default_headers={"Authorization": "Bearer t", "X-A": "1"}
    )
    types = ("get", "post", "put", "patch", "delete", "head", "options")
    results = run(executor, *(Action(kind, "/users") for kind in types))
    assert all(result.ok for result in results)
    assert [(method.lower(), path) for method, path, _, _ in server.seen] == [(kind, "/v1/users") for kind in types]
    server.seen.clear()
    (result,) = run(
        executor,
        Action(
            "POST",
            "/a",
            {"json": {"n": 1}, "headers": {"x-a": "2"}, "query": {"q": ["1", "2"]}, "timeout": 5},
        ),
    )
    assert result.data["status_code"] == 200 and result.data["body"] == {"ok": True}
    ((_, path, headers, body),) = server.seen
    assert path == "/v1/a?q=1&q=2" and json.loads(body) == {"n": 1}
    assert headers["authorization"] == "Bearer t" and headers["x-a"] == "2"
    (form,) = run(executor, Action("post", "/a", {"data": {"k": "v w"}}))
    assert form.ok and server.seen[-1][3] == b"k=v+w"


def test_answers_that_are_not_2xx_fail_and_redirects_are_not_followed(executor_class: Any, server: Recorded) -> None:
    redirect, missing, text = run(
        executor_class(base_url=server.origin),
        Action("get", "/go"),
        Action("get", "/none"),
        Action("get", "/text"),
    )
    assert not redirect.ok and redirect.error == "HTTP 302" and redirect.data["headers"]["location"] == "/secret"
    assert not missing.ok and missing.error == "HTTP 404"
    assert text.ok and text.data["body"] == "plain"
    assert server.paths == ["/go", "/none", "/text"]


def test_other_origins_and_other_paths_are_not_reached(executor_class: Any, server: Recorded, other: Recorded) -> None:
    executor = executor_class(base_url=server.origin, default_headers={"Authorization": "Bearer t"})
    targets = [
        other.origin + "/x",
        "//" + other.origin.removeprefix("http://") + "/x",
        server.origin.replace("http://", "http://u:p@") + "/x",
        "/users/../admin",
        "/users/%2e%2e/admin",
        "/users/..%2fadmin",
        "/%61dmin",
        "/a b",
        "\\\\evil/x",
        "/x#y",
        "file:///etc/passwd",
        "http://127.1/x",
    ]
    results = run(executor, *(Action("get", target) for target in targets))
    assert [result.ok for result in results] == [False] * len(targets)
    assert all(result.error.startswith("Not sent: ") for result in results), [r.error for r in results]
    assert server.seen == [] and other.seen == []
    ok = run(
        executor,
        Action("get", server.origin + "/x"),
        Action("get", "/users/J%C3%B6rg"),
        Action("get", "/é?q=1"),
    )
    assert all(result.ok for result in ok)


def test_an_allowed_origin_gets_no_credentials_of_the_base(
    executor_class: Any, server: Recorded, other: Recorded
) -> None:
    executor = executor_class(
        base_url=server.origin,
        default_headers={"Authorization": "Bearer t", "X-A": "1"},
        allow_origins=(other.origin,),
    )
    (result,) = run(executor, Action("get", other.origin + "/x"))
    assert result.ok
    ((_, _, headers, _),) = other.seen
    assert "authorization" not in headers and headers["x-a"] == "1"


def test_without_base_url(executor_class: Any, server: Recorded, other: Recorded) -> None:
    (path, whole) = run(executor_class(), Action("get", "/x"), Action("get", server.origin + "/x"))
    assert not path.ok and whole.ok
    with pytest.raises(UsageError, match="Authorization"):
        executor_class(default_headers={"Authorization": "Bearer t"})
    executor = executor_class(default_headers={"Authorization": "Bearer t"}, allow_origins=[server.origin])
    (allowed, refused) = run(executor, Action("get", server.origin + "/y"), Action("get", other.origin + "/y"))
    assert allowed.ok and not refused.ok and other.seen == []
    assert server.seen[-1][2]["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    "params",
    [
        {"jsn": 1},
        {"json": 1, "data": {"a": "b"}},
        {"headers": {"Host": "evil.test"}},
        {"headers": ["x"]},
        {"headers": {"x": 1}},
        {"query": "a=b"},
        {"timeout": 0},
        {"timeout": True},
        {"timeout": "5"},
    ],
)
def test_parameters_that_cannot_be_meant_are_not_sent(executor_class: Any, server: Recorded, params: Any) -> None:
    (result,) = run(executor_class(base_url=server.origin), Action("post", "/x", params))
    assert not result.ok and result.error.startswith("Not sent: ") and server.seen == []
    (both,) = run(executor_class(base_url=server.origin), Action("get", "/x?a=1", {"query": {"b": "2"}}))
    assert not both.ok and server.seen == []


def test_the_default_timeout_holds(executor_class: Any) -> None:
    executor = executor_class(base_url="http://127.0.0.1:9", timeout=7.5)

    async def timeout() -> Any:
        await executor.setup()
        client = executor._client
        await executor.setup()
        assert executor._client is client
        seen = []
        client.event_hooks = {"request": [lambda request: _note(seen, request)]}
        await executor.execute(Action("get", "/x"))
        await executor.teardown()
        return seen[0]

    async def _note(seen: list[Any], request: Any) -> None:
        seen.append(request.extensions["timeout"]["read"])

    assert asyncio.run(timeout()) == 7.5


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "api.example.com"},
        {"base_url": "ftp://api.example.com"},
        {"base_url": "https://api.example.com/?a=1"},
        {"allow_origins": "https://example.com"},
        {"allow_origins": ["https://example.com/path"]},
        {"base_url": "https://example.com", "default_headers": {"Host": "x"}},
    ],
)
def test_settings_that_cannot_be_meant(executor_class: Any, settings: Any) -> None:
    with pytest.raises(UsageError):
        executor_class(**settings)


def test_resolve_names_what_is_wrong(executor_class: Any) -> None:
    executor = executor_class(base_url="https://api.example.com")
    with pytest.raises(ActionError, match="/admin"):
        executor.resolve("/users/../admin")


def test_in_a_runtime_only_what_the_policy_allows_is_sent(executor_class: Any, server: Recorded, tmp_path: Any) -> None:
    policy = Policy.from_dict(
        {
            "version": "1",
            "defaults": {"risk_level": "low", "approval": "block"},
            "rules": [{"name": "reads", "match": {"type": "get"}, "approval": "auto"}],
        }
    )
    runtime = Runtime(
        executor=executor_class(base_url=server.origin),
        policy=policy,
        audit_logger=AuditLogger(str(tmp_path / "log.db")),
    )

    async def go() -> list[Any]:
        return [
            await runtime.run_one(Action("get", "/users")),
            await runtime.run_one(Action("delete", "/users/1")),
        ]

    read, deleted = asyncio.run(go())
    assert read.ok and read.data["body"] == {"ok": True}
    assert not deleted.ok and server.paths == ["/users"]
