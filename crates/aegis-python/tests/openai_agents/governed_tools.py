"""The same tool in each kind that the adapter governs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aegis import Runtime
from aegis.adapters.openai_agents import govern_function_tool, governed_tool
from agents import FunctionTool, function_tool

Maker = Callable[..., Any]


def functions(name: str, ran: list[Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A coroutine function and a function of that name, that note what they are run with."""

    async def asynchronous(to: str, amount: int = 1000) -> str:
        """Move money.

        Args:
            to: Who gets it.
            amount: How much.
        """
        ran.append((to, amount))
        return f"moved {amount} to {to}"

    def synchronous(to: str, amount: int = 1000) -> str:
        """Move money.

        Args:
            to: Who gets it.
            amount: How much.
        """
        ran.append((to, amount))
        return f"moved {amount} to {to}"

    asynchronous.__name__ = synchronous.__name__ = name
    return asynchronous, synchronous


def by_hand(name: str, ran: list[Any]) -> FunctionTool:
    """A tool that reads its JSON text itself, the way tools of other packages do."""

    async def invoke(context: Any, text: str) -> str:
        value = json.loads(text)
        amount = int(value.get("amount", 1000))
        ran.append((value["to"], amount))
        return f"moved {amount} to {value['to']}"

    schema = {
        "type": "object",
        "properties": {"to": {"type": "string"}, "amount": {"type": "integer", "default": 1000}},
        "required": ["to"],
    }
    return FunctionTool(
        name=name,
        description="Move money.",
        params_json_schema=schema,
        on_invoke_tool=invoke,
        strict_json_schema=False,
    )


def own_async(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> Any:
    make = governed_tool(runtime=runtime, action_type=name, action_target="bank", strict_mode=False, **options)
    return make(functions(name, ran)[0])


def own_sync(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> Any:
    make = governed_tool(runtime=runtime, action_type=name, action_target="bank", strict_mode=False, **options)
    return make(functions(name, ran)[1])


def foreign_decorated(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> Any:
    tool = function_tool(functions(name, ran)[0], strict_mode=False)
    return govern_function_tool(tool, runtime, action_target="bank", **options)


def foreign_by_hand(runtime: Runtime, ran: list[Any], name: str = "transfer", **options: Any) -> Any:
    return govern_function_tool(by_hand(name, ran), runtime, action_target="bank", **options)


KINDS: list[Maker] = [own_async, own_sync, foreign_decorated, foreign_by_hand]
