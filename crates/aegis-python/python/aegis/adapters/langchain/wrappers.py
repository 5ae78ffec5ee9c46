"""The gate as the two wrappers of a `ToolNode`, which LangGraph calls around each tool call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from aegis import Runtime
from aegis.adapters.langchain.gate import Gate
from aegis.adapters.langchain.governed import GovernedTool, governed
from aegis.adapters.langchain.pending import Pending
from aegis.errors import UsageError

__all__ = ["Handler", "AsyncHandler", "ToolCallWrappers", "awrap", "tool_call_wrappers", "wrap"]

Answer = ToolMessage | Command[Any]
Handler = Callable[[ToolCallRequest], Answer]
AsyncHandler = Callable[[ToolCallRequest], Awaitable[Answer]]


class ToolCallWrappers(TypedDict):
    """The two arguments of `ToolNode` that govern its calls."""

    wrap_tool_call: Callable[[ToolCallRequest, Handler], Answer]
    awrap_tool_call: Callable[[ToolCallRequest, AsyncHandler], Awaitable[Answer]]


def tool_call_wrappers(
    runtime: Runtime,
    *,
    target: str | None = None,
    targets: Mapping[str, str] | None = None,
    agent: str | None = None,
    pending: Pending = "message",
) -> ToolCallWrappers:
    """Return both wrappers of a `ToolNode`: `ToolNode(tools, **tool_call_wrappers(runtime))`.

    Both, because a `ToolNode` with the one for `async` alone runs its tools ungoverned in a graph that is
    not. Leave the node's `handle_tool_errors` at its default: with `True`, it would tell the model of a log
    that fails, and go on. `tool_node` takes care of that itself.

    Raises:
        UsageError: `pending` or `runtime` is none.
    """
    gate = Gate(runtime, target=target, targets=targets, agent=agent, pending=pending)

    def wrap_tool_call(request: ToolCallRequest, handler: Handler) -> Answer:
        return wrap(gate, request, handler)

    async def awrap_tool_call(request: ToolCallRequest, handler: AsyncHandler) -> Answer:
        return await awrap(gate, request, handler)

    return {"wrap_tool_call": wrap_tool_call, "awrap_tool_call": awrap_tool_call}


def wrap(gate: Gate, request: ToolCallRequest, handler: Handler) -> Answer:
    """Have the call of `request` handled with its tool replaced by the governed one.

    So the gate is in the tool's own place: whatever a handler changes or repeats, it passes the gate with it.

    Raises:
        UsageError: The call was answered without the governed tool.
    """
    tool = _governed(gate, request)
    if tool is None:
        return _unknown(request)
    answer = handler(request.override(tool=tool))
    _check_asked(tool)
    return answer


async def awrap(gate: Gate, request: ToolCallRequest, handler: AsyncHandler) -> Answer:
    """Do as `wrap`, for a handler that is awaited."""
    tool = _governed(gate, request)
    if tool is None:
        return _unknown(request)
    answer = await handler(request.override(tool=tool))
    _check_asked(tool)
    return answer


def _governed(gate: Gate, request: ToolCallRequest) -> GovernedTool | None:
    """Return the tool of `request`, governed, or `None` if the node does not have it."""
    tool = request.tool
    if tool is None:
        return None
    if not (isinstance(tool, GovernedTool) and tool.runtime is gate.runtime):
        tool = governed(tool, gate)
    return tool.alone() if _is_only_call(request) else tool.again()


def _is_only_call(request: ToolCallRequest) -> bool:
    state: Any = request.state
    messages = state if isinstance(state, list) else _messages(state)
    last = next((message for message in reversed(messages or []) if isinstance(message, AIMessage)), None)
    return last is not None and [call["id"] for call in last.tool_calls] == [request.tool_call["id"]]


def _messages(state: Any) -> list[Any]:
    found = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", None)
    return found if isinstance(found, list) else []


def _unknown(request: ToolCallRequest) -> ToolMessage:
    """Answer the call of a tool that the node does not have.

    The handler is not called: something behind it could know such a tool, and would run it past the gate.
    """
    call = request.tool_call
    known = ", ".join(tool.name for tool in getattr(request.runtime, "tools", None) or [])
    return ToolMessage(
        content=f"Error: {call['name']} is not a valid tool, try one of [{known}].",
        name=call["name"],
        tool_call_id=call["id"],
        status="error",
    )


def _check_asked(tool: GovernedTool) -> None:
    if not tool.asked:
        raise UsageError(
            f"the call of `{tool.name}` was answered without the gate: a middleware that comes after Aegis "
            "replaced the tool, or answered in its place; list Aegis last"
        )
