"""Function tools whose calls pass the gate: one's own functions, and tools that exist already."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

from agents import FunctionTool, RunContextWrapper, function_tool

from aegis import Runtime
from aegis.adapters.openai_agents.arguments import ToolArguments
from aegis.adapters.openai_agents.gate import GatedInvoker, Naming
from aegis.errors import ActionError, Refused, UsageError

__all__ = ["GovernedTool", "NeedsApproval", "govern_function_tool", "governed_tool"]

T = TypeVar("T", bound=FunctionTool)

NeedsApproval: TypeAlias = (
    bool | Literal["policy"] | Callable[[RunContextWrapper[Any], dict[str, Any], str], bool | Awaitable[bool]]
)
"""When the run pauses before a call: never, always, where the policy asks a human, or as a predicate says."""


class GovernedTool(FunctionTool):
    """A function tool whose calls pass the gate. Goes into `tools=[…]` as it is; people can call it too."""

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as a person would, through the same gate.

        Returns:
            What the function returned, or the text of the refusal; then the function was not called.

        Raises:
            AegisError: The gate itself failed; the function was not called.
            UsageError: The tool no longer has the gate that it was made with.
        """
        invoker = self.on_invoke_tool
        if not isinstance(invoker, GatedInvoker) or invoker.arguments.schema is None:
            raise UsageError(f"the tool `{self.name}` has no governed function to call")
        schema, function = invoker.arguments.schema, invoker.tool.__wrapped__
        given = dict(schema.signature.bind(*args, **kwargs).arguments)
        context = [given.pop(name) for name in list(schema.signature.parameters)[: schema.takes_context]]

        async def body(recorded: dict[str, Any]) -> Any:
            positional, keywords = reading.values(recorded)
            if inspect.iscoroutinefunction(function):
                return await function(*context, *positional, **keywords)
            value = await asyncio.to_thread(function, *context, *positional, **keywords)
            return await value if inspect.isawaitable(value) else value

        try:
            reading = invoker.arguments.read_call(given)
            action = invoker.naming.action(self.name, reading.params)
            return await invoker.runtime.acall(action, body)
        except (Refused, ActionError) as refusal:
            return refusal.text


def governed_tool(
    *,
    runtime: Runtime,
    action_type: str,
    action_target: str = "default",
    description: str | None = None,
    needs_approval: NeedsApproval = False,
    agent: str | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], GovernedTool]:
    """Make a function a tool of the OpenAI Agents SDK whose calls pass the gate of `runtime`.

    Name, description and schema that the model sees are those of `function_tool`. The function is called with
    the recorded arguments only, after the policy (and where it says so, a human) allowed the call.

    Args:
        runtime: Decides and records.
        action_type: The type of the action that a call is.
        action_target: Its target.
        description: Shown to the model and to approvers; by default what `function_tool` takes from the
            docstring.
        needs_approval: When the run pauses with an interruption before a call. `"policy"`: where the policy
            asks a human. Approving the interruption only lets the call go to the gate again.
        agent: Who acts, for rules that match on it.
        options: Anything else that `function_tool` takes: `name_override`, `timeout`, `is_enabled`, ….

    Raises:
        UsageError: `needs_approval` is not one of the above, or the parameters of the function cannot be read.
    """

    def decorator(function: Callable[..., Any]) -> GovernedTool:
        tool = function_tool(function, description_override=description, **options)
        names = [field.name for field in dataclasses.fields(FunctionTool) if field.init]
        governed = _govern(
            tool,
            GovernedTool(**{name: getattr(tool, name) for name in names}),
            runtime,
            Naming(action_type, action_target, description=tool.description, agent=agent),
            needs_approval,
        )
        for name in ("__name__", "__qualname__", "__doc__"):
            setattr(governed, name, getattr(function, name, None))
        return governed

    return decorator


def govern_function_tool(
    tool: FunctionTool,
    runtime: Runtime,
    *,
    action_type: str | None = None,
    action_target: str | None = None,
    targets: Mapping[str, str] | None = None,
    needs_approval: NeedsApproval | None = None,
    agent: str | None = None,
) -> FunctionTool:
    """Copy an existing function tool, with the gate of `runtime` before its body.

    For tools of other packages, of `Agent.as_tool`, and built by hand. `tool` itself stays as it is: give the
    agent the copy only. The tool gets the recorded arguments as a JSON text of ours, never the model's text.

    Args:
        tool: The tool.
        runtime: Decides and records.
        action_type: The type of the action; by default the tool's name.
        action_target: Its target; by default `openai-agents`.
        targets: Targets by the name of the tool; goes before `action_target`.
        needs_approval: As in `governed_tool`; by default what the tool had.
        agent: Who acts, for rules that match on it.

    Raises:
        UsageError: It is not a function tool, is governed already, or its parameters cannot be read.
    """
    if not isinstance(tool, FunctionTool):
        raise UsageError(f"{type(tool).__name__} is not a FunctionTool: Aegis cannot stand before its body")
    if isinstance(tool.on_invoke_tool, GatedInvoker):
        raise UsageError(f"the tool `{tool.name}` is governed already")
    naming = Naming(action_type, action_target, targets, tool.description, agent)
    pause = tool.needs_approval if needs_approval is None else needs_approval
    return _govern(tool, copy.copy(tool), runtime, naming, pause)


def _govern(
    tool: FunctionTool,
    governed: T,
    runtime: Runtime,
    naming: Naming,
    needs_approval: NeedsApproval,
) -> T:
    invoker = GatedInvoker(tool, runtime, naming, ToolArguments(tool))
    governed.on_invoke_tool = invoker
    if isinstance(needs_approval, bool):
        governed.needs_approval = needs_approval
    elif needs_approval == "policy" or callable(needs_approval):
        governed.needs_approval = invoker.pause(needs_approval)
    else:
        raise UsageError('`needs_approval` is neither a bool, nor "policy", nor a predicate')
    return governed
