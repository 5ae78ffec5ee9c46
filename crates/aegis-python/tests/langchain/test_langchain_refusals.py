"""What cannot be governed is refused before anything runs, and a missing package says how to install it."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from typing import Any

import aegis.adapters.langchain as adapter
import pytest
from aegis.adapters.langchain import AegisMiddleware, govern_tool, tool_node
from aegis.errors import UsageError
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from scripted_langchain import ScriptedModel, calls

SEARCH = {"type": "web_search_20250305", "name": "web_search"}


@pytest.mark.parametrize("run_async", [False, True])
@pytest.mark.parametrize(
    ("given", "name"),
    [
        (SEARCH, "web_search"),
        ({"type": "code_interpreter"}, "code_interpreter"),
        ({"type": "function", "function": {"name": "f"}}, "f"),
    ],
)
def test_an_agent_with_a_providers_tool_is_stopped_before_its_model_is_called(
    run_async: bool, given: dict[str, Any], name: str, make_runtime: Any, tools: list[BaseTool]
) -> None:
    model = ScriptedModel(replies=[AIMessage("done")])
    made = create_agent(model, [*tools, given], middleware=[AegisMiddleware(make_runtime())])
    with pytest.raises(UsageError, match=f"`{name}`.*provider"):
        asyncio.run(made.ainvoke({"messages": []})) if run_async else made.invoke({"messages": []})
    assert model.asked == []


@pytest.mark.parametrize("run_async", [False, True])
def test_a_providers_tool_can_be_allowed_by_name(run_async: bool, make_runtime: Any, tools: list[BaseTool]) -> None:
    model = ScriptedModel(replies=[AIMessage("done")])
    ours = AegisMiddleware(make_runtime(), provider_tools=["web_search"])
    made = create_agent(model, [*tools, SEARCH], middleware=[ours])
    asyncio.run(made.ainvoke({"messages": []})) if run_async else made.invoke({"messages": []})
    assert len(model.asked) == 1
    assert len(model.shown) == 4


def test_a_providers_tool_is_refused_at_construction(make_runtime: Any, tools: list[BaseTool]) -> None:
    with pytest.raises(UsageError, match="web_search"):
        tool_node([*tools, SEARCH], make_runtime())  # type: ignore[list-item]
    with pytest.raises(UsageError, match="web_search"):
        govern_tool(SEARCH, make_runtime())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="int"):
        govern_tool(3, make_runtime())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="governed already"):
        govern_tool(govern_tool(tools[0], make_runtime()), make_runtime())


def test_a_target_for_a_tool_that_is_not_there_is_refused(make_runtime: Any, tools: list[BaseTool]) -> None:
    with pytest.raises(UsageError, match="raed"):
        tool_node(tools, make_runtime(), targets={"raed": "disk"})


def test_two_of_the_middleware_are_refused(make_runtime: Any, tools: list[BaseTool]) -> None:
    both = [AegisMiddleware(make_runtime()), AegisMiddleware(make_runtime())]
    with pytest.raises(AssertionError, match="duplicate"):
        create_agent(ScriptedModel(replies=[calls()]), tools, middleware=both)


@pytest.mark.parametrize("missing", ["langchain_core", "langchain", "langgraph"])
def test_a_package_that_is_not_installed_is_named(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import aegis.adapters.langchain"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "pip install 'aegis-policy[langchain]'" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("module", "name", "attribute"),
    [
        ("langchain.agents.middleware", "AgentMiddleware", "awrap_tool_call"),
        ("langchain.agents.middleware", "AgentMiddleware", "wrap_model_call"),
        ("langgraph.prebuilt.tool_node", "ToolCallRequest", "override"),
        ("langchain_core.tools", "BaseTool", "_injected_args_keys"),
    ],
)
def test_a_version_without_a_hook_is_refused(module: str, name: str, attribute: str, monkeypatch: Any) -> None:
    from aegis.adapters.langchain.hooks import check_hooks

    check_hooks()
    monkeypatch.delattr(getattr(importlib.import_module(module), name), attribute)
    with pytest.raises(ImportError, match=rf"[0-9]+\.[0-9].*{attribute}"):
        check_hooks()


def test_a_version_whose_tool_node_takes_no_async_wrapper_is_refused(monkeypatch: Any) -> None:
    import langgraph.prebuilt.tool_node as node

    class Old:
        def __init__(self, tools: Any) -> None: ...

    monkeypatch.setattr(node, "ToolNode", Old)
    from aegis.adapters.langchain.hooks import check_hooks

    with pytest.raises(ImportError, match="awrap_tool_call"):
        check_hooks()


def test_everything_that_is_exported_is_there() -> None:
    assert all(hasattr(adapter, name) for name in adapter.__all__)
