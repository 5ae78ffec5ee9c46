"""What a tool would really be run with: validated, defaults filled in, and read back from JSON."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from aegis.errors import ActionError, UsageError

__all__ = ["Reading", "read_arguments", "schema_of"]


@dataclass(frozen=True)
class Reading:
    """The arguments of one call, and how the tool gets the recorded ones back."""

    params: dict[str, Any]
    """What the gate decides on: every argument that the tool will see, JSON values only."""

    _keys: tuple[str, ...]
    _schema: type[BaseModel]

    def keywords(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The recorded arguments as the keyword arguments that the tool is run with.

        Raises:
            ActionError: The tool would be run with something else than what was recorded.
        """
        return _again(self._schema, self._keys, recorded).model_dump()


def read_arguments(schema: type[BaseModel], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Reading:
    """Validate the arguments of one call as CrewAI does, and write them as JSON.

    Raises:
        ActionError: They do not fit the schema, or change when they are written as JSON and read back.
    """
    names = list(schema.model_fields)
    if len(args) > len(names):
        raise ActionError("the call has more arguments than the tool")
    named = dict(zip(names, args, strict=False))
    twice = named.keys() & kwargs.keys()
    if twice:
        raise ActionError(f"the call has an argument twice: {', '.join(sorted(twice))}")
    parsed = _parsed(schema, {**named, **kwargs})
    params = _dump(parsed)
    # A default need not be valid for its own annotation (`limit: int = None`); then it can only be left out
    # again, and the check says whether that gives what was recorded.
    given = parsed.model_fields_set
    for keys in (tuple(params), tuple(key for key in params if key in given)):
        try:
            again = _again(schema, keys, params)
        except ActionError:
            continue
        # Equal JSON is not enough: a masked secret is written as asterisks and read back as them.
        if again == parsed:
            return Reading(params, keys, schema)
    raise ActionError("the arguments of the call change when they are written as JSON and read back")


def schema_of(name: str, function: Callable[..., Any]) -> type[BaseModel]:
    """The schema that CrewAI's own `@tool(name)` makes of the signature of `function`.

    Raises:
        UsageError: A parameter cannot be passed by name.
    """
    signature = inspect.signature(function)
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError):
        hints = {}
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UsageError(
                f"the parameter `{parameter.name}` can only be passed by position, but a tool is called by name"
            )
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        written = Any if parameter.annotation is parameter.empty else parameter.annotation
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints.get(parameter.name, written), default)
    # The class name is part of the schema that the model sees.
    made: type[BaseModel] = create_model("".join(name.split()).title(), **fields)
    return made


def _parsed(schema: type[BaseModel], value: dict[str, Any]) -> BaseModel:
    try:
        return _validate(schema, value)
    except ActionError:
        # CrewAI filled in the defaults before, so one that is not valid for its own annotation comes in as if
        # it were given. Left out, it is filled in again.
        fields = schema.model_fields
        given = {key: item for key, item in value.items() if not _is_default(fields.get(key), item)}
        if len(given) == len(value):
            raise
        return _validate(schema, given)


def _is_default(field: FieldInfo | None, value: Any) -> bool:
    return field is not None and not field.is_required() and bool(field.default is value)


def _again(schema: type[BaseModel], keys: tuple[str, ...], recorded: Mapping[str, Any]) -> BaseModel:
    parsed = _validate(schema, {key: recorded[key] for key in keys})
    if _dump(parsed) != recorded:
        raise ActionError("the tool would be run with other arguments than the recorded ones")
    return parsed


def _validate(schema: type[BaseModel], value: Mapping[str, Any]) -> BaseModel:
    try:
        # By name: CrewAI hands over what it dumped, and it dumps by the names of the fields.
        return schema.model_validate(dict(value), by_name=True, by_alias=True)
    except ValidationError as error:
        # Not the values: the text goes to the model, and a log of its own.
        found = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'arguments'}: {item['msg']}"
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise ActionError(f"the arguments of the call do not fit the tool: {found}") from error


def _dump(parsed: BaseModel) -> dict[str, Any]:
    try:
        return parsed.model_dump(mode="json", warnings=False)
    except Exception as error:
        # Serialisers are the application's code. Whatever they raise, there is no action to decide on.
        raise ActionError("an argument of the call cannot be written as JSON") from error
