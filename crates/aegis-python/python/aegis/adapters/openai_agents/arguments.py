"""What a tool would really be run with: read strictly, validated, defaults filled in."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents import FunctionTool
from agents.function_schema import FuncSchema, function_schema
from pydantic import BaseModel, ValidationError

from aegis import _native
from aegis.errors import ActionError, UsageError

__all__ = ["Reading", "ToolArguments", "read_object"]


def read_object(text: str) -> dict[str, Any]:
    """Read the arguments of a call as a model wrote them.

    An empty text means no arguments, as it does for the SDK.

    Raises:
        ActionError: The text is not JSON, is not an object, or has a key twice, a number out of range or
            half a character in it. Readers differ on all of these, so such a text could be shown as one call
            and run as another.
    """
    value = json.loads(_native.strict_json(text)) if text else {}
    if not isinstance(value, dict):
        raise ActionError("the arguments of the call are not a JSON object")
    return value


@dataclass(frozen=True)
class Reading:
    """The arguments of one call, and how the tool gets the recorded ones back."""

    params: dict[str, Any]
    """What the gate decides on: every argument that the tool will see, JSON values only."""

    _keys: tuple[str, ...]
    _arguments: ToolArguments

    def text(self, recorded: Mapping[str, Any]) -> str:
        """The recorded arguments as the JSON text that the tool is run with.

        Raises:
            ActionError: The tool would make something else of them than what was recorded.
        """
        value = {key: recorded[key] for key in self._keys}
        self._arguments.check(value, recorded)
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    def values(self, recorded: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The recorded arguments as what the Python function is called with.

        Raises:
            ActionError: As for `text`.
        """
        value = {key: recorded[key] for key in self._keys}
        return self._arguments.bind(value, recorded)


class ToolArguments:
    """How one tool reads its arguments.

    A tool that was made by `function_tool` validates them, converts them and fills in defaults: the same is
    done here first, so that the gate sees what the function will get. Of any other tool only its JSON schema
    is known: the defaults which that schema names are filled in.
    """

    def __init__(self, tool: FunctionTool) -> None:
        """Look at `tool`.

        Raises:
            UsageError: The parameters of the function behind the tool cannot be read.
        """
        self.schema = _function_schema(tool)
        self._defaults = {} if self.schema else _schema_defaults(tool.params_json_schema)

    def read_text(self, text: str) -> Reading:
        """Read a call as the model wrote it.

        Raises:
            ActionError: It cannot be read strictly, or does not fit the tool.
        """
        return self.read(read_object(text))

    def read(self, raw: Mapping[str, Any]) -> Reading:
        """Read a call from its parsed JSON object.

        Raises:
            ActionError: It does not fit the tool.
        """
        if self.schema is None:
            params = {**copy.deepcopy(self._defaults), **raw}
            return Reading(params, tuple(params), self)
        return self._reading(self._validate(raw), given=raw)

    def read_call(self, arguments: Mapping[str, Any]) -> Reading:
        """Read a call from Python values by parameter name, as people make it.

        Raises:
            ActionError: It does not fit the function.
        """
        model = self._schema().params_pydantic_model
        try:
            parsed = model.model_validate(dict(arguments), by_name=True, by_alias=True)
        except ValidationError as error:
            raise _invalid(error) from error
        return self._reading(parsed, given=_dump(parsed, only_set=True))

    def check(self, value: Mapping[str, Any], recorded: Mapping[str, Any]) -> None:
        """Check that the tool will make of `value` exactly what was recorded.

        Raises:
            ActionError: It will not.
        """
        if self.schema is not None:
            self._parse(value, recorded)

    def bind(self, value: Mapping[str, Any], recorded: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Turn `value` into the positional and keyword arguments of the function.

        Raises:
            ActionError: They are not what was recorded.
        """
        return self._schema().to_call_args(self._parse(value, recorded))

    def _schema(self) -> FuncSchema:
        if self.schema is None:
            raise UsageError("this tool has no Python function that can be called")
        return self.schema

    def _validate(self, value: Mapping[str, Any]) -> BaseModel:
        try:
            return self._schema().params_pydantic_model.model_validate(dict(value))
        except ValidationError as error:
            raise _invalid(error) from error

    def _parse(self, value: Mapping[str, Any], recorded: Mapping[str, Any]) -> BaseModel:
        parsed = self._validate(value)
        if _dump(parsed) != recorded:
            raise ActionError("the tool would be run with other arguments than the recorded ones")
        return parsed

    def _reading(self, parsed: BaseModel, *, given: Mapping[str, Any]) -> Reading:
        params = _dump(parsed)
        # A default need not be valid for its own annotation (`limit: int = None`); then it can only be
        # left out again, and the check says whether that gives what was recorded.
        for keys in (tuple(params), tuple(key for key in params if key in given)):
            try:
                again = self._parse({key: params[key] for key in keys}, params)
            except ActionError:
                continue
            # Equal JSON is not enough: a masked secret is written as asterisks and read back as them.
            if again == parsed:
                return Reading(params, keys, self)
        raise ActionError("the arguments of the call change when they are written as JSON and read back")


def _dump(parsed: BaseModel, *, only_set: bool = False) -> dict[str, Any]:
    try:
        return parsed.model_dump(mode="json", by_alias=True, exclude_unset=only_set, warnings=False)
    except Exception as error:
        # Serialisers are the application's code. Whatever they raise, there is no action to decide on.
        raise ActionError("an argument of the call cannot be written as JSON") from error


def _invalid(error: ValidationError) -> ActionError:
    # Not the values: the text goes to the model, and a log of its own.
    found = "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'arguments'}: {item['msg']}"
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return ActionError(f"the arguments of the call do not fit the tool: {found}")


def _function_schema(tool: FunctionTool) -> FuncSchema | None:
    try:
        function: Any = tool.__wrapped__
    except AttributeError:
        return None
    if not inspect.isroutine(function) and not inspect.isclass(function):
        # An object that can be called: its method has the signature.
        function = function.__call__
    try:
        return function_schema(function, use_docstring_info=False, strict_json_schema=tool.strict_json_schema)
    except Exception as error:
        raise UsageError(f"the parameters of the tool `{tool.name}` cannot be read: {error}") from error


def _schema_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {
        name: value["default"]
        for name, value in properties.items()
        if isinstance(value, Mapping) and "default" in value
    }
