"""`guard` below the decorators of frameworks that have no adapter of their own: the real packages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aegis import guard
from aegis.errors import ActionError, AuditError, Refused
from aegis.runtime.approval_callback import CallbackApprovalHandler
from aegis.testing import ScriptedApprover
from governed_place import ASK_ALL, Place

try:
    from pydantic_ai import RunContext
except ImportError:
    RunContext = None  # type: ignore[assignment, misc]

POLICY = {
    "version": "1",
    "defaults": {"approval": "auto"},
    "rules": [
        {
            "name": "large",
            "match": {"type": "transfer*"},
            "conditions": {"param_gt": {"amount": 100}},
            "approval": "block",
        },
        {"name": "asked", "match": {"type": "ask*"}, "approval": "approve"},
    ],
}


def installed(name: str) -> Any:
    return pytest.importorskip(name, reason=f"NOT TESTED: {name} is not installed")


class Tools:
    """The tools of both frameworks, governed and not, and what ran."""

    def __init__(self, runtime: Any, **settings: Any) -> None:
        ran = self.ran = []  # type: list[Any]

        def transfer(to: str, amount: int = 1000) -> str:
            """Moves money.

            Args:
                to: Who gets it.
                amount: In cents.
            """
            ran.append((to, amount))
            return f"moved {amount} to {to}"

        async def transfer_later(to: str, amount: int = 1000) -> str:
            """Moves money later.

            Args:
                to: Who gets it.
                amount: In cents.
            """
            ran.append((to, amount))
            return f"moved {amount} to {to}"

        async def ask_first(items: list[dict[str, int]]) -> str:
            """Asks first."""
            ran.append(items)
            return "asked"

        self.plain = [transfer, transfer_later, ask_first]
        self.governed = [guard(runtime, **settings)(tool) for tool in self.plain]  # type: ignore[type-var]


# pydantic-ai


def agent_with(tools: list[Any], calls: list[tuple[str, dict[str, Any]]], seen: list[Any]) -> Any:
    """An agent whose model makes these calls at once, and then says what came of them."""
    installed("pydantic_ai")
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel

    def model(messages: list[Any], info: Any) -> Any:
        seen.append((messages, info))
        if len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart(name, arguments) for name, arguments in calls])
        return ModelResponse(parts=[TextPart("done")])

    return Agent(FunctionModel(model), tools=tools)


def returned(seen: list[Any]) -> list[Any]:
    return [
        part.content
        for message in seen[-1][0]
        for part in message.parts
        if part.part_kind in ("tool-return", "retry-prompt")
    ]


def test_pydantic_ai_shows_the_model_the_same_schema(place: Place) -> None:
    tools = Tools(place.runtime(POLICY))
    shown = []
    for given in (tools.plain, tools.governed):
        seen: list[Any] = []
        agent_with(given, [], seen)
        agent_with(given, [("transfer", {"to": "a", "amount": 1})], seen).run_sync("go")
        info = seen[0][1]
        shown.append([(tool.name, tool.description, tool.parameters_json_schema) for tool in info.function_tools])
    assert shown[0] == shown[1] and len(shown[0]) == 3


def test_pydantic_ai_runs_what_is_allowed_with_what_was_recorded(place: Place) -> None:
    tools = Tools(place.runtime(POLICY))
    seen: list[Any] = []
    calls = [("transfer", {"to": "a", "amount": "7"}), ("transfer_later", {"to": "b", "amount": 8})]
    assert agent_with(tools.governed, calls, seen).run_sync("go").output == "done"
    assert sorted(tools.ran) == [("a", 7), ("b", 8)] and returned(seen) == ["moved 7 to a", "moved 8 to b"]
    assert sorted(r["action_params"]["amount"] for r in place.records()) == [7, 8]


@pytest.mark.parametrize("tool", ["transfer", "transfer_later"])
def test_pydantic_ai_does_not_run_what_is_refused_defaults_included(place: Place, tool: str) -> None:
    tools = Tools(place.runtime(POLICY))
    for arguments in ({"to": "a", "amount": 101}, {"to": "a"}):
        with pytest.raises(Refused):
            agent_with(tools.governed, [(tool, arguments)], []).run_sync("go")
    assert tools.ran == [] and place.outcomes() == [("block", "blocked")] * 2
    assert place.records()[1]["action_params"] == {"to": "a", "amount": 1000}, "the default that would have run"


def test_pydantic_ai_runs_once_on_an_approval_and_not_with_what_changed_meanwhile(place: Place) -> None:
    approver = ScriptedApprover(True, False)
    tools = Tools(place.runtime(POLICY, approver))
    call = ("ask_first", {"items": [{"n": 1}]})
    agent_with(tools.governed, [call], []).run_sync("go")
    with pytest.raises(Refused):
        agent_with(tools.governed, [call], []).run_sync("go")
    assert tools.ran == [[{"n": 1}]] and len(approver.questions) == 2


def test_pydantic_ai_tells_the_model_where_a_refusal_is_answered(place: Place) -> None:
    tools = Tools(place.runtime(POLICY), refusals="text")
    seen: list[Any] = []
    agent_with(tools.governed, [("transfer", {"to": "a"}), ("transfer_later", {"to": "a"})], seen).run_sync("go")
    assert tools.ran == [] and all("large" in text and "do not repeat it" in text for text in returned(seen))
    assert len(returned(seen)) == 2


def test_pydantic_ai_streams_and_refuses(place: Place) -> None:
    tools = Tools(place.runtime(POLICY))

    async def main() -> None:
        agent = agent_with(tools.governed, [("transfer", {"to": "a", "amount": 101})], [])
        async with agent.iter("go") as run:
            async for _ in run:
                pass

    with pytest.raises(Refused):
        asyncio.run(main())
    assert tools.ran == []


def test_pydantic_ai_aborts_where_the_log_cannot_be_written(place: Place) -> None:
    place.log.mkdir()
    place.must_be_sound = False
    tools = Tools(place.runtime(POLICY))
    for tool in ("transfer", "transfer_later"):
        with pytest.raises(AuditError):
            agent_with(tools.governed, [(tool, {"to": "a", "amount": 1})], []).run_sync("go")
    assert tools.ran == []


def test_a_context_is_left_out_and_passed_on(place: Place) -> None:
    installed("pydantic_ai")
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel

    runtime = place.runtime(POLICY)
    got: list[Any] = []

    @guard(runtime, exclude=("ctx",))
    async def who(ctx: RunContext[str], n: int) -> str:
        got.append((ctx.deps, n))
        return ctx.deps

    def model(messages: list[Any], info: Any) -> Any:
        if len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart("who", {"n": 1})])
        return ModelResponse(parts=[TextPart("done")])

    agent = Agent(FunctionModel(model), deps_type=str, tools=[who])
    agent.run_sync("go", deps="ana")
    assert got == [("ana", 1)] and place.records()[0]["action_params"] == {"n": 1}


# mcp


def server_of(tools: list[Any]) -> Any:
    installed("mcp")
    try:
        from mcp.server import MCPServer as Server
    except ImportError:
        from mcp.server.fastmcp import FastMCP as Server
    server = Server("bank")
    for tool in tools:
        server.tool()(tool)
    return server


async def with_client(server: Any, work: Any) -> Any:
    try:
        from mcp import Client
    except ImportError:
        from mcp.shared.memory import create_connected_server_and_client_session as connected

        async with connected(server) as session:
            return await work(session)
    async with Client(server) as client:
        return await work(client)


def call(server: Any, name: str, arguments: dict[str, Any]) -> Any:
    async def work(client: Any) -> Any:
        return await client.call_tool(name, arguments)

    return asyncio.run(with_client(server, work))


def is_error(result: Any) -> bool:
    return bool(getattr(result, "is_error", None) or getattr(result, "isError", None))


def test_mcp_shows_clients_the_same_schema(place: Place) -> None:
    tools = Tools(place.runtime(POLICY))

    async def listed(client: Any) -> Any:
        return [tool.model_dump() for tool in (await client.list_tools()).tools]

    plain = asyncio.run(with_client(server_of(tools.plain), listed))
    governed = asyncio.run(with_client(server_of(tools.governed), listed))
    assert plain == governed and len(plain) == 3


def test_mcp_runs_what_is_allowed_and_refuses_the_rest(place: Place) -> None:
    tools = Tools(place.runtime(POLICY), refusals="text")
    server = server_of(tools.governed)
    allowed = call(server, "transfer_later", {"to": "a", "amount": 5})
    assert not is_error(allowed) and tools.ran == [("a", 5)]
    for name in ("transfer", "transfer_later"):
        for arguments in ({"to": "a", "amount": 101}, {"to": "a"}):
            refused = call(server, name, arguments)
            assert "large" in refused.content[0].text and "was not run" in refused.content[0].text
    assert tools.ran == [("a", 5)]
    assert place.outcomes() == [("auto", "success")] + [("block", "blocked")] * 4


def test_mcp_tells_no_more_than_that_it_failed_where_nobody_says_how(place: Place) -> None:
    tools = Tools(place.runtime(POLICY))
    refused = call(server_of(tools.governed), "transfer", {"to": "a"})
    assert is_error(refused) and tools.ran == []


def test_mcp_asks_for_each_call_and_runs_once_on_each_approval(place: Place) -> None:
    tools = Tools(place.runtime(ASK_ALL, CallbackApprovalHandler(lambda it: it.action.params.get("amount") == 1)))
    server = server_of(tools.governed)
    assert not is_error(call(server, "transfer", {"to": "a", "amount": 1}))
    assert is_error(call(server, "transfer", {"to": "a", "amount": 2}))
    assert tools.ran == [("a", 1)]


def test_mcp_runs_nothing_where_the_log_cannot_be_written(place: Place) -> None:
    place.log.mkdir()
    place.must_be_sound = False
    tools = Tools(place.runtime(POLICY))
    server = server_of(tools.governed)
    for name in ("transfer", "transfer_later"):
        assert is_error(call(server, name, {"to": "a", "amount": 1}))
    assert tools.ran == []


def test_errors_of_the_gate_are_exceptions_that_frameworks_can_tell_apart() -> None:
    assert issubclass(Refused, Exception) and issubclass(AuditError, Exception)
    assert not issubclass(AuditError, Refused) and not issubclass(ActionError, Refused)
