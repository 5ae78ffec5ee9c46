"""The innermost point of a function tool: between its validated arguments and its body."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agents import FunctionTool
from agents.tool import (
    maybe_invoke_function_tool_failure_error_function,
    set_function_tool_failure_error_function,
)
from agents.tool_context import ToolContext
from agents.tracing import SpanError, get_current_span

from aegis import Action, Approval, Runtime
from aegis.adapters.call import tool_action
from aegis.adapters.openai_agents.arguments import ToolArguments
from aegis.errors import ActionError, AegisError, Refused

__all__ = ["GatedInvoker", "Naming"]

FRAMEWORK = "openai-agents"


@dataclass(frozen=True)
class Naming:
    """How a call of a tool is named as an action."""

    action_type: str | None = None
    target: str | None = None
    targets: Mapping[str, str] | None = None
    description: str = ""
    agent: str | None = None

    def action(self, tool: str, params: Mapping[str, Any]) -> Action:
        """The action of one call.

        Raises:
            ActionError: The call is not a valid action.
        """
        return tool_action(
            tool,
            dict(params),
            framework=FRAMEWORK,
            action_type=self.action_type,
            target=self.target,
            targets=dict(self.targets) if self.targets is not None else None,
            description=self.description,
            agent=self.agent,
        )


class GatedInvoker:
    """The `on_invoke_tool` of a governed tool."""

    def __init__(self, tool: FunctionTool, runtime: Runtime, naming: Naming, arguments: ToolArguments) -> None:
        """Stand between the SDK and `tool`."""
        self.tool = tool
        self.runtime = runtime
        self.naming = naming
        self.arguments = arguments
        # A tool of `function_tool` turns its own exceptions into text. The record has to see the exception,
        # so the inner copy raises, and the text is made after the end of the action was recorded.
        self._explains = hasattr(tool.on_invoke_tool, "__agents_bind_function_tool__")
        inner = copy.copy(tool)
        self._inner = set_function_tool_failure_error_function(inner, None) if self._explains else inner
        # The SDK chooses by this signature which context it hands over.
        self.__signature__ = inspect.signature(tool.on_invoke_tool)

    async def __call__(self, context: ToolContext[Any], text: str) -> Any:
        """Ask the gate, and run the tool with the recorded arguments if it allows that.

        Returns:
            What the tool returned, or the text of the refusal.

        Raises:
            AegisError: The gate itself failed; the tool did not run, and the run of the agent ends.
        """
        failure: Exception | None = None

        async def body(recorded: dict[str, Any]) -> Any:
            nonlocal failure
            try:
                return await self._run(context, reading.text(recorded))
            except Exception as error:
                failure = error
                raise

        try:
            reading = self.arguments.read_text(text)
            action = self.naming.action(self.tool.name, reading.params)
            return await self.runtime.acall(action, body)
        except (Refused, ActionError) as refusal:
            return refusal.text
        except AegisError:
            raise
        except Exception as error:
            if error is not failure or not self._explains:
                raise
            return await self._explain(context, error)

    async def _run(self, context: ToolContext[Any], text: str) -> Any:
        # Tools may read their arguments from the context too; nothing but the recorded ones may be there.
        if not isinstance(context, ToolContext):
            return await self._inner.on_invoke_tool(context, text)
        raw, context.tool_arguments = context.tool_arguments, text
        try:
            return await self._inner.on_invoke_tool(context, text)
        finally:
            context.tool_arguments = raw

    async def _explain(self, context: ToolContext[Any], error: Exception) -> Any:
        explanation = await maybe_invoke_function_tool_failure_error_function(
            function_tool=self.tool, context=context, error=error
        )
        if explanation is None:
            raise error
        span = get_current_span()
        if span is not None:
            data = {"tool_name": self.tool.name, "error": type(error).__name__}
            span.set_error(SpanError(message="Error running tool (non-fatal)", data=data))
        return explanation

    def pause(self, needs_approval: str | Callable[..., Any]) -> Callable[[Any, dict[str, Any], str], Any]:
        """The predicate of the SDK for `needs_approval`: whether the run pauses before this call.

        It pauses; it never allows. Whatever becomes of the pause, the gate is asked when the tool runs.
        """

        async def predicate(context: Any, raw: dict[str, Any], call_id: str) -> bool:
            try:
                params = self.arguments.read(raw).params
                action = self.naming.action(self.tool.name, params)
            except ActionError:
                # The gate refuses this call, so there is nothing to ask anybody about.
                return False
            if callable(needs_approval):
                answer = needs_approval(context, params, call_id)
                return bool(await answer if inspect.isawaitable(answer) else answer)
            return policy_asks(self.runtime, action)

        return predicate


def policy_asks(runtime: Runtime, action: Action) -> bool:
    """Whether the policy wants a human to be asked about `action`. Decides and records nothing."""
    return runtime.plan([action])[0].approval is Approval.APPROVE


def policy_blocks(runtime: Runtime, action: Action) -> bool:
    """Whether the policy refuses `action` without asking. Decides and records nothing."""
    return runtime.plan([action])[0].approval is Approval.BLOCK
