"""What the adapters of httpx and httpx2 share: a request as an action, and an action as a request.

httpx2 is a fork with the same interface and with classes of its own, so nothing here imports either: the
adapters (`aegis.adapters.httpx_adapter`, `aegis.adapters.httpx2_adapter`) hand their module in.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import sys
import urllib.request
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from types import ModuleType
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from aegis import Action
from aegis.adapters.base import BaseExecutor
from aegis.core.result import Result, ResultStatus
from aegis.errors import ActionError, AuditError, Blocked, Denied, Unanswered, UsageError

__all__ = ["Destination", "HttpExecutor", "RefusalTypes", "RequestGate", "Snapshot", "split_client_options"]

Refusals = Literal["raise", "respond"]
Target = Literal["url", "host"]

REDACTED = "[redacted]"
NOT_RECORDED = "[not recorded]"

# Header names whose values are secrets. A name too many costs the record a value; a name too few leaks one.
_SECRET_NAME = re.compile(
    r"auth|cookie|token|secret|passw|passphrase|credential|signature|session|bearer|jwt|csrf|xsrf|otp"
    r"|api-?key|(^|[-_])key$",
    re.IGNORECASE,
)
# Values that change with every sending of one and the same request. With them in the action, an approval that
# was given for a waiting request could never be used by the request that is made again.
_VOLATILE_NAMES = frozenset(
    {
        "baggage",
        "date",
        "idempotency-key",
        "traceparent",
        "tracestate",
        "x-amz-date",
        "x-correlation-id",
        "x-request-id",
        "x-stainless-retry-count",
    }
)
_JSON_TYPE = re.compile(r"^(application|text)/([a-z0-9.+-]+\+)?json$")
_METHOD = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

# What builds the connection in `Client(...)`: it belongs to the transport that the gate stands in front of.
_CONNECTION_OPTIONS = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy")


# ------------------------------------------------------------------------------------ reading a request


def _fail(text: str) -> NoReturn:
    raise ActionError(text)


def _unescape_unreserved(path: str) -> str:
    def one(match: re.Match[str]) -> str:
        character = chr(int(match.group(1), 16))
        return character if character in _UNRESERVED else match.group(0).upper()

    return _ESCAPE.sub(one, path)


def _without_dot_segments(path: str) -> str:
    out: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == ".":
            if last:
                out.append("")
        elif segment == "..":
            if len(out) > 1:
                out.pop()
            if last:
                out.append("")
        else:
            out.append(segment)
    return "/".join(out)


def _hides_dot_segments(path: str) -> bool:
    """Whether a server that decodes `%2F` or `%5C`, or cuts `;…` off, would climb out of the path shown."""
    return any(
        segment.split(";", 1)[0].strip() in (".", "..") for segment in re.split(r"[/\\]", unquote(path, "latin-1"))
    )


def normal_path(path: str) -> str:
    """The path in the normal form of RFC 3986: unreserved characters unescaped, dot segments resolved.

    Raises `ActionError` where servers would read the path in different ways.
    """
    normal = _without_dot_segments(_unescape_unreserved(path))
    if _hides_dot_segments(normal):
        _fail(f"the path {normal!r} hides a dot segment: servers disagree about what it names")
    if "%00" in normal:
        _fail("the path holds a NUL character")
    return normal


def checked_host(host: str) -> str:
    """The host as it is, if it is written in the one form that policies match; else raises `ActionError`."""
    if not host:
        _fail("the URL names no host")
    if host.endswith("."):
        _fail(f"the host {host!r} ends in a dot: write {host.rstrip('.')!r}")
    if ":" in host:
        try:
            canonical = str(ipaddress.ip_address(host))
        except ValueError:
            _fail(f"the host {host!r} is no IPv6 address")
        if canonical != host:
            _fail(f"the host {host!r} is not in its usual form: write {canonical!r}")
        return host
    # A name whose last label is a number is an address to the resolver: 127.1, 0x7f.0.0.1 and 2130706433 are
    # all 127.0.0.1, and no rule about 127.0.0.1 would see it.
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", host.rsplit(".", 1)[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            _fail(f"the host {host!r} is an IPv4 address in an unusual form: write four decimal numbers")
    return host


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key occurs twice")
    return out


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _exact_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")) or Decimal(repr(value)) != Decimal(text):
        raise ValueError(f"the number {text[:40]} has more digits than can be compared exactly")
    return value


def _strict_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_exact_float)


def json_body(body: bytes, content_type: str, content_encoding: str) -> tuple[bool, Any]:
    """`(True, value)` if the body is JSON, `(False, None)` if it is something else.

    A body that some servers would read as one JSON value and some as another, or whose content type says JSON
    and which is none, raises `ActionError`: conditions on its parts would decide about something else.
    """
    main, _, rest = content_type.partition(";")
    declared = _JSON_TYPE.match(main.strip().lower()) is not None
    if content_encoding.strip().lower() not in ("", "identity"):
        return False, None
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", rest, re.IGNORECASE)
    if declared and charset is not None and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        _fail(f"the body is JSON in {charset.group(1)[:40]!r}; only UTF-8 is read")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        if declared:
            _fail("the content type says JSON, and the body is not UTF-8")
        return False, None
    if not declared:
        # Many servers read JSON whatever the content type says, so an object or a list counts as JSON.
        bare = text.lstrip("\ufeff \t\r\n")
        if not bare.startswith(("{", "[")):
            return False, None
        try:
            json.loads(bare)
        except RecursionError:
            _fail("the body is JSON that is nested too deeply")
        except ValueError:
            return False, None
    try:
        return True, _strict_json(text)
    except RecursionError:
        _fail("the body is JSON that is nested too deeply")
    except (ValueError, ArithmeticError) as error:
        _fail(f"the body is not JSON that all servers read alike: {error}")


def recorded_headers(raw: Iterable[tuple[bytes, bytes]], more_secrets: frozenset[str]) -> dict[str, str]:
    """Header names in lower case with their values, without secrets and values that change by themselves."""
    values: dict[str, list[str]] = {}
    for name_bytes, value in raw:
        values.setdefault(name_bytes.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    out: dict[str, str] = {}
    for name, parts in values.items():
        if name in _VOLATILE_NAMES:
            out[name] = NOT_RECORDED
        elif name in more_secrets or _SECRET_NAME.search(name):
            out[name] = REDACTED
        else:
            out[name] = ", ".join(parts)
    return out


def _query(text: str) -> dict[str, list[str]]:
    """Every name with the list of its values: a list even of one, so that a second one changes no type."""
    out: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        out.setdefault(name, []).append(value)
    return out


# ------------------------------------------------------------------------------------ the gate


@dataclass(frozen=True)
class Snapshot:
    """One request as the gate sees it, with what is sent but not recorded: secrets, bytes, extensions."""

    action: Action
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    extensions: Mapping[str, Any]


@dataclass(frozen=True)
class RefusalTypes:
    """The exceptions of one module: each is a transport error of it, and an error of `aegis.errors`."""

    refused: type[Exception]
    blocked: type[Exception]
    denied: type[Exception]
    unanswered: type[Exception]
    invalid: type[Exception]
    made: dict[tuple[type, ...], type[Exception]] = field(default_factory=dict, compare=False)

    def of(self, error: Exception) -> type[Exception]:
        """The class that `error` is raised as."""
        if isinstance(error, ActionError):
            return self.invalid
        if isinstance(error, Blocked):
            return self.blocked
        if isinstance(error, Denied):
            return self.denied
        if isinstance(error, Unanswered):
            return self.unanswered
        return self.refused

    def raised(self, error: Exception, request: Any) -> Any:
        """`error` as an exception of this module, which SDKs do not take for a broken connection."""
        new = self.copied(error, self.of(error))
        new.request = request
        return new

    def copied(self, error: Exception, cls: type[Exception]) -> Any:
        """`error` as an exception of class `cls` that the retry loops of the loaded SDKs let pass."""
        bases = (cls, *_sdk_errors())
        made = self.made.get(bases)
        if made is None:
            made = cls if len(bases) == 1 else type(cls.__name__, bases, {"__module__": cls.__module__})
            self.made[bases] = made
        new = made.__new__(made)
        new.args = error.args
        new.__dict__.update(error.__dict__)
        return new


def _sdk_errors() -> tuple[type[Exception], ...]:
    """The base errors of the SDKs that this process has loaded.

    They send a request again after any exception but their own: a human would be asked again after each "no".
    """
    found = []
    for module, name in (("anthropic", "AnthropicError"), ("openai", "OpenAIError")):
        cls = getattr(sys.modules.get(module), name, None)
        if isinstance(cls, type) and issubclass(cls, Exception):
            found.append(cls)
    return tuple(found)


class RequestGate:
    """What a governed transport does before and after asking."""

    def __init__(
        self,
        module: ModuleType,
        types: RefusalTypes,
        runtime: Any,
        *,
        target: Target,
        refusals: Refusals,
        redact_headers: Iterable[str],
        websockets: bool,
        agent: str | None,
    ) -> None:
        """Keep the options; raises `UsageError` for one that has no such value."""
        if target not in ("url", "host"):
            raise UsageError(f"target is 'url' or 'host', not {target!r}")
        if refusals not in ("raise", "respond"):
            raise UsageError(f"refusals is 'raise' or 'respond', not {refusals!r}")
        if isinstance(redact_headers, (str, bytes)):
            raise UsageError("redact_headers is a collection of header names, not one text")
        if not callable(getattr(runtime, "call", None)) or not callable(getattr(runtime, "acall", None)):
            raise UsageError(f"the first argument is an aegis.Runtime, not {type(runtime).__name__}")
        self.module = module
        self.types = types
        self.runtime = runtime
        self.target = target
        self.refusals = refusals
        self.redact_headers = frozenset(name.lower() for name in redact_headers)
        self.websockets = websockets
        self.agent = agent

    def snapshot(self, request: Any, body: bytes) -> Snapshot:
        """The action of `request`, whose body was read. Raises `ActionError` for what cannot be decided."""
        method = str(request.method)
        if not _METHOD.match(method):
            _fail(f"{method[:40]!r} is no HTTP method")
        # The connection layer would send this path in place of the URL's.
        if "target" in request.extensions:
            _fail("the request extension 'target' replaces what the URL says, and is refused")
        headers = tuple((bytes(name), bytes(value)) for name, value in request.headers.raw)
        kind = self._kind(method, request)
        url = request.url
        scheme = str(url.scheme)
        if scheme not in (("http", "https", "ws", "wss") if kind == "websocket" else ("http", "https")):
            _fail(f"requests with the scheme {scheme[:20]!r} are not sent")
        host = checked_host(url.raw_host.decode("ascii").strip("[]"))
        netloc = f"[{host}]" if ":" in host else host
        if url.port is not None and url.port != _PORTS[scheme]:
            netloc = f"{netloc}:{url.port}"
        self._check_host_header(headers, netloc, f"{netloc}:{_PORTS[scheme]}")
        raw_path, mark, query = url.raw_path.decode("ascii").partition("?")
        path = normal_path(raw_path or "/")
        place = f"{scheme}://{netloc}{path}"
        params: dict[str, Any] = {
            "method": method,
            "url": place + mark + query,
            "host": host,
            "port": url.port if url.port is not None else _PORTS[scheme],
            "path": path,
            "query": _query(query),
            "headers": recorded_headers(headers, self.redact_headers),
        }
        if body:
            is_json, value = json_body(
                body, request.headers.get("content-type", ""), request.headers.get("content-encoding", "")
            )
            if is_json:
                params["body"] = value
            params["body_bytes"] = len(body)
            params["body_sha256"] = hashlib.sha256(body).hexdigest()
        sent = self.module.URL(params["url"])
        if (sent.scheme, sent.netloc.decode("ascii"), sent.raw_path) != (
            scheme,
            netloc,
            (path + mark + query).encode(),
        ):
            _fail("the URL does not keep its form when it is read again")
        action = Action(kind, place if self.target == "url" else host, params, "", agent=self.agent)
        return Snapshot(action, body, headers, dict(request.extensions))

    def _kind(self, method: str, request: Any) -> str:
        upgrades = request.headers.get("upgrade")
        if method.upper() == "CONNECT":
            _fail("CONNECT opens a tunnel whose contents no policy sees, and is refused")
        if upgrades is None:
            return method.lower()
        if upgrades.strip().lower() != "websocket" or not self.websockets:
            _fail(
                "this request opens a connection (Upgrade) whose messages no policy sees, and is refused; "
                "with websockets=True the opening of a WebSocket is decided as an action of type 'websocket'"
            )
        return "websocket"

    @staticmethod
    def _check_host_header(headers: Iterable[tuple[bytes, bytes]], netloc: str, with_port: str) -> None:
        for name, value in headers:
            if name.lower() != b"host":
                continue
            said = value.decode("latin-1").strip().lower()
            # httpx leaves the default port out of the header, people may write it.
            if said not in (netloc, with_port):
                _fail(f"the header Host names {said[:80]!r} and the URL {netloc!r}: which host do rules mean?")

    def rebuilt(self, snapshot: Snapshot, params: Mapping[str, Any]) -> Any:
        """The request that is sent: method and URL from the record, and the bytes whose digest is in it."""
        if snapshot.body and hashlib.sha256(snapshot.body).hexdigest() != params["body_sha256"]:
            raise AuditError("the body of the request is not the one that was recorded")
        return self.module.Request(
            params["method"],
            self.module.URL(params["url"]),
            headers=list(snapshot.headers),
            stream=self.module.ByteStream(snapshot.body),
            extensions=dict(snapshot.extensions),
        )

    def refuse(self, error: Exception, request: Any) -> Any:
        """Raise the refusal as a transport error, or answer it as a response 403, as the options say."""
        if self.refusals == "raise":
            raise self.types.raised(error, request) from None
        waiting = getattr(error, "request", None)
        detail = {
            "type": "aegis_refusal",
            "refusal": self.types.of(error).__name__.removeprefix("Request").lower(),
            "message": str(getattr(error, "text", error)),
            "rule": getattr(error, "rule", None),
            "reason": getattr(error, "reason", None),
            "action_id": getattr(error, "action_id", None),
            "approval": waiting if isinstance(waiting, dict) else None,
        }
        return self.module.Response(
            403,
            headers={"content-type": "application/json", "x-should-retry": "false"},
            content=json.dumps({"error": detail}, ensure_ascii=True, default=str).encode("ascii"),
        )

    def log_failed(self, error: AuditError) -> NoReturn:
        """Raise the failure of the log on, as an error that no SDK retries or wraps."""
        raise self.types.copied(error, type(error)) from error


def split_client_options(module: ModuleType, inner: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Take what builds the connection out of a client's options; `UsageError` for a way past the gate."""
    for name in ("transport", "mounts"):
        if name in options:
            raise UsageError(
                f"a governed client takes no {name}=, which would send requests past the gate; "
                f"give your own transport as inner="
            )
    connection = {name: options.pop(name) for name in _CONNECTION_OPTIONS if name in options}
    if inner is not None and connection:
        raise UsageError(f"with inner= the connection is yours: give it {', '.join(sorted(connection))}")
    if "trust_env" in connection:
        options["trust_env"] = connection["trust_env"]
    if inner is None and connection.get("proxy") is None and connection.get("trust_env", True):
        proxies = {name for name in urllib.request.getproxies() if name in ("http", "https", "all")}
        if proxies:
            warnings.warn(
                "a governed client does not read proxies from the environment; give proxy=",
                RuntimeWarning,
                stacklevel=3,
            )
    return connection


# ------------------------------------------------------------------------------------ the executor

_TYPES = ("get", "post", "put", "patch", "delete", "head", "options")
_PARAMS = ("json", "data", "headers", "query", "timeout")


@dataclass(frozen=True)
class Destination:
    """Where one action goes: the URL, and whether credentials of the executor may go along."""

    url: Any
    own: bool


def _origin(url: Any) -> tuple[str, str, int | None]:
    return str(url.scheme), str(url.host), url.port or _PORTS.get(url.scheme)


class HttpExecutor(BaseExecutor):
    """Runs actions as HTTP requests; the adapters name the module that sends them.

    The gate has decided about the action before an executor is called: what is sent is what the action says.
    """

    _module: Any = None

    def __init__(
        self,
        base_url: str = "",
        default_headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        allow_origins: Iterable[str] = (),
    ) -> None:
        """Keep the settings; no connection is made. Raises `UsageError` for settings that mean nothing.

        `base_url` is put before a target that is a path. A target that is a whole URL must have the origin of
        `base_url` or one of `allow_origins`; without either, any origin that the policy allows will do.
        Credentials among `default_headers` go to the origin of `base_url` only, or, if there is no
        `base_url`, to the `allow_origins`.
        """
        if isinstance(allow_origins, str):
            raise UsageError("allow_origins is a collection of origins such as ('https://example.com',)")
        self._base_url = base_url.rstrip("/")
        self._default_headers = dict(default_headers or {})
        self._timeout = timeout
        self._base_origin = _origin(self._parsed_setting(self._base_url)) if self._base_url else None
        self._allowed = frozenset(_origin(self._parsed_setting(origin, bare=True)) for origin in allow_origins)
        self._client: Any = None
        if any(name.lower() == "host" for name in self._default_headers):
            raise UsageError("default_headers must not set Host: rules about hosts would be blind")
        secret = [name for name in self._default_headers if _SECRET_NAME.search(name)]
        if secret and self._base_origin is None and not self._allowed:
            raise UsageError(f"the default header {secret[0]} would go to every host: give base_url= or allow_origins=")

    def _parsed_setting(self, text: str, *, bare: bool = False) -> Any:
        url = self._module.URL(text)
        if url.scheme not in ("http", "https") or not url.host:
            raise UsageError(f"{text!r} is no http or https URL")
        if url.query or url.fragment or (bare and url.path not in ("", "/")):
            raise UsageError(f"{text!r} says more than {'an origin' if bare else 'a base URL'}")
        return url

    async def setup(self) -> None:
        """Open the client, once."""
        if self._client is None:
            self._client = self._module.AsyncClient(timeout=self._timeout, follow_redirects=False)

    async def teardown(self) -> None:
        """Close the client; the next `setup` or `execute` opens another."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def resolve(self, target: str) -> Destination:
        """The URL that a target means. Raises `ActionError` if the gate decided about another one."""
        if re.search(r"[\x00-\x20\x7f\\#]", target):
            _fail("the target holds a space, a control character, a backslash or a fragment")
        whole = re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:", target) is not None
        if target.startswith("//"):
            _fail("the target begins with two slashes, which names another host")
        if not whole and self._base_origin is None:
            _fail("the target is a path, and the executor has no base_url")
        text = target if whole else f"{self._base_url}/{target.lstrip('/')}" if target else self._base_url
        try:
            url = self._module.URL(text)
        except self._module.InvalidURL as error:
            _fail(f"the target is no URL: {error}")
        if url.scheme not in ("http", "https"):
            _fail(f"requests with the scheme {url.scheme[:20]!r} are not sent")
        checked_host(url.raw_host.decode("ascii").strip("[]"))
        if whole and url.userinfo:
            _fail("the target holds a user name or a password")
        origin = _origin(url)
        if whole and (self._base_origin is not None or self._allowed):
            if origin != self._base_origin and origin not in self._allowed:
                _fail(f"the target leaves the origin of base_url for {origin[0]}://{url.netloc.decode('ascii')}")
        # The gate decided about the text of the target, so a path that becomes another one was not allowed.
        written = urlsplit(text).path or "/"
        sent = url.raw_path.decode("ascii").partition("?")[0]
        if unquote(written) != unquote(sent) or _unescape_unreserved(sent) != sent or normal_path(sent) != sent:
            _fail(f"the target is not the path that would be sent: write it as {normal_path(sent)!r}")
        own = origin == self._base_origin if self._base_origin is not None else origin in self._allowed
        return Destination(url, own)

    def _request_options(self, action: Action, place: Destination) -> dict[str, Any]:
        params = action.params
        unknown = sorted(set(params) - set(_PARAMS))
        if unknown:
            _fail(f"there is no parameter {unknown[0]!r}; known are {', '.join(_PARAMS)}")
        if params.get("json") is not None and params.get("data") is not None:
            _fail("json and data are both given")
        headers = {
            name.lower(): value
            for name, value in self._default_headers.items()
            if place.own or not _SECRET_NAME.search(name)
        }
        given = params.get("headers")
        if given is not None:
            if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
                _fail("headers is an object of texts")
            headers.update({name.lower(): value for name, value in given.items()})
        if "host" in headers:
            _fail("the header Host is not for an action to set: rules about targets would be blind")
        options: dict[str, Any] = {"headers": headers}
        for name in ("json", "data"):
            if params.get(name) is not None:
                options[name] = params[name]
        query = params.get("query")
        if query is not None:
            if not isinstance(query, dict):
                _fail("query is an object")
            if place.url.query:
                _fail("the target has a query, and the parameter query is given too")
            options["params"] = query
        timeout = params.get("timeout")
        if timeout is not None:
            if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
                _fail("timeout is a number of seconds above 0")
            options["timeout"] = timeout
        return options

    async def execute(self, action: Action) -> Result:
        """Send the action's request and give its answer; a status other than 2xx, or none, is a failure."""
        method = action.type.lower()
        if method not in _TYPES:
            return self._failed(action, f"Unknown HTTP method for action type: {action.type}")
        try:
            place = self.resolve(action.target)
            options = self._request_options(action, place)
        except ActionError as error:
            return self._failed(action, f"Not sent: {error}")
        await self.setup()
        try:
            response = await self._client.request(method.upper(), place.url, **options)
        except Exception as error:
            return self._failed(action, f"{type(error).__name__}: {error}")
        data: dict[str, Any] = {"status_code": response.status_code, "headers": dict(response.headers)}
        try:
            data["body"] = response.json()
        except (ValueError, TypeError, RecursionError):
            data["body"] = response.text
        return Result(
            action=action,
            status=ResultStatus.SUCCESS if response.is_success else ResultStatus.FAILED,
            data=data,
            error=None if response.is_success else f"HTTP {response.status_code}",
            completed_at=datetime.now(timezone.utc),
        )

    async def verify(self, action: Action, result: Result) -> bool:
        """Whether the answer's status is 2xx."""
        if not result.ok or not isinstance(result.data, dict):
            return False
        status = result.data.get("status_code", 0)
        return isinstance(status, int) and 200 <= status < 300

    @staticmethod
    def _failed(action: Action, error: str) -> Result:
        return Result(action=action, status=ResultStatus.FAILED, error=error, completed_at=datetime.now(timezone.utc))
