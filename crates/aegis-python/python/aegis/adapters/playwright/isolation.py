"""A browser without a network of its own.

Playwright lets a handler see most requests of a page, not all: the targets of redirects, shared workers,
speculative prefetches, web sockets of workers, WebRTC and connections that are only opened (preconnect) pass
it by. So the browser gets no way out: names and addresses resolve to nothing, the proxy that it is told to
use does not exist, and WebRTC may use nothing but that proxy. What the gate allowed is sent by Playwright's
own HTTP client, outside the browser, and its answer is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable

from aegis.errors import UsageError

__all__ = ["LAUNCH_ARGS", "check_arguments", "not_isolated"]

_RESOLVER = "--host-resolver-rules"
_PROXY = "--proxy-server"
_WEBRTC = "--webrtc-ip-handling-policy"

_REQUIRED = {
    _RESOLVER: "MAP * ~NOTFOUND",
    _WEBRTC: "disable_non_proxied_udp",
}

LAUNCH_ARGS: tuple[str, ...] = (
    *(f"{name}={value}" for name, value in _REQUIRED.items()),
    # Reserved, never registered (RFC 6761); the rule above keeps the browser from asking for it in any case.
    f"{_PROXY}=http://aegis.invalid:1",
    "--proxy-bypass-list=<-loopback>",
    "--disable-quic",
    # Without it Chromium does not tell with which arguments it was started, and nothing could be checked.
    "--enable-automation",
)
"""Arguments for `chromium.launch(args=…)` that take the network away from the browser."""


def not_isolated(why: str) -> UsageError:
    """The error for a browser that could send past the gate."""
    return UsageError(
        f"the browser has a network of its own ({why}), and Playwright does not show the gate all that "
        f"it sends: launch Chromium with args=list(aegis.adapters.playwright.LAUNCH_ARGS), or accept "
        f"the gaps that the documentation lists with require_isolation=False"
    )


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise `UsageError` unless a browser that was started with `arguments` has no network of its own."""
    # The last of several wins in Chromium.
    last: dict[str, str] = {}
    for argument in arguments:
        name, _, value = argument.partition("=")
        last[name] = value
    for name, value in _REQUIRED.items():
        if last.get(name) != value:
            raise not_isolated(f"{name} is not {value!r}")
    # Its value may be a real proxy, given to launch(): the browser cannot resolve its address either.
    if not last.get(_PROXY):
        raise not_isolated(f"{_PROXY} is missing")
    if "--no-proxy-server" in last or "--proxy-pac-url" in last or "--proxy-auto-detect" in last:
        raise not_isolated("another argument overrides --proxy-server")
