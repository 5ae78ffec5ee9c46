"""What is decided is what the tool runs with, whatever its schema does."""

from __future__ import annotations

import asyncio
import datetime
import enum
import itertools
from typing import Annotated, Any

import pytest
from aegis import Action
from aegis.adapters.langchain import AegisMiddleware, LangChainExecutor, govern_tool
from aegis.errors import UsageError
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic.v1 import BaseModel as OldModel
from scripted_langchain import agent, calls, tool_messages


def made_of(schema: Any, seen: list[Any]) -> BaseTool:
    """Return a tool with that schema."""

    def other(**arguments: Any) -> str:
        seen.append(arguments)
        return "done"

    return StructuredTool.from_function(other, name="other", description="Does.", args_schema=schema)


class Colour(enum.Enum):
    """Two colours."""

    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part."""

    name: str
    count: int = 3


class Rich(BaseModel):
    """Many types."""

    when: datetime.datetime
    colour: Colour = Colour.RED
    part: Part = Part(name="p")
    tags: set[str] = set()
    parts: list[Part] = Field(default_factory=list)


class Lower(BaseModel):
    """A validator that can be applied twice."""

    path: str

    @field_validator("path")
    @classmethod
    def lower(cls, value: str) -> str:
        """Change case."""
        return value.lower()


class Prefixed(BaseModel):
    """A validator that cannot be applied twice."""

    path: str

    @field_validator("path")
    @classmethod
    def below(cls, value: str) -> str:
        """Put the path below a directory."""
        return "/srv/" + value


class Secret(BaseModel):
    """A value that is not written as it is."""

    password: SecretStr


class Hidden(BaseModel):
    """A value that is not written at all."""

    path: str
    count: int = Field(default=1, exclude=True)


class Whole(BaseModel):
    """A model validator that adds to what it was given."""

    count: int = 0

    @model_validator(mode="after")
    def more(self) -> Whole:
        """Add one."""
        self.count += 1
        return self


def test_validators_run_before_the_decision(make_runtime: Any, records: Any) -> None:
    seen: list[Any] = []
    runtime = make_runtime()
    govern_tool(made_of(Lower, seen), runtime).invoke({"path": "/ETC"})
    assert seen == [{"path": "/etc"}]
    assert records(runtime) == [("other", {"path": "/etc"}, "success")]


def test_rich_types_are_recorded_as_json_and_reach_the_tool_as_they_were(make_runtime: Any, records: Any) -> None:
    seen: list[Any] = []
    runtime = make_runtime()
    given = {"when": "2026-01-02T03:04:05Z", "tags": ["b", "a", "c"], "parts": [{"name": "x"}]}
    govern_tool(made_of(Rich, seen), runtime).invoke(given)
    assert seen == [
        {
            "when": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
            "colour": Colour.RED,
            "part": Part(name="p", count=3),
            "tags": {"a", "b", "c"},
            "parts": [Part(name="x", count=3)],
        }
    ]
    params = records(runtime)[0][1]
    assert params.pop("tags") is not None
    assert params == {
        "when": "2026-01-02T03:04:05Z",
        "colour": "red",
        "part": {"name": "p", "count": 3},
        "parts": [{"name": "x", "count": 3}],
    }


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        (Prefixed, {"path": "x"}),
        (Secret, {"password": "p"}),
        (Hidden, {"path": "x", "count": 1000}),
        (Whole, {"count": 1}),
    ],
)
@pytest.mark.parametrize("by", ["middleware", "tool", "tool async"])
def test_a_schema_whose_values_would_change_on_the_way_is_refused(
    schema: Any, given: dict[str, Any], by: str, make_runtime: Any, records: Any
) -> None:
    seen: list[Any] = []
    runtime = make_runtime()
    inner = made_of(schema, seen)
    call = {"name": "other", "args": given, "id": "call-1", "type": "tool_call"}
    if by == "middleware":
        made = agent([inner], [AegisMiddleware(runtime)], calls(("other", given)))
        answer = tool_messages(made.invoke({"messages": [("user", "go")]})["messages"])[0]
    elif by == "tool":
        answer = govern_tool(inner, runtime).invoke(call)
    else:
        answer = asyncio.run(govern_tool(inner, runtime).ainvoke(call))
    assert answer.status == "error"
    assert "would not be the same" in answer.content
    assert seen == []
    assert records(runtime) == []


def test_what_a_default_factory_made_is_what_runs(make_runtime: Any, records: Any) -> None:
    numbers = itertools.count(1)

    class Made(BaseModel):
        number: int = Field(default_factory=lambda: next(numbers))

    seen: list[Any] = []
    runtime = make_runtime()
    govern_tool(made_of(Made, seen), runtime).invoke({})
    assert seen == [{"number": 1}]
    assert records(runtime) == [("other", {"number": 1}, "success")]


def test_values_that_are_not_json_are_refused(make_runtime: Any, records: Any) -> None:
    class Anything(BaseModel):
        value: Any

    runtime = make_runtime()
    for value in (object(), float("nan"), float("inf"), {1: "a", "1": "b"}):
        seen: list[Any] = []
        answer = govern_tool(made_of(Anything, seen), runtime).invoke({"value": value})
        assert seen == [], value
        assert isinstance(answer, str) and answer != "done"
    schema = {"type": "object", "properties": {}}
    for value in (object(), float("nan"), {1, 2}, b"x"):
        seen = []
        answer = govern_tool(made_of(schema, seen), runtime).invoke({"value": value})
        assert seen == [], value
        assert isinstance(answer, str) and answer != "done"


def test_extra_arguments_that_a_schema_allows_are_decided_on(make_runtime: Any, records: Any) -> None:
    class Open(BaseModel, extra="allow"):
        path: str

    seen: list[Any] = []
    runtime = make_runtime()
    inner = made_of(Open, seen)
    govern_tool(inner, runtime).invoke({"path": "a", "amount": 5})
    inner.invoke({"path": "a", "amount": 5})
    assert seen[0] == seen[1]
    assert records(runtime) == [("other", seen[0], "success")]


def test_a_default_of_the_function_is_decided_on_where_there_is_no_schema(make_runtime: Any, records: Any) -> None:
    seen: list[Any] = []

    def other(path: str, count: int = 1000, note: object = len, callbacks: Any = None) -> str:
        seen.append((path, count, note))
        return "done"

    class Other(BaseTool):
        name: str = "other"
        description: str = "Does."

        def _run(self, path: str, count: int = 1000, run_manager: Any = None) -> str:
            seen.append((path, count, run_manager is not None))
            return "done"

    runtime = make_runtime()
    schema = {"type": "object", "properties": {"path": {"type": "string"}, "count": {"type": "integer"}}}
    by_schema = StructuredTool.from_function(other, name="other", description="Does.", args_schema=schema)
    govern_tool(by_schema, runtime).invoke({"path": "a"})
    govern_tool(Other(), runtime).invoke({"path": "a"})
    assert seen == [("a", 1000, len), ("a", 1000, True)]
    assert [row[1] for row in records(runtime)] == [{"path": "a", "count": 1000}] * 2


def test_star_arguments_reach_a_function_as_without_a_gate(make_runtime: Any, records: Any) -> None:
    def other(x: int, *args: Any, **kwargs: Any) -> str:
        """Do something."""
        return f"{x} {args} {kwargs}"

    def another(kind: str = "k", **rest: Any) -> str:
        """Do something."""
        return f"{kind} {rest}"

    runtime = make_runtime()
    for function, given in ((other, {"x": 1}), (other, {"x": 1, "kwargs": {"a": 2}}), (another, {})):
        inner = StructuredTool.from_function(function, name="other")
        assert govern_tool(inner, runtime).invoke(dict(given)) == inner.invoke(dict(given))
    decided = [{"x": 1}, {"x": 1, "kwargs": {"a": 2}}, {"kind": "k", "rest": None}]
    assert [row[1] for row in records(runtime)] == decided


def test_the_configuration_of_a_run_is_not_an_argument(make_runtime: Any, records: Any) -> None:
    def other(path: str, config: RunnableConfig = None) -> str:  # type: ignore[assignment]  # noqa: RUF013
        """Do something."""
        return f"{path} {config['tags']}"

    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    inner = StructuredTool.from_function(other, args_schema=schema)
    runtime = make_runtime()
    assert govern_tool(inner, runtime).invoke({"path": "a"}, {"tags": ["t"]}) == "a ['t']"
    assert records(runtime) == [("other", {"path": "a"}, "success")]


@pytest.mark.parametrize("given", [{"path": "a"}, {"path": "a", "limit": 5}])
def test_a_default_that_does_not_fit_its_own_type_is_decided_on(
    given: dict[str, Any], make_runtime: Any, records: Any
) -> None:
    def other(path: str, limit: int = None) -> str:  # type: ignore[assignment]  # noqa: RUF013
        """Do something."""
        return f"{path} {limit}"

    inner = StructuredTool.from_function(other)
    runtime = make_runtime(executor=LangChainExecutor([inner]))
    assert govern_tool(inner, runtime).invoke(dict(given)) == inner.invoke(dict(given))
    complete = runtime.executor.complete(Action("other", "langchain", given))
    assert asyncio.run(runtime.run_one(complete)).data == inner.invoke(dict(given))
    decided = ("other", {"path": "a", "limit": given.get("limit")}, "success")
    assert records(runtime) == [decided, decided]


def test_a_runtime_for_a_parameter_without_a_type_is_not_an_argument(make_runtime: Any, records: Any) -> None:
    def other(path: str, runtime) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Do something."""
        return f"{path} {type(runtime).__name__}"

    runtime = make_runtime()
    made = agent([other], [AegisMiddleware(runtime)], calls(("other", {"path": "a"})))
    answers = tool_messages(made.invoke({"messages": [("user", "go")]})["messages"])
    assert [answer.content for answer in answers] == ["a ToolRuntime"]
    assert records(runtime) == [("other", {"path": "a"}, "success")]


def test_in_a_nested_model_all_fields_count_as_given(make_runtime: Any, records: Any) -> None:
    seen: list[Any] = []
    runtime = make_runtime()
    given = {"when": "2026-01-02T03:04:05Z", "part": {"name": "x"}}
    govern_tool(made_of(Rich, seen), runtime).invoke(given)
    assert seen[0]["part"].model_fields_set == {"name", "count"}
    assert records(runtime)[0][1]["part"] == {"name": "x", "count": 3}


def test_changes_to_the_arguments_after_the_decision_do_not_reach_the_tool(
    make_runtime: Any, monkeypatch: Any, records: Any
) -> None:
    seen: list[Any] = []
    runtime = make_runtime(True)
    given: dict[str, Any] = {"amount": 500, "more": ["a"]}
    real = runtime.call

    def changes(action: Any, body: Any) -> Any:
        def later(params: dict[str, Any]) -> Any:
            action.params["amount"] = 1
            action.params["more"].append("b")
            given["more"].append("c")
            return body(params)

        return real(action, later)

    monkeypatch.setattr(runtime, "call", changes)

    def transfer(**arguments: Any) -> str:
        seen.append(arguments)
        return "done"

    schema = {"type": "object", "properties": {}}
    inner = StructuredTool.from_function(transfer, name="transfer", description="Moves.", args_schema=schema)
    govern_tool(inner, runtime).invoke(given)
    assert seen == [{"amount": 500, "more": ["a"]}]
    assert records(runtime)[0][1] == {"amount": 500, "more": ["a"]}


def test_a_schema_of_pydantic_1_is_refused(make_runtime: Any) -> None:
    class Old(OldModel):
        path: str

    seen: list[Any] = []
    with pytest.raises(UsageError, match="pydantic 2"):
        govern_tool(made_of(Old, seen), make_runtime()).invoke({"path": "a"})
    assert seen == []


def test_targets_types_and_agents(make_runtime: Any, tools: list[BaseTool]) -> None:
    runtime = make_runtime()
    made = agent(
        tools,
        [AegisMiddleware(runtime, target="bank", targets={"read": "disk"}, agent="clerk")],
        calls(("read", {"path": "a"}), ("transfer", {"amount": 1})),
    )
    made.invoke({"messages": [("user", "go")]})
    govern_tool(tools[2], runtime, action_type="reading", target="tape").invoke({"path": "a"})
    govern_tool(tools[2], runtime).invoke({"path": "a"})
    rows = [(row["action_type"], row["action_target"]) for row in runtime.audit.get_log()]
    assert sorted(rows[:2]) == [("read", "disk"), ("transfer", "bank")]
    assert rows[2:] == [("reading", "tape"), ("read", "langchain")]


def test_annotated_descriptions_do_not_disturb(make_runtime: Any) -> None:
    def other(path: Annotated[str, "where"] = "a") -> str:
        """Do something."""
        return path

    assert govern_tool(other, make_runtime()).invoke({}) == "a"
