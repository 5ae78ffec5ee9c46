"""URLs in one form only, redirects by the standard, and cookies by the site that asks: no browser needed."""

from __future__ import annotations

from typing import Any

import pytest
from aegis.adapters.playwright.cookies import cookie_header
from aegis.adapters.playwright.request_action import Hop, origin_of, redirect_page, redirected, request_action
from aegis.errors import ActionError


def _action(url: str, **headers: str) -> Any:
    hop = Hop("GET", url, headers)
    return request_action(hop, resource_type="fetch", initiator="", redirected_from=None, agent=None)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://example.com:443/a?b=c", "https://example.com/a?b=c"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("https://example.com/a/../%61", "https://example.com/a"),
    ],
)
def test_a_url_has_one_form(url: str, sent: str) -> None:
    """The form that is recorded is the form that is sent."""
    action, hop = _action(url)
    assert action.params["url"] == hop.url == sent
    assert action.target == sent.partition("?")[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https://good.example\\@evil.example/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://127.1/",
        "https://example.com./",
        "https://ex%61mple.com/",
        "https://exämple.com/",
        "https://example.com/a b",
        "https://example.com/a\\b",
        "https://example.com/%2e%2e%2fadmin",
        "https:///path",
        "https://example.com:99999/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "chrome://version/",
        "javascript:alert(1)",
    ],
)
def test_a_url_that_can_be_read_in_two_ways_is_refused(url: str) -> None:
    """As is one with a password, or of another scheme."""
    with pytest.raises(ActionError):
        _action(url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://example.com/b"),
        ("b?c=d e", "https://example.com/a/b?c=d%20e"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example", "http://other.example/"),
        (" \t/b\n ", "https://example.com/b"),
        ("/\xc3\xa4", "https://example.com/%C3%A4"),
        ("/b#part", "https://example.com/b"),
    ],
)
def test_redirects_lead_where_a_browser_would_go(location: str, url: str) -> None:
    """Relative, other origins, blanks, bytes of UTF-8."""
    assert redirected(Hop("GET", "https://example.com/a/x", {}), 302, location).url == url


@pytest.mark.parametrize("location", ["file:///etc/passwd", "https://a@b/", "http://[", "https://good\\@evil/"])
def test_redirects_to_what_cannot_be_decided_about_are_refused(location: str) -> None:
    """So are other schemes."""
    with pytest.raises(ActionError):
        redirected(Hop("GET", "https://example.com/", {}), 302, location)


@pytest.mark.parametrize(
    ("method", "status", "becomes", "body"),
    [
        ("POST", 301, "GET", b""),
        ("POST", 302, "GET", b""),
        ("PUT", 302, "PUT", b"x"),
        ("PUT", 303, "GET", b""),
        ("HEAD", 303, "HEAD", b""),
        ("POST", 307, "POST", b"x"),
        ("POST", 308, "POST", b"x"),
    ],
)
def test_methods_and_bodies_of_redirects(method: str, status: int, becomes: str, body: bytes) -> None:
    """By the Fetch standard; credentials stay with their origin."""
    sent = b"" if method == "HEAD" else b"x"
    headers = {"authorization": "secret", "cookie": "a=b", "content-type": "text/plain", "accept": "*/*"}
    hop = redirected(Hop(method, "https://example.com/", headers, sent), status, "https://other.example/")
    assert (hop.method, hop.body) == (becomes, body)
    assert "authorization" not in hop.headers and "cookie" not in hop.headers
    assert ("content-type" in hop.headers) == (body != b"" or becomes == "HEAD")
    assert "authorization" in redirected(Hop("GET", "https://example.com/", headers), 302, "/b").headers


def test_the_document_of_a_redirect_holds_its_address_only_as_text() -> None:
    """Nothing in a URL ends the script or the attribute."""
    text = redirect_page("https://example.com/'</script><b>\"", 'x#</script>"<b>')
    assert text.count("</script>") == 1 and "<b>" not in text


def _cookie(same_site: str, domain: str = "bank.example") -> dict[str, Any]:
    return {"name": same_site.lower(), "value": "1", "sameSite": same_site, "domain": domain}


@pytest.mark.parametrize(
    ("asked_by", "top_level", "method", "expected"),
    [
        ([], True, "GET", "strict=1; lax=1; none=1"),
        (["https://bank.example/"], False, "POST", "strict=1; lax=1; none=1"),
        (["https://evil.example/"], False, "GET", "none=1"),
        (["https://evil.example/"], True, "GET", "lax=1; none=1"),
        (["https://evil.example/"], True, "POST", "none=1"),
        (["null"], True, "POST", "none=1"),
        (["https://bank.example/", "https://evil.example/"], False, "GET", "none=1"),
        (["http://bank.example/"], False, "GET", "none=1"),
    ],
)
def test_cookies_by_the_site_that_asks(asked_by: list[str], top_level: bool, method: str, expected: str) -> None:
    """As a browser sends them."""
    jar = [_cookie(mark) for mark in ("Strict", "Lax", "None")]
    header = cookie_header(jar, "https://bank.example/x", asked_by=asked_by, top_level=top_level, method=method)
    assert header == expected


def test_cookies_of_a_domain_go_to_its_hosts() -> None:
    """Hosts under the domain of a cookie are one site; hosts that only look alike are not."""
    jar = [_cookie("Strict", ".bank.example")]
    options: dict[str, Any] = {"top_level": False, "method": "POST"}
    url = "https://api.bank.example/"
    assert cookie_header(jar, url, asked_by=["https://app.bank.example/"], **options) == "strict=1"
    assert cookie_header(jar, url, asked_by=["https://evilbank.example/"], **options) == ""
    assert cookie_header([], url, asked_by=["https://app.bank.example/"], **options) is None


def test_origins() -> None:
    """As browsers write them."""
    assert origin_of("https://example.com:443/x?y") == "https://example.com"
    assert origin_of("http://127.0.0.1:8000") == "http://127.0.0.1:8000"
