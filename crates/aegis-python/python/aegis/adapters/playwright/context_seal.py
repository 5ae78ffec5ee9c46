"""What has to hold of a context before it is governed, and what is taken away from it then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import playwright.async_api
import playwright.sync_api
from playwright.async_api import Error as PlaywrightError

from aegis.adapters.playwright.isolation import not_isolated
from aegis.errors import UsageError

__all__ = ["check_unused", "command_line", "command_line_sync", "seal"]

_CONTEXT_ROUTES = ("route", "unroute", "unroute_all", "route_from_har", "route_web_socket")
_CLIENT_METHODS = ("fetch", "get", "post", "put", "patch", "delete", "head")


def check_unused(context: playwright.async_api.BrowserContext | playwright.sync_api.BrowserContext) -> None:
    """Raise `UsageError` if a page of the context has loaded something already."""
    if any(page.url not in ("", "about:blank") for page in context.pages):
        raise UsageError("a context is governed before its first page loads something: this one has loaded pages")


async def command_line(context: playwright.async_api.BrowserContext) -> list[str]:
    """The arguments that the browser was started with. Raises `UsageError` if it does not tell."""
    browser = context.browser
    if browser is None or browser.browser_type.name != "chromium":
        raise not_isolated("it is not a Chromium that can be asked how it was started")
    session = await browser.new_browser_cdp_session()
    try:
        return _arguments(await session.send("Browser.getBrowserCommandLine"))
    except PlaywrightError:
        raise not_isolated("it does not tell how it was started") from None
    finally:
        await session.detach()


def command_line_sync(context: playwright.sync_api.BrowserContext) -> list[str]:
    """The twin of `command_line` for the sync API."""
    browser = context.browser
    if browser is None or browser.browser_type.name != "chromium":
        raise not_isolated("it is not a Chromium that can be asked how it was started")
    session = browser.new_browser_cdp_session()
    try:
        return _arguments(session.send("Browser.getBrowserCommandLine"))
    except PlaywrightError:
        raise not_isolated("it does not tell how it was started") from None
    finally:
        session.detach()


def _arguments(answer: Mapping[str, Any]) -> list[str]:
    return [str(argument) for argument in answer.get("arguments", ())]


def _refusing(what: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise UsageError(f"{what} would pass the gate of this context by, and is refused")

    return refuse


def seal(context: Any) -> None:
    """Take away the methods that answer or send requests without the gate: of the context, and of all its
    pages."""
    for name in _CONTEXT_ROUTES:
        setattr(context, name, _refusing(f"BrowserContext.{name}"))
    client = context.request
    for name in _CLIENT_METHODS:
        setattr(client, name, _refusing(f"APIRequestContext.{name}"))

    def seal_page(page: Any) -> None:
        for name in _CONTEXT_ROUTES:
            setattr(page, name, _refusing(f"Page.{name}"))

    for page in context.pages:
        seal_page(page)
    context.on("page", seal_page)
