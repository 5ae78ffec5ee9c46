"""The same tool in each kind that the adapter governs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aegis import Runtime
from aegis.adapters.crewai import AegisCrewAITool, govern_tool
from crewai.tools import BaseTool, tool
from pydantic import PrivateAttr


def functions(ran: list[Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A function and a coroutine function that note what they are run with."""

    def synchronous(to: str, amount: int = 1000) -> str:
        """Move money."""
        ran.append((to, amount))
        return f"moved {amount} to {to}"

    async def asynchronous(to: str, amount: int = 1000) -> str:
        """Move money."""
        ran.append((to, amount))
        return f"moved {amount} to {to}"

    return synchronous, asynchronous


class Transfer(BaseTool):
    """A tool as packages write them, with both bodies."""

    name: str = "transfer"
    description: str = "Move money."
    _ran: list[Any] = PrivateAttr()

    def _run(self, to: str, amount: int = 1000) -> str:
        self._ran.append((to, amount))
        return f"moved {amount} to {to}"

    async def _arun(self, to: str, amount: int = 1000) -> str:
        return self._run(to, amount)


def by_class(ran: list[Any], name: str) -> Transfer:
    made = Transfer(name=name)
    made._ran = ran
    return made


def own_sync(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> BaseTool:
    return AegisCrewAITool(
        runtime=runtime,
        name=name,
        description="Move money.",
        action_type=name,
        action_target="bank",
        fn=functions(ran)[0],
        **options,
    )


def own_async(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> BaseTool:
    return AegisCrewAITool(
        runtime=runtime,
        name=name,
        description="Move money.",
        action_type=name,
        action_target="bank",
        fn=functions(ran)[1],
        **options,
    )


def foreign_decorated(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> BaseTool:
    return govern_tool(tool(name)(functions(ran)[0]), runtime, action_target="bank", **options)


def foreign_decorated_async(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> BaseTool:
    return govern_tool(tool(name)(functions(ran)[1]), runtime, action_target="bank", **options)


def foreign_class(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> BaseTool:
    return govern_tool(by_class(ran, name), runtime, action_target="bank", **options)


KINDS = [own_sync, own_async, foreign_decorated, foreign_decorated_async, foreign_class]
