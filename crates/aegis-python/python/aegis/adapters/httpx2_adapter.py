"""httpx2: every request asks the gate, and actions run as requests.

`GovernedTransport` and `AsyncGovernedTransport` stand in front of the transport that sends, so each hop asks
the gate by itself: the request, every redirect, and the requests of an authentication flow. `governed_client`
and `governed_async_client` build clients with one. `HttpxExecutor` runs actions of a `Runtime` as requests.

For httpx the same names are in `aegis.adapters.httpx_adapter`: its classes and those of httpx2 do not mix.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aegis.adapters.extras import require
from aegis.adapters.http_transport import (
    HttpExecutor,
    Refusals,
    RefusalTypes,
    RequestGate,
    Target,
    split_client_options,
)
from aegis.errors import ActionError, AuditError, Blocked, Denied, Refused, Unanswered

if TYPE_CHECKING:
    from aegis import Runtime

require("httpx2", extra="httpx2")

import httpx2  # noqa: E402

for _name in ("AsyncBaseTransport", "BaseTransport", "ByteStream", "TransportError"):
    if not hasattr(httpx2, _name):
        raise ImportError(f"aegis: httpx2 {httpx2.__version__} has no {_name}, which the gate needs")

__all__ = [
    "AsyncGovernedTransport",
    "GovernedTransport",
    "HttpxExecutor",
    "RequestBlocked",
    "RequestDenied",
    "RequestInvalid",
    "RequestRefused",
    "RequestUnanswered",
    "governed_async_client",
    "governed_client",
]


class RequestRefused(httpx2.TransportError, Refused):
    """The gate refused a request, and nothing was sent. `text` says why; `request` is the request."""

    def __init__(self, decision: dict[str, Any], reason: str, text: str) -> None:
        """As `aegis.errors.Refused`."""
        Refused.__init__(self, decision, reason, text)
        self._request = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets it pass between processes, without the request."""
        return (_TYPES.of(self), (self.decision, self.reason, self.text))


class RequestBlocked(RequestRefused, Blocked):
    """A rule of the policy blocks the request."""


class RequestDenied(RequestRefused, Denied):
    """A human said no to the request."""


class RequestUnanswered(RequestRefused, Unanswered):  # type: ignore[misc]
    """Nobody answered yet. `text` says whether the question waits, and under which id."""

    # `request` is the HTTP request here, as on every error of httpx2; the waiting question has this name.
    @property
    def approval(self) -> dict[str, Any] | None:
        """The question that waits in the log, as `id` and `expires_at`; None where none does."""
        approval: dict[str, Any] | None = self.decision.get("request")
        return approval


class RequestInvalid(httpx2.TransportError, ActionError):
    """The request cannot be decided about (an ambiguous body, host or path), and nothing was sent."""

    def __init__(self, message: str, help: str | None = None) -> None:
        """As `aegis.errors.ActionError`."""
        ActionError.__init__(self, message, help)
        self._request = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets it pass between processes, without the request."""
        return (RequestInvalid, (self.message, self.help))


_TYPES = RefusalTypes(RequestRefused, RequestBlocked, RequestDenied, RequestUnanswered, RequestInvalid)


class GovernedTransport(httpx2.BaseTransport):
    """A transport that asks the gate about every request, and sends by `inner` what the gate allowed."""

    def __init__(
        self,
        runtime: Runtime,
        inner: httpx2.BaseTransport | None = None,
        *,
        target: Target = "url",
        refusals: Refusals = "raise",
        redact_headers: Iterable[str] = (),
        websockets: bool = False,
        agent: str | None = None,
    ) -> None:
        """Put the gate of `runtime` before `inner` (an `httpx2.HTTPTransport` of its own, if there is none).

        `target`: what the action's target is, the URL without query, or the host.
        `refusals`: `"raise"` raises `RequestRefused`; `"respond"` answers 403 with a JSON body.
        `redact_headers`: names of more headers whose values are not recorded.
        `websockets`: decide the opening of a WebSocket as an action `websocket`, in place of refusing it.
        Raises `UsageError` for options that mean nothing, `TypeError` for a transport of another kind.
        """
        self._gate = RequestGate(
            httpx2,
            _TYPES,
            runtime,
            target=target,
            refusals=refusals,
            redact_headers=redact_headers,
            websockets=websockets,
            agent=agent,
        )
        if inner is not None and not isinstance(inner, httpx2.BaseTransport):
            raise TypeError(f"inner is an httpx2.BaseTransport, not {type(inner).__module__}.{type(inner).__name__}")
        self._inner = inner if inner is not None else httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask the gate, then send. Raises `RequestRefused`, `RequestInvalid`, or `AuditError`."""
        if not isinstance(request.stream, httpx2.SyncByteStream):
            raise TypeError("an async request cannot be sent by a sync transport")
        body = b"".join(request.stream)
        # Sent again by redirects and authentication flows: the same bytes, from memory.
        request.stream = httpx2.ByteStream(body)
        try:
            snapshot = self._gate.snapshot(request, body)

            def send(params: dict[str, Any]) -> httpx2.Response:
                return self._inner.handle_request(self._gate.rebuilt(snapshot, params))

            response: httpx2.Response = self._gate.runtime.call(snapshot.action, send)
            return response
        except (Refused, ActionError) as error:
            refusal: httpx2.Response = self._gate.refuse(error, request)
            return refusal
        except AuditError as error:
            self._gate.log_failed(error)

    def __enter__(self) -> GovernedTransport:
        """Enter the inner transport."""
        self._inner.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Leave the inner transport."""
        self._inner.__exit__(exc_type, exc_value, traceback)

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()


class AsyncGovernedTransport(httpx2.AsyncBaseTransport):
    """The async twin of `GovernedTransport`: the loop stays free while a human is asked."""

    def __init__(
        self,
        runtime: Runtime,
        inner: httpx2.AsyncBaseTransport | None = None,
        *,
        target: Target = "url",
        refusals: Refusals = "raise",
        redact_headers: Iterable[str] = (),
        websockets: bool = False,
        agent: str | None = None,
    ) -> None:
        """Put the gate of `runtime` before `inner`; the options are those of `GovernedTransport`."""
        self._gate = RequestGate(
            httpx2,
            _TYPES,
            runtime,
            target=target,
            refusals=refusals,
            redact_headers=redact_headers,
            websockets=websockets,
            agent=agent,
        )
        if inner is not None and not isinstance(inner, httpx2.AsyncBaseTransport):
            raise TypeError(
                f"inner is an httpx2.AsyncBaseTransport, not {type(inner).__module__}.{type(inner).__name__}"
            )
        self._inner = inner if inner is not None else httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask the gate, then send. Raises `RequestRefused`, `RequestInvalid`, or `AuditError`."""
        if not isinstance(request.stream, httpx2.AsyncByteStream):
            raise TypeError("a sync request cannot be sent by an async transport")
        body = b"".join([part async for part in request.stream])
        request.stream = httpx2.ByteStream(body)
        try:
            snapshot = self._gate.snapshot(request, body)

            async def send(params: dict[str, Any]) -> httpx2.Response:
                return await self._inner.handle_async_request(self._gate.rebuilt(snapshot, params))

            response: httpx2.Response = await self._gate.runtime.acall(snapshot.action, send)
            return response
        except (Refused, ActionError) as error:
            refusal: httpx2.Response = self._gate.refuse(error, request)
            return refusal
        except AuditError as error:
            self._gate.log_failed(error)

    async def __aenter__(self) -> AsyncGovernedTransport:
        """Enter the inner transport."""
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Leave the inner transport."""
        await self._inner.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def governed_client(
    runtime: Runtime,
    *,
    inner: httpx2.BaseTransport | None = None,
    target: Target = "url",
    refusals: Refusals = "raise",
    redact_headers: Iterable[str] = (),
    websockets: bool = False,
    agent: str | None = None,
    **options: Any,
) -> httpx2.Client:
    """An `httpx2.Client` whose every request asks the gate; `options` are those of `httpx2.Client`.

    Raises `UsageError` for `transport=` and `mounts=`, which would send requests past the gate: give your own
    transport as `inner=`. Proxies of the environment are not read (a warning says so): give `proxy=`.
    """
    connection = split_client_options(httpx2, inner, options)
    transport = GovernedTransport(
        runtime,
        inner if inner is not None else httpx2.HTTPTransport(**connection),
        target=target,
        refusals=refusals,
        redact_headers=redact_headers,
        websockets=websockets,
        agent=agent,
    )
    return httpx2.Client(transport=transport, **options)


def governed_async_client(
    runtime: Runtime,
    *,
    inner: httpx2.AsyncBaseTransport | None = None,
    target: Target = "url",
    refusals: Refusals = "raise",
    redact_headers: Iterable[str] = (),
    websockets: bool = False,
    agent: str | None = None,
    **options: Any,
) -> httpx2.AsyncClient:
    """An `httpx2.AsyncClient` whose every request asks the gate; as `governed_client`."""
    connection = split_client_options(httpx2, inner, options)
    transport = AsyncGovernedTransport(
        runtime,
        inner if inner is not None else httpx2.AsyncHTTPTransport(**connection),
        target=target,
        refusals=refusals,
        redact_headers=redact_headers,
        websockets=websockets,
        agent=agent,
    )
    return httpx2.AsyncClient(transport=transport, **options)


class HttpxExecutor(HttpExecutor):
    """Runs actions of the types get, post, put, patch, delete, head and options as requests of httpx2.

    The target is a path below `base_url`, or a whole URL. Parameters: `json`, `data`, `headers`, `query`,
    `timeout`. The result's data has `status_code`, `headers` and `body`. Redirects are answers, and are not
    followed: where they lead was not decided about.
    """

    _module = httpx2
