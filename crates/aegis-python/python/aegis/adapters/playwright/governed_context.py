"""The gate before every request of a browser context.

A request is stopped in the browser, decided, sent by Playwright's own HTTP client, and its answer is handed
to the page. The browser itself sends nothing (`aegis.adapters.playwright.isolation`). Redirects are not
followed by anybody: a navigation gets a document that leads on, so that the browser asks again; for
everything else the next hop is decided and sent like the first.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import playwright.async_api
import playwright.sync_api
from playwright.async_api import Error as PlaywrightError

from aegis import Action
from aegis.adapters.playwright.context_seal import check_unused, command_line, command_line_sync, seal
from aegis.adapters.playwright.cookies import cookie_header
from aegis.adapters.playwright.isolation import check_arguments
from aegis.adapters.playwright.page_request import (
    SAFE_METHODS,
    PageRequest,
    Request,
    is_navigation,
    may_read,
    page_request,
)
from aegis.adapters.playwright.request_action import (
    Hop,
    Origin,
    origin_of,
    redirect_page,
    redirected,
    request_action,
)
from aegis.errors import ActionError, AuditError, Refused, UsageError

if TYPE_CHECKING:
    from aegis import Runtime

_VERSION = version("playwright")
for _name in ("route", "route_web_socket", "cookies"):
    if not hasattr(playwright.async_api.BrowserContext, _name):
        raise ImportError(f"aegis: this version of Playwright has no BrowserContext.{_name}, which the gate needs")

__all__ = ["GovernedContext", "RefusedRequest", "govern_context", "govern_sync_context"]

_MAX_REDIRECTS = 20
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class RefusedRequest:
    """A request that did not leave."""

    method: str
    url: str
    resource_type: str
    navigation: bool
    text: str
    """Why, in words for a model or a human."""
    error: Refused | ActionError | None
    """What the gate said, or None where the request is of a kind that is never let through (web sockets)."""


@dataclass(frozen=True)
class _Cookies:
    """Ask the jar for the cookies of a URL."""

    url: str


@dataclass(frozen=True)
class _Send:
    """Send a hop: as an action, or, where there is none, without asking."""

    action: Action | None
    hop: Hop


@dataclass(frozen=True)
class _Response:
    """Hand this answer of the server to the page."""

    response: Any


@dataclass(frozen=True)
class _Document:
    """Hand a document of ours to the page."""

    body: str


_Steps = Generator[_Cookies | _Send, Any, _Response | _Document]


class GovernedContext:
    """The gate of one browser context: what it refused, and whether it still works."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        allowed_origins: Iterable[str] = (),
        agent: str | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Keep the options; `govern_context` puts the gate in place."""
        if not callable(getattr(runtime, "call", None)) or not callable(getattr(runtime, "acall", None)):
            raise UsageError(f"a context is governed by an aegis.Runtime, not by {type(runtime).__name__}")
        if isinstance(allowed_origins, (str, bytes)):
            raise UsageError("allowed_origins is a collection of origins, not one text")
        self._runtime = runtime
        self._agent = agent
        self._timeout = timeout * 1000
        self._allowed = frozenset(_checked_origin(origin) for origin in allowed_origins)
        self._failure: BaseException | None = None
        self._running = 0
        self.refusals: deque[RefusedRequest] = deque(maxlen=1000)
        """The requests that were refused, the oldest first; the last 1000 are kept."""

    @property
    def failure(self) -> BaseException | None:
        """The first error of the gate itself (its log failed, for example), after which nothing is let
        through."""
        return self._failure

    @property
    def running(self) -> int:
        """How many requests are being decided or sent."""
        return self._running

    def check(self) -> None:
        """Raise the error that stopped the gate, if there is one: `AuditError` if the log failed."""
        if self._failure is not None:
            raise self._failure

    # ------------------------------------------------------------------------------------------ one request

    def _steps(self, seen: PageRequest) -> _Steps:
        """What is done for one request, hop by hop. Sends nothing by itself, so that both APIs share it."""
        if self._failure is not None:
            raise AuditError("the gate failed before, so nothing is let through any more")
        hop, came_from = seen.hop, None
        first = origin_of(hop.url)
        for _ in range(_MAX_REDIRECTS + 1):
            action, hop = request_action(
                hop,
                resource_type=seen.resource_type,
                initiator=seen.initiator,
                redirected_from=came_from,
                agent=self._agent,
            )
            elsewhere = origin_of(hop.url) != first
            # The page takes the answer for one of the first origin and could read it, so none of the user's
            # cookies goes to another one.
            cookies = "" if elsewhere else self._cookies(hop, seen, (yield _Cookies(hop.url)))
            headers = {name: value for name, value in hop.headers.items() if name not in _OWN_HEADERS}
            if cookies is not None:
                headers["cookie"] = cookies
            sent = Hop(hop.method, hop.url, headers, hop.body)
            response = yield _Send(None if self._is_free(hop) else action, sent)
            location = response.headers.get("location") if response.status in _REDIRECTS else None
            if location is None:
                if elsewhere and not may_read(seen, response.headers):
                    raise ActionError(
                        f"a redirect leads from {first} to {origin_of(hop.url)}, which does not let "
                        f"{seen.initiator or 'the page'} read it"
                    )
                return _Response(response)
            came_from = hop.url
            hop = redirected(hop, response.status, location)
            if seen.navigation:
                if hop.method not in SAFE_METHODS:
                    raise ActionError(
                        f"the server answers a {hop.method} with a redirect ({response.status}) that repeats "
                        f"it at {hop.url.partition('?')[0]}, and that cannot be shown to the gate again"
                    )
                return _Document(redirect_page(hop.url, location))
        raise ActionError(f"more than {_MAX_REDIRECTS} redirects")

    @staticmethod
    def _cookies(hop: Hop, seen: PageRequest, jar: Iterable[Mapping[str, Any]]) -> str | None:
        return cookie_header(jar, hop.url, asked_by=seen.documents, top_level=seen.top_level, method=hop.method)

    def _is_free(self, hop: Hop) -> bool:
        """Whether the hop is no action: reading from an origin that the program named."""
        if hop.method not in SAFE_METHODS or hop.body:
            return False
        return "*" in self._allowed or origin_of(hop.url) in self._allowed

    def _sending(self, hop: Hop) -> dict[str, Any]:
        """The arguments of `route.fetch`. An empty body is given too, or the page's own would be sent
        again."""
        return {
            "url": hop.url,
            "method": hop.method,
            "headers": dict(hop.headers),
            "post_data": hop.body,
            "max_redirects": 0,
            "timeout": self._timeout,
        }

    def _stopped(self, error: BaseException, request: Request) -> str:
        """Note why a request does not go through; the code that the page sees."""
        if isinstance(error, (Refused, ActionError)):
            self._note(
                request.method,
                request.url,
                request.resource_type,
                is_navigation(request),
                str(error.text),
                error,
            )
            return "blockedbyclient"
        if isinstance(error, PlaywrightError):
            # It was sent, and recorded, and there is no answer.
            return "failed"
        if self._failure is None:
            self._failure = error
        return "blockedbyclient"

    def _note(
        self,
        method: str,
        url: str,
        resource_type: str,
        navigation: bool,
        text: str,
        error: Refused | ActionError | None,
    ) -> None:
        self.refusals.append(RefusedRequest(method, url, resource_type, navigation, text, error))

    # ------------------------------------------------------------------------------------------ async API

    async def _answer(self, context: playwright.async_api.BrowserContext, route: playwright.async_api.Route) -> None:
        self._running += 1
        try:
            await self._run(context, route)
        except Exception as error:
            code = self._stopped(error, route.request)
            try:
                await route.abort(code)
            except PlaywrightError:
                # The page is gone, or the request was stopped already. Either way nothing goes on.
                return
        finally:
            self._running -= 1

    async def _run(self, context: playwright.async_api.BrowserContext, route: playwright.async_api.Route) -> None:
        steps = self._steps(page_request(route.request))
        step = next(steps)
        received: list[playwright.async_api.APIResponse] = []
        try:
            while True:
                value: Any
                if isinstance(step, _Cookies):
                    value = await context.cookies(step.url)
                else:
                    value = await self._send(route, step)
                    received.append(value)
                try:
                    step = steps.send(value)
                except StopIteration as done:
                    outcome = done.value
                    break
            if isinstance(outcome, _Document):
                await route.fulfill(status=200, content_type="text/html; charset=utf-8", body=outcome.body)
            else:
                await route.fulfill(response=outcome.response)
        finally:
            # Playwright keeps every body until the context closes, unless told.
            for response in received:
                await response.dispose()

    async def _send(self, route: playwright.async_api.Route, step: _Send) -> playwright.async_api.APIResponse:
        if step.action is None:
            return await route.fetch(**self._sending(step.hop))

        async def send(params: dict[str, Any]) -> playwright.async_api.APIResponse:
            return await route.fetch(**self._sending(step.hop.rebuilt(params)))

        return cast("playwright.async_api.APIResponse", await self._runtime.acall(step.action, send))

    # ------------------------------------------------------------------------------------------ sync API

    def _answer_sync(self, context: playwright.sync_api.BrowserContext, route: playwright.sync_api.Route) -> None:
        self._running += 1
        try:
            self._run_sync(context, route)
        except Exception as error:
            code = self._stopped(error, route.request)
            try:
                route.abort(code)
            except PlaywrightError:
                return
        finally:
            self._running -= 1

    def _run_sync(self, context: playwright.sync_api.BrowserContext, route: playwright.sync_api.Route) -> None:
        steps = self._steps(page_request(route.request))
        step = next(steps)
        received: list[playwright.sync_api.APIResponse] = []
        try:
            while True:
                value: Any
                if isinstance(step, _Cookies):
                    value = context.cookies(step.url)
                else:
                    value = self._send_sync(route, step)
                    received.append(value)
                try:
                    step = steps.send(value)
                except StopIteration as done:
                    outcome = done.value
                    break
            if isinstance(outcome, _Document):
                route.fulfill(status=200, content_type="text/html; charset=utf-8", body=outcome.body)
            else:
                route.fulfill(response=outcome.response)
        finally:
            # Playwright keeps every body until the context closes, unless told.
            for response in received:
                response.dispose()

    def _send_sync(self, route: playwright.sync_api.Route, step: _Send) -> playwright.sync_api.APIResponse:
        if step.action is None:
            return route.fetch(**self._sending(step.hop))

        def send(params: dict[str, Any]) -> playwright.sync_api.APIResponse:
            return route.fetch(**self._sending(step.hop.rebuilt(params)))

        return self._runtime.call(step.action, send)

    # ------------------------------------------------------------------------------------------ web sockets

    def _refuse_socket(self, url: str) -> None:
        self._note("GET", url, "websocket", False, f"{_WEB_SOCKETS} ({url.partition('?')[0]})", None)

    async def settled(self, *, quiet: float = 0.1, timeout: float = 10.0) -> bool:
        """Wait until no request has been under way for `quiet` seconds; False if that took over `timeout`
        (async API)."""
        end = time.monotonic() + timeout
        since = time.monotonic()
        while time.monotonic() < end:
            await asyncio.sleep(0.02)
            if self._running:
                since = time.monotonic()
            elif time.monotonic() - since >= quiet:
                return True
        return False


_WEB_SOCKETS = "Web sockets are refused: no policy sees the messages in them"
# The client writes these itself, for what it sends.
_OWN_HEADERS = frozenset({"cookie", "host", "content-length", "accept-encoding", "connection"})


async def govern_context(
    context: playwright.async_api.BrowserContext,
    runtime: Runtime,
    *,
    allowed_origins: Iterable[str] = (),
    agent: str | None = None,
    timeout: float = 30.0,
    require_isolation: bool = True,
) -> GovernedContext:
    """Put the gate of `runtime` before every request of `context`, for as long as the context lives.

    Every request is an action, but for GET and HEAD to the origins in `allowed_origins` (`"*"`: to any
    origin). A refused request is aborted and noted in `GovernedContext.refusals`. `timeout` is that of one
    hop, in seconds.

    Raises `UsageError` if the browser was not launched with `LAUNCH_ARGS` (unless `require_isolation` is
    False), if the context has loaded something already, and for options that mean nothing.
    """
    governed = GovernedContext(runtime, allowed_origins=allowed_origins, agent=agent, timeout=timeout)
    check_unused(context)
    if require_isolation:
        check_arguments(await command_line(context))
    for page in context.pages:
        await page.unroute_all()

    async def answer(route: playwright.async_api.Route) -> None:
        await governed._answer(context, route)

    async def refuse(socket: playwright.async_api.WebSocketRoute) -> None:
        governed._refuse_socket(socket.url)
        await socket.close(code=1008, reason="refused by policy")

    await context.route(_everything, answer)
    await context.route_web_socket(_everything, refuse)
    seal(context)
    return governed


def govern_sync_context(
    context: playwright.sync_api.BrowserContext,
    runtime: Runtime,
    *,
    allowed_origins: Iterable[str] = (),
    agent: str | None = None,
    timeout: float = 30.0,
    require_isolation: bool = True,
) -> GovernedContext:
    """The twin of `govern_context` for `playwright.sync_api`.

    While the gate waits for a human, the whole browser waits: the sync API does one thing at a time.
    """
    governed = GovernedContext(runtime, allowed_origins=allowed_origins, agent=agent, timeout=timeout)
    check_unused(context)
    if require_isolation:
        check_arguments(command_line_sync(context))
    for page in context.pages:
        page.unroute_all()

    def answer(route: playwright.sync_api.Route) -> None:
        governed._answer_sync(context, route)

    def refuse(socket: playwright.sync_api.WebSocketRoute) -> None:
        governed._refuse_socket(socket.url)
        socket.close(code=1008, reason="refused by policy")

    context.route(_everything, answer)
    context.route_web_socket(_everything, refuse)
    seal(context)
    return governed


def _everything(_url: str) -> bool:
    return True


def _checked_origin(origin: str) -> Origin:
    if origin == "*":
        return origin
    try:
        plain = origin_of(origin)
        split = urlsplit(origin)
    except ActionError as error:
        raise UsageError(f"allowed_origins: {origin!r} is no origin: {error}") from None
    if split.path not in ("", "/") or split.query or split.fragment:
        raise UsageError(f"allowed_origins: {origin!r} names more than an origin; write {plain!r}")
    return plain
