"""A tool whose every call passes the gate, and that looks to a model as it did before."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.messages import ToolCall
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import ArgsSchema, BaseTool, Tool
from langchain_core.tools import tool as make_tool
from langchain_core.utils.pydantic import TypeBaseModel
from pydantic import PrivateAttr

from aegis import Runtime
from aegis.adapters.langchain.gate import Gate
from aegis.adapters.langchain.pending import Pending
from aegis.errors import UsageError

__all__ = ["GovernedTool", "as_tool", "govern_tool", "governed"]


class GovernedTool(BaseTool):
    """A tool around another one. Made by `govern_tool`.

    Name, description, schema, `return_direct` and `response_format` are those of the tool inside. Its
    arguments are validated first; the gate decides on what came out; and the tool inside runs with what was
    recorded.
    """

    func: Callable[..., Any] | None = None
    coroutine: Callable[..., Any] | None = None

    _inner: BaseTool = PrivateAttr()
    _gate: Gate = PrivateAttr()
    _asked: bool = PrivateAttr(default=False)

    @property
    def runtime(self) -> Runtime:
        """The runtime that decides about this tool."""
        return self._gate.runtime

    def alone(self) -> GovernedTool:
        """Return this tool anew, for a call that is the only one of its message."""
        return governed(self._inner, replace(self._gate, alone=True))

    def again(self) -> GovernedTool:
        """Return this tool anew, as one that no call has reached."""
        return governed(self._inner, self._gate)

    @property
    def asked(self) -> bool:
        """Whether a call has reached this tool."""
        return self._asked

    def _open(self, given: str | dict[str, Any], tool_call_id: str | None) -> Any:
        self._asked = True
        return self._gate.open(self._inner, given, tool_call_id)

    def invoke(
        self, input: str | dict[str, Any] | ToolCall, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Ask the gate, then run the tool inside; return a refusal as an error message.

        Raises:
            ValidationError: The arguments do not fit the tool's schema.
            AuditError: Nothing could be recorded; the tool did not run.
        """
        given, call = _parted(input)
        passage = self._open(given, call["id"] if call else None)
        return passage.call(lambda args: self._inner.invoke(_joined(args, call), config, **kwargs))

    async def ainvoke(
        self, input: str | dict[str, Any] | ToolCall, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Do as `invoke`, without blocking the loop."""
        given, call = _parted(input)
        passage = self._open(given, call["id"] if call else None)
        return await passage.acall(lambda args: self._inner.ainvoke(_joined(args, call), config, **kwargs))

    def run(
        self,
        tool_input: str | dict[str, Any],
        verbose: bool | None = None,
        start_color: str | None = "green",
        color: str | None = "green",
        callbacks: Callbacks = None,
        *,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Do as `invoke`, in the older form."""
        passage = self._open(tool_input, tool_call_id)
        return passage.call(
            lambda args: self._inner.run(
                args, verbose, start_color, color, callbacks, tool_call_id=tool_call_id, **kwargs
            )
        )

    async def arun(
        self,
        tool_input: str | dict[str, Any],
        verbose: bool | None = None,
        start_color: str | None = "green",
        color: str | None = "green",
        callbacks: Callbacks = None,
        *,
        tool_call_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Do as `ainvoke`, in the older form."""
        passage = self._open(tool_input, tool_call_id)
        return await passage.acall(
            lambda args: self._inner.arun(
                args, verbose, start_color, color, callbacks, tool_call_id=tool_call_id, **kwargs
            )
        )

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        return self.invoke(args[0] if args else kwargs)

    async def _arun(self, *args: Any, **kwargs: Any) -> Any:
        return await self.ainvoke(args[0] if args else kwargs)

    @property
    def args(self) -> dict[str, Any]:
        """The arguments of the tool inside."""
        return self._inner.args

    @property
    def tool_call_schema(self) -> ArgsSchema:
        """The schema that models are shown: that of the tool inside."""
        return self._inner.tool_call_schema

    @property
    def _injected_args_keys(self) -> frozenset[str]:
        return self._inner._injected_args_keys

    def get_input_schema(self, config: RunnableConfig | None = None) -> TypeBaseModel:
        """Return the input schema of the tool inside."""
        return self._inner.get_input_schema(config)


class _GovernedSimpleTool(GovernedTool, Tool):
    """A governed `Tool`: LangChain shows models another schema for that class, by its type."""


def govern_tool(
    tool: BaseTool | Callable[..., Any],
    runtime: Runtime,
    *,
    action_type: str | None = None,
    target: str | None = None,
    agent: str | None = None,
    pending: Pending = "message",
) -> GovernedTool:
    """Return a tool like `tool` whose every call is decided by `runtime` first.

    The action's type is `action_type`, else the tool's name; its target is `target`, else `langchain`. Its
    params are the arguments after the tool's schema was applied: defaults filled in, values converted,
    injected arguments left out. The tool is run with the params as they were recorded.

    A refusal is a `ToolMessage` with `status="error"` (the text alone, where the tool was called without a
    tool call's id). With `pending="interrupt"`, a question that waits for an answer interrupts the graph
    instead.

    Args:
        tool: A LangChain tool, or a function that LangChain can make one of.
        runtime: Decides, asks, and records.
        action_type: The action's type, if it is not the tool's name.
        target: The action's target.
        agent: The name of the agent, for rules and records.
        pending: What happens while a question waits: "message" or "interrupt".

    Raises:
        UsageError: The tool is a dict (a tool that the model's provider runs, hence out of reach), is
            governed already, or is something that LangChain has no tool for.
    """
    inner = as_tool(tool)
    if isinstance(inner, GovernedTool):
        raise UsageError(f"the tool `{inner.name}` is governed already")
    return governed(inner, Gate(runtime, action_type=action_type, target=target, agent=agent, pending=pending))


def as_tool(tool: object) -> BaseTool:
    """Return `tool` as a LangChain tool.

    Raises:
        UsageError: It is a tool that the model's provider runs, or none at all.
    """
    if isinstance(tool, BaseTool):
        return tool
    if isinstance(tool, dict):
        name = tool.get("name") or tool.get("type") or "without a name"
        raise UsageError(
            f"the tool `{name}` is given as a dict: the model's provider runs it, and no call of it can be governed"
        )
    if callable(tool):
        made = make_tool(tool)
        if isinstance(made, BaseTool):
            return made
    raise UsageError(f"a LangChain tool or a function was expected, not {type(tool).__name__}")


def governed(inner: BaseTool, gate: Gate) -> GovernedTool:
    """Return `inner` behind `gate`."""
    kind = _GovernedSimpleTool if isinstance(inner, Tool) else GovernedTool
    fields = {name: getattr(inner, name) for name in BaseTool.model_fields}
    # Not validated again: LangChain validated these when the tool inside was made.
    outer = kind.model_construct(**fields)
    outer._inner = inner
    outer._gate = gate
    # Some programs read a tool's function. They find one that passes the gate, with the annotations of the
    # first.
    outer.func = _like(getattr(inner, "func", None), outer._run)
    outer.coroutine = _like(getattr(inner, "coroutine", None), outer._arun)
    return outer


def _like(function: Any, passing: Callable[..., Any]) -> Callable[..., Any] | None:
    if function is None:
        return None

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return passing(*args, **kwargs)

    # Those of builtins are not copied, and the ones above could not be resolved in the builtin's module.
    call.__annotations__ = dict(getattr(function, "__annotations__", {}))
    return call


def _parted(input: str | dict[str, Any] | ToolCall) -> tuple[str | dict[str, Any], dict[str, Any] | None]:
    if isinstance(input, dict) and input.get("type") == "tool_call":
        call = dict(input)
        return dict(call["args"]), call
    return (input if isinstance(input, str) else dict(input)), None


def _joined(args: dict[str, Any], call: dict[str, Any] | None) -> dict[str, Any]:
    return args if call is None else {**call, "args": args}
