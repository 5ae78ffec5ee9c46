"""The cookies of one request.

Playwright's HTTP client sends every cookie that fits the URL. A browser also looks at who asks: a cookie
marked `SameSite` does not go along with a request that another site started. Without that, a page could act
with the user's cookies at every site that the user is signed in to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

__all__ = ["cookie_header"]


def cookie_header(
    cookies: Iterable[Mapping[str, Any]], url: str, *, asked_by: Iterable[str], top_level: bool, method: str
) -> str | None:
    """The value of the header Cookie, or None where the jar has no cookie for the URL anyway.

    `asked_by`: the URLs of the documents that the request comes from (the frame and those around it); none
    means that it comes from the address bar, so from nobody else's site.
    """
    found = list(cookies)
    if not found:
        return None
    origins = list(asked_by)
    lax = top_level and method in ("GET", "HEAD")
    sent = [
        f"{cookie['name']}={cookie['value']}" if cookie["name"] else str(cookie["value"])
        for cookie in found
        if cookie.get("sameSite") == "None"
        or all(_same_site(origin, url, cookie) for origin in origins)
        # A cookie without the mark counts as Lax, as in Chromium.
        or (lax and cookie.get("sameSite") != "Strict")
    ]
    return "; ".join(sent)


def _same_site(origin: str, url: str, cookie: Mapping[str, Any]) -> bool:
    """Whether `origin` belongs to the site of `url`, as far as that can be known without a list of public
    suffixes."""
    one, two = urlsplit(origin), urlsplit(url)
    host, other = one.hostname, two.hostname
    if one.scheme != two.scheme or not host or not other:
        return False
    if host == other or ("." in host and other.endswith("." + host)):
        return True
    # A browser refuses a cookie for a whole public suffix, so both hosts under its domain are one site.
    domain = str(cookie.get("domain", ""))
    return domain.startswith(".") and host.endswith(domain) and other.endswith(domain)
