"""What a tool will really be run with, as JSON values.

The hooks of LangChain see what the model wrote. The tool then fills in defaults, converts `"7"` to 7, and
runs the validators of its schema. A policy has to see the arguments after all of that, so the schema is
applied here first. The tool gets the outcome, and applies its schema once more: that must not change
anything, and is checked.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolCallId, Tool
from langchain_core.utils.pydantic import get_fields
from langgraph.prebuilt import ToolRuntime
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from aegis.errors import ActionError, UsageError

__all__ = ["Arguments", "read_arguments", "same_json", "without_defaults"]

# LangChain itself hands these to a tool's function. They are nobody's arguments.
_FROM_LANGCHAIN = frozenset({"callbacks", "run_manager"})

# The fields that pydantic makes up for `*args` and `**kwargs`. LangChain passes them only if they were given.
_MADE_UP = frozenset({"args", "kwargs"})


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, parted by who gave them."""

    params: dict[str, Any]
    """JSON values, defaults filled in: what is decided, shown, recorded, and run with."""

    injected: dict[str, Any]
    """What the application gave (state, store, runtime): handed on, and no part of the action."""

    left_out: frozenset[str] = frozenset()
    """Names whose value is the schema's default, and which the schema would not take if it were given."""

    def run_with(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tool's input: `params` as they were read back from the record, and what was injected."""
        given = {name: value for name, value in params.items() if name not in self.left_out}
        return {**given, **self.injected}


def read_arguments(tool: BaseTool, given: str | dict[str, Any], tool_call_id: str | None) -> Arguments:
    """Return what `tool` will be run with when it is given `given`.

    Raises:
        ValidationError: The arguments do not fit the tool's schema (pydantic's error, as the tool raises it).
        ValueError: An injected argument is missing, or one text was given to a tool that takes none.
        ActionError: The tool's schema gives values that cannot be recorded and read back unchanged.
        UsageError: The tool's schema is of a kind that cannot be governed.
    """
    schema = tool.args_schema
    values = _by_name(tool, given)
    if schema is None or isinstance(schema, dict):
        return _unchecked(tool, values)
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        raise UsageError(f"the schema of the tool `{tool.name}` is not a pydantic 2 model, and cannot be governed")
    return _validated(tool, schema, values, tool_call_id)


def _by_name(tool: BaseTool, given: str | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(given, str):
        return dict(given)
    if isinstance(tool.args_schema, dict):
        raise ValueError(f"the tool `{tool.name}` takes named arguments, not one text")
    if isinstance(tool, Tool) and tool.args_schema is None:
        return {"__arg1": given}  # the name that models are told, so that a policy sees one name
    names = list(get_fields(tool.get_input_schema()))
    if not names:
        raise ValueError(f"the tool `{tool.name}` takes no arguments")
    return {names[0]: given}


def _validated(tool: BaseTool, schema: type[BaseModel], values: dict[str, Any], tool_call_id: str | None) -> Arguments:
    # The tool's own schema, not `tool_call_schema`: the latter is a copy without the validators.
    from_application = _injected_names(tool)
    for name, field in schema.model_fields.items():
        if any(_is_call_id(mark) for mark in field.metadata):
            if tool_call_id is None:
                raise ValueError(f"the tool `{tool.name}` must be invoked with a whole tool call, for its id")
            values[name] = tool_call_id
    injected = _injected(values, from_application)
    if not schema.model_fields:
        return Arguments({}, injected)  # LangChain runs such a tool without arguments, whatever was given

    model = schema.model_validate(values)
    names = {name for name in _passed_on(model, values) if name not in injected and name not in from_application}
    try:
        params = model.model_dump(mode="json", by_alias=True, include=names, warnings=False)
        arguments = Arguments(params, injected)
        try:
            again = schema.model_validate(arguments.run_with(params))
        except ValidationError as error:
            # As in `limit: int = None`: only the schema itself may give such a default.
            failed = {fault["loc"][0] for fault in error.errors(include_url=False) if fault["loc"]}
            left_out = failed & _default_keys(model, names - values.keys())
            arguments = Arguments(params, injected, frozenset(map(str, left_out)))
            again = schema.model_validate(arguments.run_with(params))
    except (PydanticSerializationError, ValueError) as error:
        raise ActionError(_lossy(tool, names)) from error
    changed = {name for name in names if not _equal(getattr(model, name), getattr(again, name, None))}
    if changed:
        raise ActionError(_lossy(tool, changed))
    return arguments


def _default_keys(model: BaseModel, names: set[str]) -> set[int | str]:
    """Return the keys of those of `names` that have the schema's fixed default."""
    fields = type(model).model_fields
    return {
        fields[name].alias or name
        for name in names - model.model_fields_set
        if name in fields and not fields[name].is_required() and fields[name].default_factory is None
    }


def without_defaults(tool: BaseTool, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return `params` without those that have the value which the tool's schema fills in."""
    schema = tool.args_schema
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return dict(params)
    defaults = {
        field.alias or name: field.default
        for name, field in schema.model_fields.items()
        if not field.is_required() and field.default_factory is None
    }
    return {
        name: value for name, value in params.items() if name not in defaults or not same_json(value, defaults[name])
    }


def _passed_on(model: BaseModel, values: Mapping[str, Any]) -> list[str]:
    """Return the names that LangChain passes to the tool's function, by LangChain's own rule."""
    fields = type(model).model_fields
    return [
        name
        for name in (*fields, *(model.model_extra or {}))
        if name in values
        or name in model.model_fields_set
        or (name in fields and name not in _MADE_UP and not fields[name].is_required())
    ]


def _unchecked(tool: BaseTool, values: dict[str, Any]) -> Arguments:
    """Read the arguments of a tool that LangChain does not validate: no schema, or a plain JSON schema."""
    from_application = _injected_names(tool)
    injected = _injected(values, from_application)
    params = {name: value for name, value in values.items() if name not in injected}
    if isinstance(tool, Tool):
        return Arguments(params, injected)  # takes exactly one value; the rest of its function is not reachable
    for name, default in _defaults(_underlying(tool)):
        if name not in values and name not in from_application:
            params[name] = default
    return Arguments(params, injected)


def _underlying(tool: BaseTool) -> Callable[..., Any]:
    """Return the function that a tool runs."""
    function = getattr(tool, "func", None) or getattr(tool, "coroutine", None) or tool._run
    return function if callable(function) else tool._run


def _defaults(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Return the defaults of a function that a model could replace: without that, it runs with them."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        (name, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in named
        and parameter.default is not inspect.Parameter.empty
        and name not in _FROM_LANGCHAIN
        and not _is_config(parameter.annotation)
        and _is_json(parameter.default)
    ]


def _injected_names(tool: BaseTool) -> frozenset[str]:
    names = set(tool._injected_args_keys)
    shown = tool.tool_call_schema
    if tool.args_schema is not None and isinstance(shown, type):
        names |= set(get_fields(tool.get_input_schema())) - set(get_fields(shown))
    return frozenset(names)


def _injected(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    # A graph's runtime goes to a parameter of that name even where the parameter's type does not ask for it.
    return {name: value for name, value in values.items() if name in names or isinstance(value, ToolRuntime)}


def _is_call_id(mark: object) -> bool:
    return isinstance(mark, InjectedToolCallId) or (isinstance(mark, type) and issubclass(mark, InjectedToolCallId))


def _is_config(annotation: object) -> bool:
    return annotation is RunnableConfig or (isinstance(annotation, str) and "RunnableConfig" in annotation)


def _is_json(value: object) -> bool:
    try:
        return same_json(json.loads(json.dumps(value, allow_nan=False)), value)
    except (TypeError, ValueError, RecursionError):
        return False


def _equal(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # arrays and the like have no one answer: not shown to be equal, so not equal
        return False


def same_json(one: object, other: object) -> bool:
    """Tell whether two values are one JSON value: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and one == other


def _lossy(tool: BaseTool, names: set[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    return (
        f"the tool `{tool.name}` cannot be governed with these arguments: {listed} would not be the same "
        "after it was written to the record and read back"
    )
