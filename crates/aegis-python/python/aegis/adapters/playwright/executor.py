"""The executor of a runtime that runs actions in a browser."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from aegis import Action
from aegis.adapters.base import BaseExecutor
from aegis.adapters.playwright.governed_context import GovernedContext, RefusedRequest, govern_context
from aegis.adapters.playwright.isolation import LAUNCH_ARGS
from aegis.core.result import Result, ResultStatus
from aegis.errors import Unanswered, UsageError

if TYPE_CHECKING:
    from aegis import Runtime

__all__ = ["PlaywrightExecutor"]

_BROWSERS = ("chromium", "firefox", "webkit")
# What a page that an action opens may be. `file:` would hand local files to whoever reads the page.
_SCHEMES = ("http", "https", "data", "about")


class PlaywrightExecutor(BaseExecutor):
    """Runs actions in a browser.

    - `navigate`, params `url`: opens a page. Schemes: http, https, data, and `about:blank`.
    - `click`, params `selector`: clicks an element, and waits for what the click sends.
    - `fill`, params `selector` and `value`: fills in a field.
    - `read`, params `selector`: the text of an element.
    - `screenshot`, params `path` (default `screenshot.png`): writes a picture of the page.

    There is one page, which stays open from `setup` to `teardown`: use the runtime in `async with`.

    Without `runtime`, an action is all that is decided about: what a page sends when it loads or is clicked
    on is not looked at. With it (or after `govern`), every request of the page asks that runtime's gate as
    well, and Chromium gets no network of its own.
    """

    def __init__(
        self,
        *,
        headless: bool = True,
        browser_type: str = "chromium",
        executable_path: str | Path | None = None,
        channel: str | None = None,
        runtime: Runtime | None = None,
        allowed_origins: Iterable[str] = (),
        launch_args: Sequence[str] = (),
        timeout: float = 30.0,
    ) -> None:
        """Keep the options; nothing is started before `setup`.

        `executable_path`: a browser of the system, `/usr/bin/chromium` for example. `channel`: an installed
        browser by its name, as in Playwright. `runtime`: the gate for the requests of the pages; it may be
        another than the one that runs the actions, with a policy of its own and the same log.
        `allowed_origins`: GET and HEAD to these are no actions. `timeout`: seconds for each step in the
        browser.

        Raises `UsageError` for an unknown browser type, and for a governed browser other than Chromium.
        """
        if browser_type not in _BROWSERS:
            raise UsageError(f"browser_type is one of {', '.join(_BROWSERS)}, not {browser_type!r}")
        self._headless = headless
        self._browser_type = browser_type
        self._executable_path = executable_path
        self._channel = channel
        self._launch_args = tuple(launch_args)
        self._timeout = timeout
        self._requests: Runtime | None = None
        self._allowed_origins: tuple[str, ...] = ()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._governed: GovernedContext | None = None
        if runtime is not None:
            self.govern(runtime, allowed_origins=allowed_origins)

    def govern(self, runtime: Runtime, *, allowed_origins: Iterable[str] = ()) -> None:
        """Let every request of the pages ask the gate of `runtime`, from the next `setup` on.

        For the runtime that this executor itself is given to, which cannot be named before it exists.
        Raises `UsageError` if the browser runs already, or is another than Chromium.
        """
        if self._browser is not None:
            raise UsageError("requests are governed before the browser starts")
        if self._browser_type != "chromium":
            raise UsageError(f"the requests of {self._browser_type} cannot be governed: only Chromium can be isolated")
        # Reads the options, so that a mistake shows here and not at the first action.
        GovernedContext(runtime, allowed_origins=allowed_origins)
        self._requests = runtime
        self._allowed_origins = tuple(allowed_origins)

    @property
    def governed(self) -> GovernedContext | None:
        """The gate of the running browser's requests, with what it refused; None where they are not
        governed."""
        return self._governed

    async def setup(self) -> None:
        """Start the browser. Raises Playwright's error if it does not start; nothing is left running then."""
        if self._browser is not None:
            return
        # Ours come last: the last of several counts in Chromium.
        args = [*self._launch_args, *(LAUNCH_ARGS if self._requests is not None else ())]
        self._playwright = await async_playwright().start()
        try:
            self._browser = await getattr(self._playwright, self._browser_type).launch(
                headless=self._headless,
                executable_path=self._executable_path,
                channel=self._channel,
                args=args or None,
            )
            if self._requests is None:
                self._context = await self._browser.new_context()
            else:
                self._context = await self._browser.new_context(service_workers="block")
                self._governed = await govern_context(
                    self._context,
                    self._requests,
                    allowed_origins=self._allowed_origins,
                    timeout=self._timeout,
                )
            self._context.set_default_timeout(self._timeout * 1000)
        except BaseException:
            await self.teardown()
            raise

    async def teardown(self) -> None:
        """Close the browser and stop Playwright."""
        browser, driver = self._browser, self._playwright
        self._page = self._context = self._browser = self._playwright = self._governed = None
        try:
            if browser is not None:
                await browser.close()
        finally:
            if driver is not None:
                await driver.stop()

    async def execute(self, action: Action) -> Result:
        """Run `action` in the browser. What goes wrong there is a failed result.

        Raises `UsageError` before `setup`, and `AuditError` if the log of the requests' gate failed.
        """
        if self._context is None:
            raise UsageError("the browser is not started: use the runtime in `async with`, or call setup() first")
        handlers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "navigate": self._navigate,
            "click": self._click,
            "fill": self._fill,
            "read": self._read,
            "screenshot": self._screenshot,
        }
        handler = handlers.get(action.type)
        started = datetime.now(timezone.utc)
        if handler is None:
            return self._failed(action, started, f"Unsupported action type for Playwright: {action.type}")
        seen = self._newest()
        try:
            data = await handler(action.params)
        except (PlaywrightError, OSError, _BadParams) as error:
            self._check_gate()
            refused = self._refused_since(seen)
            if refused:
                return self._failed(action, started, _texts(refused), _listed(refused))
            # The rest of Playwright's message is a call log, with words of the page in it.
            first = (str(error).splitlines() or [""])[0]
            return self._failed(action, started, first or type(error).__name__)
        self._check_gate()
        refused = self._refused_since(seen)
        if refused:
            data = {**data, **_listed(refused)}
            # A page without one of its pictures is still that page; a form that was not sent is nothing done.
            if action.type == "click" and any(one.navigation or one.method not in ("GET", "HEAD") for one in refused):
                return self._failed(action, started, _texts(refused), data)
        return Result(
            action=action,
            status=ResultStatus.SUCCESS,
            data=data,
            started_at=started,
            completed_at=datetime.now(timezone.utc),
        )

    async def verify(self, action: Action, result: Result) -> bool:
        """Whether the result is a success, a page that was opened answered without an error, and a picture is
        there."""
        if not result.ok or not isinstance(result.data, dict):
            return result.ok
        if action.type == "navigate":
            status = result.data.get("status")
            return status is None or status < 400
        if action.type == "screenshot":
            path = Path(str(result.data.get("path")))
            return path.is_file() and os.path.getsize(path) > 0
        return True

    # ------------------------------------------------------------------------------------------ the actions

    async def _navigate(self, params: dict[str, Any]) -> dict[str, Any]:
        url = _text(params, "url")
        scheme = urlsplit(url).scheme.lower()
        if scheme not in _SCHEMES or (scheme == "about" and url != "about:blank"):
            raise _BadParams(f"navigate opens {', '.join(_SCHEMES[:3])} and about:blank, not {scheme[:20]!r} URLs")
        page = await self._current_page()
        response = await page.goto(url)
        return {"url": url, "status": response.status if response else None}

    async def _click(self, params: dict[str, Any]) -> dict[str, Any]:
        selector = _text(params, "selector")
        page = await self._current_page()
        await page.click(selector)
        if self._governed is not None:
            await self._governed.settled(timeout=self._timeout)
        return {"selector": selector}

    async def _fill(self, params: dict[str, Any]) -> dict[str, Any]:
        selector, value = _text(params, "selector"), _text(params, "value")
        page = await self._current_page()
        await page.fill(selector, value)
        return {"selector": selector, "value": value}

    async def _read(self, params: dict[str, Any]) -> dict[str, Any]:
        selector = _text(params, "selector")
        page = await self._current_page()
        return {"selector": selector, "text": await page.text_content(selector)}

    async def _screenshot(self, params: dict[str, Any]) -> dict[str, Any]:
        path = _text(params, "path") if "path" in params else "screenshot.png"
        page = await self._current_page()
        await page.screenshot(path=path)
        return {"path": path}

    async def _current_page(self) -> Page:
        assert self._context is not None
        if self._page is None or self._page.is_closed():
            self._page = await self._context.new_page()
        return self._page

    # ------------------------------------------------------------------------------------------ refusals

    def _newest(self) -> RefusedRequest | None:
        refusals = self._governed.refusals if self._governed is not None else ()
        return refusals[-1] if refusals else None

    def _refused_since(self, seen: RefusedRequest | None) -> list[RefusedRequest]:
        found: list[RefusedRequest] = []
        for one in reversed(self._governed.refusals if self._governed is not None else ()):
            if one is seen:
                break
            found.append(one)
        return found[::-1]

    def _check_gate(self) -> None:
        if self._governed is not None:
            self._governed.check()

    @staticmethod
    def _failed(action: Action, started: datetime, error: str, data: dict[str, Any] | None = None) -> Result:
        return Result(
            action=action,
            status=ResultStatus.FAILED,
            data=data,
            error=error,
            started_at=started,
            completed_at=datetime.now(timezone.utc),
        )


class _BadParams(Exception):
    """The params of an action are not what its type needs."""


def _text(params: dict[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str):
        raise _BadParams(f"the action needs a text as param {name!r}")
    return value


def _texts(refused: list[RefusedRequest]) -> str:
    return "\n".join(dict.fromkeys(one.text for one in refused))


def _listed(refused: list[RefusedRequest]) -> dict[str, Any]:
    return {
        "refused": [
            {
                "method": one.method,
                "url": one.url.partition("?")[0],
                "resource_type": one.resource_type,
                "text": one.text,
                "request": one.error.request if isinstance(one.error, Unanswered) else None,
            }
            for one in refused
        ]
    }
