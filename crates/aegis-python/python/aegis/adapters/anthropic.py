"""Anthropic: tool calls of Claude ask the gate, in the tool runner and in loops of your own.

- `govern_beta_tool` puts the gate into a tool of `client.beta.messages.tool_runner`.
- `answer_tool_uses` runs the tools that one reply asks for, and answers every `tool_use` block of it.
- `govern_tool_call` runs a call through a `Runtime` with an executor, and `tool_results_to_api_format` turns
  the results into blocks for the next message.

Tools that run at the provider (web search, code execution, the MCP connector) never pass here.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast, overload

from aegis import Action
from aegis.adapters.call import tool_action
from aegis.adapters.extras import require
from aegis.errors import ActionError, AegisError, Refused, Unanswered, UsageError

if TYPE_CHECKING:
    from aegis import Runtime
    from aegis.core.result import Result

_anthropic = require("anthropic", extra="anthropic")

try:
    import pydantic
    from anthropic.lib.tools import (
        BetaAsyncBuiltinFunctionTool,
        BetaAsyncFunctionTool,
        BetaBuiltinFunctionTool,
        BetaFunctionTool,
        ToolError,
    )
    from pydantic_core import PydanticSerializationError, to_jsonable_python
except ImportError as error:
    raise ImportError(
        f"aegis: anthropic {getattr(_anthropic, '__version__', '?')} lacks what the gate needs ({error}); "
        "version 2.14 has it"
    ) from error

__all__ = [
    "ApprovalPending",
    "GovernedBetaAsyncTool",
    "GovernedBetaTool",
    "RunAborted",
    "ToolResults",
    "answer_tool_uses",
    "answer_tool_uses_async",
    "govern_beta_tool",
    "govern_tool_call",
    "govern_tool_call_sync",
    "tool_results_to_api_format",
]

_FRAMEWORK = "anthropic"


class RunAborted(BaseException):
    """The gate could not keep its record or failed otherwise: the tool did not run, and the run ends here.

    No `Exception`, because the tool runner shows every `Exception` of a tool to the model and goes on.
    `error` is what happened, an `aegis.errors.AuditError` for example.
    """

    def __init__(self, error: Exception) -> None:
        """Keep `error`."""
        super().__init__(str(error))
        self.error = error


class ApprovalPending(BaseException):
    """A call waits for a human, and the tool was made with `on_pending="stop"`: the run ends here.

    No `Exception`, for the reason given at `RunAborted`. `refusal` is the `Unanswered` with the id of the
    question, `tool_name` and `tool_input` are the call.
    """

    def __init__(self, refusal: Unanswered, tool_name: str, tool_input: Mapping[str, Any]) -> None:
        """Keep the call and its refusal."""
        super().__init__(refusal.text)
        self.refusal = refusal
        self.tool_name = tool_name
        self.tool_input = dict(tool_input)


# ------------------------------------------------------------------------------------ arguments


class _Parameter:
    """One parameter of a tool's function: the name that the model uses, and how its values look in JSON."""

    def __init__(self, parameter: inspect.Parameter, annotation: Any) -> None:
        default = parameter.default
        info = default if isinstance(default, pydantic.fields.FieldInfo) else None
        if info is None and annotation is not inspect.Parameter.empty:
            info = pydantic.fields.FieldInfo.from_annotation(annotation)
        alias = None if info is None else (info.validation_alias or info.alias)
        self.shown = alias if isinstance(alias, str) else parameter.name


class _Arguments:
    """What a call of a function tool means: arguments as the function would get them, written as JSON.

    The tool's own validation is used, on a function that only looks: it coerces values and fills defaults in.
    """

    def __init__(self, tool: BetaFunctionTool[Any] | BetaAsyncFunctionTool[Any]) -> None:
        func = tool.func
        self._name = tool.name
        self._signature = inspect.signature(func)
        hints = _hints(func)
        self._parameters = {
            name: _Parameter(parameter, hints.get(name, parameter.annotation))
            for name, parameter in self._signature.parameters.items()
        }
        signature = self._signature

        @functools.wraps(func)
        def look(*args: Any, **kwargs: Any) -> inspect.BoundArguments:
            bound = signature.bind(*args, **kwargs)
            # What validation leaves to the function's own defaults.
            bound.apply_defaults()
            return bound

        if hasattr(look, "__wrapped__"):
            # A coroutine function would be taken for one through this.
            look.__signature__ = signature  # type: ignore[attr-defined]
            del look.__wrapped__
        self._look = pydantic.validate_call(look)

    def read(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
        """The arguments as JSON, defaults included, and the names that stay out when the tool is called.

        A default that does not survive JSON is not handed on: the function's own stands in for it.
        Raises `ValueError` for arguments that the tool's schema refuses, as the tool itself does, and
        `ActionError` for arguments that cannot be recorded exactly.
        """
        out: dict[str, Any] = {}
        left_out: set[str] = set()
        for key, value in self._shown(self._bound(given)).items():
            try:
                out[key] = to_jsonable_python(value, round_trip=True)
                json.dumps(out[key], allow_nan=False)
            except (PydanticSerializationError, TypeError, ValueError, RecursionError):
                if key in given:
                    raise ActionError(
                        f"the argument {key!r} of the tool {self._name!r} cannot be written as JSON"
                    ) from None
                out.pop(key, None)
                left_out.add(key)
        self._check(given, out, left_out)
        return out, frozenset(left_out)

    def _bound(self, given: Mapping[str, Any]) -> inspect.BoundArguments:
        try:
            return self._look(**given)
        except pydantic.ValidationError as error:
            # The SDK's own words for it; the cause is for the log and does not reach the model.
            raise ValueError(f"Invalid arguments for function {self._name}") from error

    def _shown(self, bound: inspect.BoundArguments) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            kind = self._signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                out.update(value)
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                out[self._parameters[name].shown] = value
        return out

    def _check(self, given: Mapping[str, Any], out: dict[str, Any], left_out: set[str]) -> None:
        """Make sure that the recorded values mean the same when the tool reads them again."""
        try:
            again = self._again(out, left_out)
        except ValueError:
            # Often a default outside the declared type (`count: int = None`): leave to the function what
            # the model did not give.
            left_out.update(key for key in out if key not in given)
            try:
                again = self._again(out, left_out)
            except ValueError:
                again = {}
        for key, value in out.items():
            if key not in left_out and (key not in again or not _same(again[key], value)):
                raise ActionError(
                    f"the argument {key!r} of the tool {self._name!r} is another one when read a second "
                    "time, so what is recorded would not be what runs"
                )

    def _again(self, out: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
        kept = {key: value for key, value in out.items() if key not in left_out}
        shown = self._shown(self._bound(kept))
        return {key: to_jsonable_python(value, round_trip=True) for key, value in shown.items() if key in kept}


def _same(left: Any, right: Any) -> bool:
    # Python finds True == 1; JSON text tells them apart.
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _hints(func: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(func, include_extras=True)
    except (NameError, TypeError):
        return {}


def _copy(given: object, name: str) -> dict[str, Any]:
    """The input as plain JSON, apart from any object that the caller may still change."""
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise TypeError(f"Input must be a dictionary, got {type(given).__name__}")
    try:
        return cast("dict[str, Any]", json.loads(json.dumps(given, allow_nan=False)))
    except (TypeError, ValueError, RecursionError):
        raise ActionError(f"the input of the tool {name!r} is not JSON") from None


# ------------------------------------------------------------------------------------ tools of the runner


class _Governed:
    """What the sync and the async governed tool share: the action of a call, and the answer to a refusal."""

    def __init__(
        self,
        tool: Any,
        runtime: Runtime,
        *,
        action_type: str | None,
        target: str | None,
        description: str,
        agent: str | None,
        on_pending: str,
    ) -> None:
        if on_pending not in ("answer", "stop"):
            raise UsageError(f"on_pending is 'answer' or 'stop', not {on_pending!r}")
        self.tool = tool
        self.runtime = runtime
        self.on_pending = on_pending
        self._action_type = action_type
        self._target = target
        self._description = description
        self._agent = agent
        function = isinstance(tool, (BetaFunctionTool, BetaAsyncFunctionTool))
        self._arguments = _Arguments(tool) if function else None

    def to_dict(self) -> Any:
        """The definition that the model sees: the one of the tool inside."""
        return self.tool.to_dict()

    def __getattr__(self, name: str) -> Any:
        """Attributes of the tool inside: what closes it, its description, its schema."""
        if name == "tool" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.tool, name)

    def _prepared(self, given: object) -> tuple[Action, frozenset[str]]:
        name = self.tool.name
        params = _copy(given, name)
        left_out: frozenset[str] = frozenset()
        if self._arguments is not None:
            params, left_out = self._arguments.read(params)
        action = tool_action(
            name,
            params,
            framework=_FRAMEWORK,
            action_type=self._action_type,
            target=self._target,
            description=self._description,
            agent=self._agent,
        )
        return action, left_out

    def _raised(self, error: Exception, given: object, entered: bool) -> NoReturn:
        """Raise what the runner answers to the model, or what ends the run."""
        if isinstance(error, Unanswered) and self.on_pending == "stop":
            raise ApprovalPending(error, self.tool.name, cast("dict[str, Any]", given)) from error
        if isinstance(error, (Refused, ActionError)):
            failure = ToolError(error.text)
            # For callers that hold the calls together: `answer_tool_uses` reads the refusal from here.
            failure.__cause__ = error
            raise failure
        if isinstance(error, AegisError) or not entered:
            raise RunAborted(error) from error
        raise error


class GovernedBetaTool(_Governed, BetaBuiltinFunctionTool):
    """A tool for the sync tool runner that asks the gate before the tool inside runs."""

    def call(self, input: object) -> Any:
        """Ask the gate about the validated arguments, and run the tool inside with those that were recorded.

        Raises `ToolError` for a refusal (the runner answers it to the model), `RunAborted` if the log failed,
        `ApprovalPending` if a human is still asked and `on_pending` is "stop", and what the tool raises.
        """
        entered = False

        def body(params: dict[str, Any]) -> Any:
            nonlocal entered
            entered = True
            return self.tool.call({key: value for key, value in params.items() if key not in left_out})

        try:
            action, left_out = self._prepared(input)
        except ActionError as error:
            self._raised(error, input, entered)
        try:
            return self.runtime.call(action, body)
        except Exception as error:
            self._raised(error, input, entered)


class GovernedBetaAsyncTool(_Governed, BetaAsyncBuiltinFunctionTool):
    """The async twin of `GovernedBetaTool`, for the async tool runner."""

    async def call(self, input: object) -> Any:
        """As `GovernedBetaTool.call`; the loop stays free while the gate decides or a human is asked."""
        entered = False

        async def body(params: dict[str, Any]) -> Any:
            nonlocal entered
            entered = True
            kept = {key: value for key, value in params.items() if key not in left_out}
            if isinstance(self.tool, (BetaFunctionTool, BetaBuiltinFunctionTool)):
                return await asyncio.to_thread(self.tool.call, kept)
            return await self.tool.call(kept)

        try:
            action, left_out = self._prepared(input)
        except ActionError as error:
            self._raised(error, input, entered)
        try:
            return await self.runtime.acall(action, body)
        except Exception as error:
            self._raised(error, input, entered)


_SyncTool = BetaFunctionTool[Any] | BetaBuiltinFunctionTool
_AsyncTool = BetaAsyncFunctionTool[Any] | BetaAsyncBuiltinFunctionTool


@overload
def govern_beta_tool(
    tool: _SyncTool,
    runtime: Runtime,
    *,
    action_type: str | None = ...,
    target: str | None = ...,
    description: str = ...,
    agent: str | None = ...,
    on_pending: str = ...,
) -> GovernedBetaTool: ...


@overload
def govern_beta_tool(
    tool: _AsyncTool,
    runtime: Runtime,
    *,
    action_type: str | None = ...,
    target: str | None = ...,
    description: str = ...,
    agent: str | None = ...,
    on_pending: str = ...,
) -> GovernedBetaAsyncTool: ...


def govern_beta_tool(
    tool: _SyncTool | _AsyncTool,
    runtime: Runtime,
    *,
    action_type: str | None = None,
    target: str | None = None,
    description: str = "",
    agent: str | None = None,
    on_pending: str = "answer",
) -> GovernedBetaTool | GovernedBetaAsyncTool:
    """`tool` with the gate inside, for the tool runner of its kind, sync or async.

    `tool` is what `@beta_tool` and `@beta_async_tool` make, or an instance of a class built on
    `BetaBuiltinFunctionTool` or its async twin. The model sees the same definition. The gate sees the
    arguments as the function would get them, with defaults filled in and values coerced, and the function
    runs with what was recorded.

    `action_type` (the tool's name, if it is not given) and `target` (`"anthropic"`) are what rules match.
    `on_pending`: `"answer"` tells the model that a human is being asked; `"stop"` ends the run with
    `ApprovalPending`. Raises `TypeError` for what is no such tool, toolsets for example, and `UsageError` for
    an option that means nothing.
    """
    options: dict[str, Any] = {
        "action_type": action_type,
        "target": target,
        "description": description,
        "agent": agent,
        "on_pending": on_pending,
    }
    if isinstance(tool, (GovernedBetaTool, GovernedBetaAsyncTool)):
        raise TypeError(f"the tool {tool.name!r} is governed already")
    if isinstance(tool, (BetaFunctionTool, BetaBuiltinFunctionTool)):
        return GovernedBetaTool(tool, runtime, **options)
    if isinstance(tool, (BetaAsyncFunctionTool, BetaAsyncBuiltinFunctionTool)):
        return GovernedBetaAsyncTool(tool, runtime, **options)
    raise TypeError(f"{type(tool).__name__} is no tool that can be governed: make one with anthropic.beta_tool")


# ------------------------------------------------------------------------------------ loops of your own


class ToolResults(list[dict[str, Any]]):
    """`tool_result` blocks, one for every `tool_use` block of a reply, in its order.

    `pending` has, by the id of the `tool_use` block, the refusals of calls that wait for a human.
    """

    def __init__(self, blocks: Iterable[dict[str, Any]] = (), pending: Mapping[str, Unanswered] | None = None) -> None:
        """Keep the blocks and the refusals."""
        super().__init__(blocks)
        self.pending: dict[str, Unanswered] = dict(pending or {})


Tools = Mapping[str, Any] | Iterable[Any]


def _field(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _error(tool_use_id: Any, text: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_use_id, "content": text, "is_error": True}


def _content(value: Any) -> Any:
    """What a tool returned as the content of a block: text and blocks as they are, other values as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (list, tuple)) and value and all(_field(block, "type") is not None for block in value):
        return list(value)
    try:
        return json.dumps(to_jsonable_python(value), ensure_ascii=False)
    except (PydanticSerializationError, TypeError, ValueError, RecursionError):
        return str(value)


class _Turn:
    """The tool calls of one reply: which are answered without running, and which tool runs the others."""

    def __init__(
        self,
        message: Any,
        tools: Tools,
        runtime: Runtime,
        targets: Mapping[str, str] | None,
        agent: str | None,
        previous: ToolResults | None,
        is_async: bool,
    ) -> None:
        content = _field(message, "content")
        blocks = content if isinstance(content, (list, tuple)) else []
        self.blocks = [block for block in blocks if _field(block, "type") == "tool_use"]
        self._stop_reason = _field(message, "stop_reason")
        self._tools = _by_name(tools, runtime, targets, agent, is_async)
        self._previous: dict[Any, dict[str, Any]] = {}
        for block in previous or ():
            if previous is not None and block["tool_use_id"] not in previous.pending:
                self._previous[block["tool_use_id"]] = block
        ids = [_field(block, "id") for block in self.blocks]
        self._twice = {id for id in ids if ids.count(id) > 1}
        self.results = ToolResults()

    def answered(self, block: Any) -> bool:
        """Answer a call that is not run; false for one that is to be run."""
        id, name = _field(block, "id"), _field(block, "name")
        if id in self._previous:
            self.results.append(self._previous[id])
        elif self._stop_reason != "tool_use":
            self.results.append(
                _error(id, f"Not run: the reply ended with {self._stop_reason!r}, so this call may be cut off.")
            )
        elif not isinstance(id, str) or not id or id in self._twice:
            self.results.append(_error(id, "Not run: the id of this call is missing or used twice."))
        elif _field(block, "toolset_name") is not None or name not in self._tools:
            self.results.append(_error(id, f"There is no tool {name!r}."))
        else:
            return False
        return True

    def tool(self, block: Any) -> Any:
        return self._tools[_field(block, "name")]

    def ran(self, block: Any, value: Any) -> None:
        self.results.append(
            {
                "type": "tool_result",
                "tool_use_id": _field(block, "id"),
                "content": _content(value),
                "is_error": False,
            }
        )

    def waits(self, block: Any, refusal: Unanswered) -> None:
        self.results.pending[_field(block, "id")] = refusal
        self.results.append(_error(_field(block, "id"), refusal.text))

    def failed(self, block: Any, error: Exception) -> None:
        id = _field(block, "id")
        if isinstance(error, ToolError) and isinstance(error.__cause__, Unanswered):
            self.waits(block, error.__cause__)
        elif isinstance(error, ToolError):
            content = error.content if isinstance(error.content, str) else list(error.content)
            self.results.append({"type": "tool_result", "tool_use_id": id, "content": content, "is_error": True})
        elif isinstance(error, ValueError) and isinstance(error.__cause__, pydantic.ValidationError):
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in error.__cause__.errors(include_input=False, include_url=False, include_context=False)
            )
            self.results.append(_error(id, f"Invalid arguments: {problems}"))
        else:
            # The text of an exception may hold secrets; a tool that has something to say raises ToolError.
            self.results.append(_error(id, f"The tool failed with {type(error).__name__}."))


class _InThread:
    """A sync governed tool for an async loop: gate and tool wait in a thread, not in the loop."""

    def __init__(self, tool: GovernedBetaTool) -> None:
        self.name = tool.name
        self._tool = tool

    async def call(self, input: object) -> Any:
        return await asyncio.to_thread(self._tool.call, input)


def _by_name(
    tools: Tools, runtime: Runtime, targets: Mapping[str, str] | None, agent: str | None, is_async: bool
) -> dict[str, Any]:
    named: list[tuple[str | None, Any]] = (
        [(name, tool) for name, tool in tools.items()]
        if isinstance(tools, Mapping)
        else [(None, tool) for tool in tools]
    )
    out: dict[str, Any] = {}
    for name, tool in named:
        ready = _ready(name, tool, runtime, targets, agent, is_async)
        key = name if name is not None else ready.name
        if key in out:
            raise UsageError(f"two tools are called {key!r}")
        out[key] = ready
    return out


def _ready(
    name: str | None,
    tool: Any,
    runtime: Runtime,
    targets: Mapping[str, str] | None,
    agent: str | None,
    is_async: bool,
) -> Any:
    if isinstance(tool, (GovernedBetaTool, GovernedBetaAsyncTool)):
        if isinstance(tool, GovernedBetaAsyncTool) and not is_async:
            raise TypeError(f"the tool {tool.name!r} is async: use answer_tool_uses_async")
        return _InThread(tool) if is_async and isinstance(tool, GovernedBetaTool) else tool
    kinds = (BetaFunctionTool, BetaBuiltinFunctionTool, BetaAsyncFunctionTool, BetaAsyncBuiltinFunctionTool)
    if not isinstance(tool, kinds):
        if not callable(tool):
            raise TypeError(f"{type(tool).__name__} is no tool: give a function or what anthropic.beta_tool makes")
        wrap = BetaAsyncFunctionTool if inspect.iscoroutinefunction(tool) else BetaFunctionTool
        tool = wrap(tool, name=name)
    async_tool = isinstance(tool, (BetaAsyncFunctionTool, BetaAsyncBuiltinFunctionTool))
    if async_tool and not is_async:
        raise TypeError(f"the tool {tool.name!r} is async: use answer_tool_uses_async")
    shown = name if name is not None else tool.name
    make = GovernedBetaAsyncTool if is_async else GovernedBetaTool
    return make(
        tool,
        runtime,
        action_type=shown,
        target=(targets or {}).get(shown),
        description="",
        agent=agent,
        on_pending="answer",
    )


def answer_tool_uses(
    message: Any,
    tools: Tools,
    runtime: Runtime,
    *,
    targets: Mapping[str, str] | None = None,
    agent: str | None = None,
    previous: ToolResults | None = None,
) -> ToolResults:
    """Run the tools that `message` asks for, each after the gate allowed it; answer every `tool_use` block.

    `message` is the reply of `client.messages.create` (or of the beta interface), or the same as a dict.
    `tools` has the tools by name, or is a collection of them: functions, what `@beta_tool` makes, or governed
    tools.
    `targets` gives the actions' targets by tool name (`"anthropic"` for the others).

    A refusal, unknown tool, invalid argument or failed tool is a result with `is_error`. Nothing runs if
    `stop_reason` is not `"tool_use"`: the last call may be cut off. The `pending` of what is returned names
    the calls that wait for a human; once somebody answered, call this again with the same message and
    `previous=` these results: only the waiting calls ask the gate again, what ran is not run twice.

    Raises `RunAborted` (a `BaseException`) if the log failed, `TypeError` and `UsageError` for tools that
    cannot be used.
    """
    turn = _Turn(message, tools, runtime, targets, agent, previous, is_async=False)
    for block in turn.blocks:
        if turn.answered(block):
            continue
        try:
            value = turn.tool(block).call(_field(block, "input"))
        except ApprovalPending as pending:
            turn.waits(block, pending.refusal)
        except Exception as error:
            turn.failed(block, error)
        else:
            turn.ran(block, value)
    return turn.results


async def answer_tool_uses_async(
    message: Any,
    tools: Tools,
    runtime: Runtime,
    *,
    targets: Mapping[str, str] | None = None,
    agent: str | None = None,
    previous: ToolResults | None = None,
) -> ToolResults:
    """The async twin of `answer_tool_uses`: takes async tools also, and runs sync ones in a thread.

    The calls run one after another, in the order of the reply.
    """
    turn = _Turn(message, tools, runtime, targets, agent, previous, is_async=True)
    for block in turn.blocks:
        if turn.answered(block):
            continue
        try:
            value = await turn.tool(block).call(_field(block, "input"))
        except ApprovalPending as pending:
            turn.waits(block, pending.refusal)
        except Exception as error:
            turn.failed(block, error)
        else:
            turn.ran(block, value)
    return turn.results


# ------------------------------------------------------------------------------------ calls as actions


async def govern_tool_call(
    *,
    runtime: Runtime,
    tool_name: str,
    tool_input: dict[str, Any],
    target: str = "default",
    description: str = "",
) -> Result:
    """Run one `tool_use` call through the executor of `runtime`: the tool's name is the action's type.

    Look at the reply's `stop_reason` first: unless it is `"tool_use"`, the input may be cut off. Refusals are
    results; raises `AuditError` if the log failed, `ActionError` for an input that is not JSON.
    """
    action = Action(tool_name, target, tool_input, description or f"Claude tool call: {tool_name}")
    return await runtime.run_one(action)


def govern_tool_call_sync(
    *,
    runtime: Runtime,
    tool_name: str,
    tool_input: dict[str, Any],
    target: str = "default",
    description: str = "",
) -> Result:
    """The sync twin of `govern_tool_call`; inside a running event loop it works too, and blocks it."""
    action = Action(tool_name, target, tool_input, description or f"Claude tool call: {tool_name}")
    return runtime.run_one_sync(action)


def tool_results_to_api_format(
    results: Sequence[Result] | Mapping[str, Result], tool_use_ids: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Results as `tool_result` blocks for the next message.

    `results` maps the ids of the `tool_use` blocks to results, or is a list with the ids beside it, in the
    same order. Raises `UsageError` without an id for every result: the API accepts no block without one.
    """
    if isinstance(results, Mapping):
        if tool_use_ids is not None:
            raise UsageError("the results are given by id already; tool_use_ids is for a list")
        pairs = list(results.items())
    else:
        if tool_use_ids is None or len(tool_use_ids) != len(results):
            raise UsageError("every result needs the id of its tool_use block: give a dict by id, or tool_use_ids=")
        pairs = list(zip(tool_use_ids, results, strict=True))
    if len({id for id, _ in pairs}) != len(pairs) or not all(isinstance(id, str) and id for id, _ in pairs):
        raise UsageError("the ids of the tool_use blocks are texts, each used once")
    out = []
    for id, result in pairs:
        if result.ok:
            block = {
                "type": "tool_result",
                "tool_use_id": id,
                "content": _content(result.data),
                "is_error": False,
            }
        else:
            waiting = f" A human is being asked (approval {result.request['id']})." if result.request else ""
            block = _error(id, f"[{result.status.value.upper()}] {result.error}{waiting}")
        out.append(block)
    return out
