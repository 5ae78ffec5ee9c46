"""A request as Playwright tells of it: what is asked for, and which documents ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import playwright.async_api
import playwright.sync_api
from playwright.async_api import Error as PlaywrightError

from aegis.adapters.playwright.request_action import Hop, Origin, origin_of
from aegis.errors import ActionError

__all__ = ["SAFE_METHODS", "PageRequest", "Request", "is_navigation", "may_read", "page_request"]

Request = playwright.async_api.Request | playwright.sync_api.Request
SAFE_METHODS = ("GET", "HEAD")
# What a page may show from another origin, and not read, without that origin's consent.
_EMBEDDED = ("image", "media", "font", "stylesheet", "script", "texttrack")


@dataclass(frozen=True)
class PageRequest:
    """What a page asked for, and from where."""

    hop: Hop
    resource_type: str
    navigation: bool
    top_level: bool
    documents: tuple[str, ...]
    """The URLs of the documents that the request comes from, the nearest first."""

    @property
    def initiator(self) -> Origin:
        """The origin of the nearest document: `null` for one without, empty for the address bar."""
        return (_origin_or_empty(self.documents[0]) or "null") if self.documents else ""


def page_request(request: Request) -> PageRequest:
    """What Playwright tells about a request. Raises `ActionError` for a URL that cannot be decided about."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    hop = Hop(
        request.method.upper(),
        urlsplit(request.url)._replace(fragment="").geturl(),
        headers,
        request.post_data_buffer or b"",
    )
    navigation = is_navigation(request)
    frames: list[str] = []
    top_level = False
    try:
        frame: Any = request.frame
    except PlaywrightError:
        # A pop-up whose frame is not there yet, or a service worker.
        top_level = navigation
    else:
        top_level = navigation and frame.parent_frame is None
        # The document that is about to be replaced is the one that asks, for a frame that navigates itself.
        while frame is not None:
            frames.append(str(frame.url))
            frame = frame.parent_frame
    documents = [origin for url in frames if (origin := _asking(url))]
    referer = headers.get("referer", "")
    if navigation and referer:
        documents = [referer, *([] if top_level else documents[1:])]
    elif referer and not documents:
        documents = [referer]
    if not documents and not (top_level and hop.method in SAFE_METHODS):
        # Nobody but a page can have sent this, and it does not say which.
        documents = ["null"]
    origin = headers.get("origin", "")
    if origin and origin not in map(_origin_or_empty, documents):
        documents.append(origin)
    return PageRequest(hop, request.resource_type, navigation, top_level, tuple(documents))


def _asking(url: str) -> str:
    """The URL that says whose document this is: empty for one that belongs to whoever made it, as
    `about:blank` does."""
    if url.startswith(("http://", "https://")):
        return url
    if url.startswith("blob:http"):
        return url.removeprefix("blob:")
    return "" if not url or url.startswith("about:") else "null"


def is_navigation(request: Request) -> bool:
    """Whether the request is for the document of a frame."""
    return bool(request.is_navigation_request())


def _origin_or_empty(url: str) -> Origin:
    try:
        return origin_of(url)
    except ActionError:
        return ""


def may_read(seen: PageRequest, headers: Mapping[str, str]) -> bool:
    """Whether the page may have an answer that a redirect brought from another origin.

    The browser would check this itself, if it knew of the redirect.
    """
    if seen.resource_type in _EMBEDDED:
        return True
    allowed = headers.get("access-control-allow-origin", "").strip()
    return allowed == "*" or (seen.initiator not in ("", "null") and allowed == seen.initiator)
