"""An action of a runtime as a LangChain tool."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import ArgsSchema, BaseTool, StructuredTool, ToolException
from pydantic_core import PydanticSerializationError, to_jsonable_python

from aegis import Action, Runtime
from aegis._native import escape
from aegis.core.result import Result, ResultStatus
from aegis.errors import ActionError, UsageError

__all__ = ["AegisTool"]

# A pydantic model that allows extra arguments would drop them; a JSON schema passes them on.
_ANY_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": True}


class AegisTool:
    """Makes LangChain tools that carry out actions by a runtime and its executor."""

    @staticmethod
    def from_runtime(
        runtime: Runtime,
        *,
        name: str,
        description: str,
        action_type: str,
        action_target: str = "default",
        args_schema: ArgsSchema | None = None,
    ) -> BaseTool:
        """Return a tool that runs one action of `runtime`, by its executor, each time it is called.

        The arguments become the action's params. What the executor returned is the tool's result; a refusal
        or a failure is an error message that the model can act on.

        Args:
            runtime: Decides, asks, records, and executes.
            name: The tool's name, for models.
            description: The tool's description, for models; the action's description too.
            action_type: The action's type.
            action_target: The action's target.
            args_schema: A pydantic model or a JSON schema of the arguments. Without one, models are shown a
                tool that takes any arguments, so give one if you can.

        Raises:
            UsageError: The runtime has no executor.
        """
        if getattr(runtime, "executor", None) is None:
            raise UsageError("the runtime has no executor, so it cannot carry out the actions of a tool")

        def action(arguments: dict[str, Any]) -> Action:
            return Action(action_type, action_target, _as_json(arguments), description)

        def run(**arguments: Any) -> Any:
            try:
                return _data(runtime.run_one_sync(action(arguments)))
            except ActionError as error:
                raise ToolException(error.text) from error

        async def arun(**arguments: Any) -> Any:
            try:
                return _data(await runtime.run_one(action(arguments)))
            except ActionError as error:
                raise ToolException(error.text) from error

        return StructuredTool(
            name=name,
            description=description,
            func=run,
            coroutine=arun,
            args_schema=_ANY_ARGUMENTS if args_schema is None else args_schema,
            handle_tool_error=True,
        )


def _as_json(arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        params = to_jsonable_python(arguments)
    except PydanticSerializationError as error:
        raise ActionError("an argument is not JSON, and cannot be recorded") from error
    assert isinstance(params, dict)
    return params


def _data(result: Result) -> Any:
    if result.ok:
        return result.data
    raise ToolException(_text(result))


def _text(result: Result) -> str:
    """Return what a model is told of an action that was not done, or that failed."""
    action, why = result.action, result.error or f"it is {result.status}"
    if result.status is ResultStatus.FAILED:
        return f"error: {escape(action.type)} failed: {why}"
    said = f"error: aegis refused this call, and it was not run: {escape(action.type)} on {escape(action.target)}. "
    if result.request is not None:
        return (
            f"{said}Why: {why} (request {result.request['id']}). It needs the approval of a human, who is being asked "
            "now: go on with something else, and make the same call again later."
        )
    return f"{said}Why: {why}. Do not repeat it. Find another way, or tell the user."
