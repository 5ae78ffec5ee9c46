"""A request of a page as an action, and what is sent for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from aegis import Action
from aegis.adapters.http_transport import checked_host, json_body, normal_path, recorded_headers
from aegis.errors import ActionError, AuditError

__all__ = ["Hop", "Origin", "origin_of", "redirected", "redirect_page", "request_action"]

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+")
# What a URL may hold after the host without being read in two ways: the client that sends it leaves these
# alone.
_PATH = re.compile(r"[!-~]*")
_PATH_SAFE = "!$%&'()*+,-./:;=@[]_|~"
_QUERY_SAFE = "!$%&()*+,-./:;=?@[]\\^_`{|}~"

Origin = str
"""Scheme, host and port of a URL, as browsers write it: `https://example.com`, `http://127.0.0.1:8000`."""


@dataclass(frozen=True)
class Hop:
    """One request to one URL: what the page asked for, or what a redirect made of it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    def rebuilt(self, params: Mapping[str, Any]) -> Hop:
        """What is sent: method and URL from the record, with the bytes that the record has the digest of.

        Raises `AuditError` if the bytes are not those that were recorded.
        """
        recorded = params.get("body_sha256")
        digest = hashlib.sha256(self.body).hexdigest() if self.body else None
        if digest != recorded:
            raise AuditError("the body of the request is not the one that was recorded")
        return replace(self, method=str(params["method"]), url=str(params["url"]))


def _fail(text: str) -> NoReturn:
    raise ActionError(text)


def origin_of(url: str) -> Origin:
    """The origin of `url`. Raises `ActionError` for a URL that is not http or https, or can be read in two
    ways."""
    scheme, netloc, _, _ = _parts(url)
    return f"{scheme}://{netloc}"


def _parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, host with port, path, query. One form only, so that what was decided about is what is sent."""
    try:
        split = urlsplit(url)
        port, host, userinfo = split.port, split.hostname, split.username is not None or "@" in split.netloc
    except ValueError:
        _fail("the URL cannot be read")
    if split.scheme not in _PORTS:
        _fail(f"requests with the scheme {split.scheme[:20]!r} are not sent")
    if userinfo:
        _fail("the URL holds a user name or a password, and is refused")
    host = checked_host(host or "")
    if not _HOST.fullmatch(host):
        _fail(f"the host {host[:80]!r} is not in the form in which it is looked up")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[split.scheme]:
        netloc = f"{netloc}:{port}"
    if not _PATH.fullmatch(split.path + split.query) or "\\" in split.path:
        _fail("the URL holds characters that have to be escaped")
    return split.scheme, netloc, normal_path(split.path or "/"), split.query


def request_action(
    hop: Hop, *, resource_type: str, initiator: str, redirected_from: str | None, agent: str | None
) -> tuple[Action, Hop]:
    """The action of `hop`, and the hop with its URL in the one form that is recorded and sent.

    Raises `ActionError` for what cannot be decided about.
    """
    scheme, netloc, path, query = _parts(hop.url)
    place = f"{scheme}://{netloc}{path}"
    split = urlsplit(place)
    url = f"{place}?{query}" if query else place
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    params: dict[str, Any] = {
        "method": hop.method,
        "url": url,
        "host": split.hostname,
        "port": split.port or _PORTS[scheme],
        "path": path,
        "query": values,
        "headers": recorded_headers(
            (
                (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in hop.headers.items()
            ),
            frozenset(),
        ),
        "resource_type": resource_type,
        "initiator": initiator,
    }
    if redirected_from is not None:
        params["redirected_from"] = redirected_from
    if hop.body:
        if _lacks_a_file(hop.body, hop.headers.get("content-type", "")):
            _fail(
                "the form sends a file from the disk, whose contents the browser shows to nobody; "
                "choose it with its bytes: set_input_files({'name': ..., 'mimeType': ..., 'buffer': ...})"
            )
        is_json, parsed = json_body(
            hop.body, hop.headers.get("content-type", ""), hop.headers.get("content-encoding", "")
        )
        if is_json:
            params["body"] = parsed
        params["body_bytes"] = len(hop.body)
        params["body_sha256"] = hashlib.sha256(hop.body).hexdigest()
    action = Action(hop.method.lower(), place, params, "", agent=agent)
    return action, replace(hop, url=url)


def _lacks_a_file(body: bytes, content_type: str) -> bool:
    """Whether a form names a file and has nothing of it: Chromium leaves out what it would read from the
    disk."""
    boundary = re.search(r"^multipart/form-data\s*;.*boundary=\"?([^\s;\"]+)", content_type, re.IGNORECASE)
    if boundary is None:
        return False
    end = re.escape(b"--" + boundary.group(1).encode("latin-1", "replace"))
    return re.search(rb'; filename="[^"\r\n]+"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n\r\n' + end, body) is not None


def redirected(hop: Hop, status: int, location: str) -> Hop:
    """The request that a redirect asks for, by the rules of the Fetch standard.

    Raises `ActionError` if the new URL cannot be decided about.
    """
    try:
        # The bytes of the header, which the client read as latin-1, are UTF-8 by the standard.
        text = location.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        text = location
    text = re.sub(r"[\t\r\n]", "", text.strip("".join(map(chr, range(0x21)))))
    try:
        joined = urlsplit(urljoin(hop.url, text))
    except ValueError:
        _fail("the redirect leads to a URL that cannot be read")
    scheme, netloc, path, query = _parts(
        joined._replace(
            path=quote(joined.path, safe=_PATH_SAFE), query=quote(joined.query, safe=_QUERY_SAFE), fragment=""
        ).geturl()
    )
    url = f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")
    headers = {name: value for name, value in hop.headers.items() if name != "cookie"}
    if origin_of(url) != origin_of(hop.url):
        headers = {name: value for name, value in headers.items() if name != "authorization"}
    method, body = hop.method, hop.body
    if (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD")):
        method, body = "GET", b""
        headers = {name: value for name, value in headers.items() if not name.startswith("content-")}
    return Hop(method, url, headers, body)


def redirect_page(url: str, location: str) -> str:
    """A document that leads to `url`, so that the browser asks for it anew and the gate sees that request.

    A fragment that `location` names is kept; the address of this document is not told to the next.
    """
    fragment = urlsplit(location).fragment
    if fragment:
        url = f"{url}#{quote(fragment, safe=_QUERY_SAFE)}"
    script = json.dumps(url).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    plain = url.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return (
        '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f"<script>location.replace({script})</script>"
        f'<noscript><meta http-equiv="refresh" content="0;url={plain}"></noscript>'
    )
