"""LangGraph's node of tools, with every tool governed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest

from aegis import Runtime
from aegis.adapters.langchain.governed import as_tool
from aegis.adapters.langchain.pending import Pending
from aegis.adapters.langchain.wrappers import ToolCallWrappers, tool_call_wrappers
from aegis.errors import AuditError, PolicyError, UsageError

__all__ = ["tool_node"]


def tool_node(
    tools: Sequence[BaseTool | Callable[..., Any]],
    runtime: Runtime,
    *,
    target: str | None = None,
    targets: Mapping[str, str] | None = None,
    agent: str | None = None,
    pending: Pending = "message",
    **options: Any,
) -> ToolNode:
    """Return a `ToolNode` whose tools are governed, in graphs that are `async` and in those that are not.

    Args:
        tools: LangChain tools, or functions. One that is governed by `runtime` already stays as it is.
        runtime: Decides, asks, and records.
        target: The target of the actions; `langchain` if none is given.
        targets: The target by the tool's name, before `target`.
        agent: The name of the agent, for rules and records.
        pending: What happens while a question waits: "message" or "interrupt". The graph is interrupted only
            for a call that is the only one of its message.
        **options: Passed on to `ToolNode`. Wrappers among them come before the gate, and both must be given.
            Whatever `handle_tool_errors` says, a log that fails ends the run.

    Raises:
        UsageError: A tool is a dict, `targets` names a tool that is not there, or one wrapper is given alone.
    """
    ready = [as_tool(tool) for tool in tools]
    missing = sorted(set(targets or ()) - {tool.name for tool in ready})
    if missing:
        raise UsageError(f"`targets` names a tool that the node does not have: {', '.join(missing)}")
    if "handle_tool_errors" in options:
        options["handle_tool_errors"] = _but_not_the_gates(options["handle_tool_errors"])
    ours = tool_call_wrappers(runtime, target=target, targets=targets, agent=agent, pending=pending)
    before = options.pop("wrap_tool_call", None), options.pop("awrap_tool_call", None)
    return ToolNode(ready, **_chained(before, ours), **options)


def _chained(before: tuple[Any, Any], ours: ToolCallWrappers) -> ToolCallWrappers:
    """Return `ours` with the wrappers `before` around them."""
    wrap, awrap = before
    if wrap is None and awrap is None:
        return ours
    if wrap is None or awrap is None:
        raise UsageError("give both `wrap_tool_call` and `awrap_tool_call`, or none")

    def wrap_tool_call(request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> Any:
        return wrap(request, lambda changed: ours["wrap_tool_call"](changed, handler))

    async def awrap_tool_call(request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]) -> Any:
        return await awrap(request, lambda changed: ours["awrap_tool_call"](changed, handler))

    return {"wrap_tool_call": wrap_tool_call, "awrap_tool_call": awrap_tool_call}


def _but_not_the_gates(handling: Any) -> Any:
    """Return `handling` with the errors left out that must end the run."""
    if not handling:
        return handling

    def handle(error: Exception) -> str:
        if isinstance(error, AuditError | PolicyError | UsageError):
            raise error
        if isinstance(handling, str):
            return handling
        if isinstance(handling, type) or isinstance(handling, tuple):
            if not isinstance(error, handling):
                raise error
        elif callable(handling):
            return str(handling(error))
        return f"Error: {error!r}\n Please fix your mistakes."

    return handle
