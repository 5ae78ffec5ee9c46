"""The gate as a middleware of `langchain.agents.create_agent`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import ToolMessage
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from aegis import Runtime
from aegis.adapters.langchain.gate import Gate
from aegis.adapters.langchain.pending import Pending
from aegis.adapters.langchain.wrappers import awrap, wrap
from aegis.errors import UsageError

__all__ = ["AegisMiddleware"]


class AegisMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Has every tool call of an agent decided by a runtime.

    `create_agent(model, tools, middleware=[…, AegisMiddleware(runtime)])`. List it last: middleware before
    it sees the answers of the gate; middleware after it stands between the gate and the tool. If one of
    those replaces a tool or answers in its place, the run ends with a `UsageError`.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        target: str | None = None,
        targets: Mapping[str, str] | None = None,
        agent: str | None = None,
        pending: Pending = "message",
        provider_tools: Collection[str] = (),
    ) -> None:
        """Make the middleware.

        Args:
            runtime: Decides, asks, and records.
            target: The target of the actions; `langchain` if none is given.
            targets: The target by the tool's name, before `target`.
            agent: The name of the agent, for rules and records.
            pending: What a call does while its question waits for an answer. "message": the model is told,
                with the request's id. "interrupt": the graph is interrupted; when it is resumed, the gate
                is asked again.
            provider_tools: Names of tools that the model's provider runs itself, and that you allow although
                nothing here can govern them. An agent with another one is stopped before its model is called.

        Raises:
            UsageError: `pending` or `runtime` is none.
        """
        super().__init__()
        self.tools = []
        self._gate = Gate(runtime, target=target, targets=targets, agent=agent, pending=pending)
        self._provider_tools = frozenset((provider_tools,) if isinstance(provider_tools, str) else provider_tools)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Call the model, unless it would be given a tool that its provider runs.

        Raises:
            UsageError: There is such a tool, and it is not named in `provider_tools`.
        """
        self._check_provider_tools(request)
        return handler(request)

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Do as `wrap_model_call`, for an agent that is awaited."""
        self._check_provider_tools(request)
        return await handler(request)

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Have the call decided, and run if it is allowed; a refusal is an error message.

        Raises:
            AuditError: Nothing could be recorded; the tool did not run.
            GraphInterrupt: The question waits, and `pending` is "interrupt".
        """
        return wrap(self._gate, request, handler)

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Do as `wrap_tool_call`, for an agent that is awaited."""
        return await awrap(self._gate, request, handler)

    def _check_provider_tools(self, request: ModelRequest[Any]) -> None:
        for tool in request.tools:
            if isinstance(tool, dict) and (name := _name(tool)) not in self._provider_tools:
                raise UsageError(
                    f"the tool `{name}` is given as a dict: the model's provider runs it, and no call of it "
                    "can be governed; leave it out, or name it in `provider_tools` to allow it ungoverned"
                )


def _name(tool: dict[str, Any]) -> str:
    function = tool.get("function")
    inside = function.get("name") if isinstance(function, dict) else None
    return str(tool.get("name") or inside or tool.get("type") or "without a name")
