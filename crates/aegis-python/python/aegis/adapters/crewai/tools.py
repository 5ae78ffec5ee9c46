"""CrewAI tools whose calls pass the gate: one's own functions, and tools that exist already."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from crewai.tools import BaseTool, ToolFailure
from crewai.tools.base_tool import Tool
from pydantic import BaseModel, PrivateAttr

from aegis import Runtime
from aegis.adapters.crewai.arguments import schema_of
from aegis.adapters.crewai.gate import Naming, Pending, ToolGate
from aegis.errors import UsageError

__all__ = ["AegisCrewAITool", "GovernedTool", "govern_tool", "never_cache"]


def never_cache(arguments: Any = None, result: Any = None) -> bool:
    """Tells CrewAI not to answer a repeated call from its cache, past the gate and the log."""
    return False


class _GatedTool(BaseTool):
    """What both kinds of governed tool share: `_run` and `_arun` are the gate."""

    _gate: ToolGate = PrivateAttr()

    def gate(self) -> ToolGate:
        """The gate that every call of this tool passes.

        Raises:
            UsageError: The tool was made past its constructor, and so has none. It runs nothing.
        """
        gate = (self.__pydantic_private__ or {}).get("_gate")
        if not isinstance(gate, ToolGate):
            raise UsageError(f"the tool `{self.name}` has no gate; make it by its constructor")
        return gate

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the tool as a person would: the same as `run`."""
        return self.run(*args, **kwargs)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        return self.gate().call(self.name, self.args_schema, (args, kwargs), self._body)

    async def _arun(self, *args: Any, **kwargs: Any) -> Any:
        return await self.gate().acall(self.name, self.args_schema, (args, kwargs), self._abody)

    def _body(self, keywords: dict[str, Any]) -> Any:
        raise NotImplementedError

    async def _abody(self, keywords: dict[str, Any]) -> Any:
        value = await asyncio.to_thread(self._body, keywords)
        return await value if inspect.isawaitable(value) else value


class AegisCrewAITool(_GatedTool):
    """A CrewAI tool that calls a function, if the policy (and where it says so, a human) allows it."""

    action_type: str
    action_target: str
    _fn: Callable[..., Any] = PrivateAttr()

    def __init__(
        self,
        *,
        runtime: Runtime,
        name: str,
        description: str,
        action_type: str,
        action_target: str = "default",
        fn: Callable[..., Any],
        args_schema: type[BaseModel] | None = None,
        pending: Pending = "failure",
        agent: str | None = None,
        **options: Any,
    ) -> None:
        """Make a tool of `fn`, which may be a function or a coroutine function.

        Args:
            runtime: Decides and records.
            name: What the model calls the tool.
            description: What the model reads about it; approvers see it too.
            action_type: The type of the action that a call is.
            action_target: Its target.
            fn: Called with the recorded arguments, once for each call that was allowed.
            args_schema: What the model may pass; by default made from the signature of `fn`.
            pending: When a question waits for a human: `"failure"` tells the model its id, `"stop"` ends the
                crew with `ApprovalPending`.
            agent: Who acts, for rules that match on it.
            options: Anything else that a `BaseTool` takes: `result_as_answer`, `max_usage_count`, ….

        Raises:
            UsageError: A parameter of `fn` cannot be passed by name, or `pending` is neither.
        """
        _check(pending)
        super().__init__(
            **{
                "cache_function": never_cache,
                **options,
                "name": name,
                "description": description,
                "args_schema": args_schema or schema_of(name, fn),
                "action_type": action_type,
                "action_target": action_target,
            }
        )
        naming = Naming(action_type, action_target, description=description, agent=agent)
        self._gate = ToolGate(runtime, naming, pending)
        self._fn = fn

    def _body(self, keywords: dict[str, Any]) -> Any:
        return self._fn(**keywords)

    async def _abody(self, keywords: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self._fn):
            return await self._fn(**keywords)
        return await super()._abody(keywords)


class GovernedTool(_GatedTool):
    """An existing tool with the gate before its body. Made by `govern_tool`."""

    _inner: BaseTool = PrivateAttr()

    def __init__(self, *, tool: BaseTool, gate: ToolGate) -> None:
        """Stand between CrewAI and `tool`."""
        # Field by field, not as a dump: a dump would turn schemas and callables into text.
        fields = {name: getattr(tool, name) for name in BaseTool.model_fields}
        super().__init__(**{**fields, "cache_function": never_cache})
        self._gate = gate
        self._inner = tool

    def format_output_for_agent(self, raw_result: Any) -> str:
        """What the model reads: a refusal in its own text, a result as the tool itself puts it."""
        if isinstance(raw_result, ToolFailure):
            return super().format_output_for_agent(raw_result)
        return self._inner.format_output_for_agent(raw_result)

    def _body(self, keywords: dict[str, Any]) -> Any:
        return self._inner._run(**keywords)

    async def _abody(self, keywords: dict[str, Any]) -> Any:
        if _has_async_body(self._inner):
            return await self._inner._arun(**keywords)
        return await super()._abody(keywords)


def govern_tool(
    tool: BaseTool,
    runtime: Runtime,
    *,
    action_type: str | None = None,
    action_target: str | None = None,
    targets: Mapping[str, str] | None = None,
    pending: Pending = "failure",
    agent: str | None = None,
) -> GovernedTool:
    """Put the gate of `runtime` before the body of an existing tool.

    Name, description and schema that the model sees stay. `tool` itself stays as it is: give the agent the
    governed one only.

    Args:
        tool: The tool: of `crewai_tools`, of `@tool`, of an MCP server, or of one's own class.
        runtime: Decides and records.
        action_type: The type of the action; by default the tool's name.
        action_target: Its target; by default `crewai`.
        targets: Targets by the name of the tool; goes before `action_target`.
        pending: As for `AegisCrewAITool`.
        agent: Who acts, for rules that match on it.

    Raises:
        UsageError: It is not a `BaseTool`, is governed already, or `pending` is neither of its values.
    """
    _check(pending)
    if not isinstance(tool, BaseTool):
        raise UsageError(f"{type(tool).__name__} is not a BaseTool: Aegis cannot stand before its body")
    if isinstance(tool, _GatedTool):
        raise UsageError(f"the tool `{tool.name}` is governed already")
    naming = Naming(action_type, action_target, targets, tool.description, agent)
    return GovernedTool(tool=tool, gate=ToolGate(runtime, naming, pending))


def gate_of(tool: Any) -> ToolGate | None:
    """The gate of a governed tool, or of the form that CrewAI made of it for an agent; None where none is."""
    original = getattr(tool, "_original_tool", None) or tool
    return original.gate() if isinstance(original, _GatedTool) else None


def _has_async_body(tool: BaseTool) -> bool:
    if isinstance(tool, Tool):
        return inspect.iscoroutinefunction(tool.func)
    return cast(Any, type(tool))._arun is not BaseTool._arun


def _check(pending: str) -> None:
    if pending not in ("failure", "stop"):
        raise UsageError('`pending` is neither "failure" nor "stop"')
