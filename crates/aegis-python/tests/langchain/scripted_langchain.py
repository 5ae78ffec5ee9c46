"""A model that says what it is told to, and the ways in which LangChain runs a tool call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aegis import Runtime
from aegis.adapters.langchain import AegisMiddleware, govern_tool, tool_call_wrappers, tool_node
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from pydantic import PrivateAttr


class ScriptedModel(BaseChatModel):
    """Gives its replies in turn, and keeps what it was asked and the tools that it was shown."""

    replies: list[Any]
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _shown: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of each request."""
        return self._asked

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The tools, as a provider gets them."""
        return self._shown

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """Keep the tools."""
        self._shown = [convert_to_openai_tool(tool) for tool in tools]
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self._asked.append(list(messages))
        reply = self.replies[len(self._asked) - 1]
        return ChatResult(generations=[ChatGeneration(message=reply.model_copy(deep=True))])


def calls(*each: tuple[str, dict[str, Any]], first: int = 1) -> AIMessage:
    """Return a reply of a model that calls tools, with the ids `call-1`, `call-2`…"""
    return AIMessage(
        content="",
        tool_calls=[
            {"name": name, "args": args, "id": f"call-{number}", "type": "tool_call"}
            for number, (name, args) in enumerate(each, first)
        ],
    )


def agent(tools: Sequence[Any], middleware: Sequence[Any], *replies: AIMessage, **options: Any) -> Any:
    """Return an agent on a model that gives `replies` and then says `done`."""
    model = ScriptedModel(replies=[*replies, AIMessage("done")])
    return create_agent(model, list(tools), middleware=list(middleware), **options)


def graph_of(node: ToolNode, **options: Any) -> Any:
    """Return a graph with nothing but a node of tools."""
    graph = StateGraph(MessagesState)
    graph.add_node("tools", node)
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    return graph.compile(**options)


def tool_messages(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    """Return the answers to tool calls among `messages`."""
    return [message for message in messages if isinstance(message, ToolMessage)]


def _invoke(graph: Any, state: dict[str, Any]) -> list[ToolMessage]:
    return tool_messages(graph.invoke(state)["messages"])


def _ainvoke(graph: Any, state: dict[str, Any]) -> list[ToolMessage]:
    return tool_messages(asyncio.run(graph.ainvoke(state))["messages"])


def _stream(graph: Any, state: dict[str, Any]) -> list[ToolMessage]:
    return _from_updates(list(graph.stream(state, stream_mode="updates")))


def _astream(graph: Any, state: dict[str, Any]) -> list[ToolMessage]:
    async def collect() -> list[Any]:
        return [update async for update in graph.astream(state, stream_mode="updates")]

    return _from_updates(asyncio.run(collect()))


def _from_updates(updates: list[Any]) -> list[ToolMessage]:
    found = []
    for update in updates:
        for changed in update.values():
            found += tool_messages((changed or {}).get("messages", []))
    return found


RUNS: dict[str, Callable[[Any, dict[str, Any]], list[ToolMessage]]] = {
    "invoke": _invoke,
    "ainvoke": _ainvoke,
    "stream": _stream,
    "astream": _astream,
}


def _by_middleware(run: str, runtime: Runtime, tools: list[Any], reply: AIMessage) -> list[ToolMessage]:
    made = agent(tools, [AegisMiddleware(runtime)], reply)
    return RUNS[run](made, {"messages": [HumanMessage("go")]})


def _by_node(run: str, runtime: Runtime, tools: list[Any], reply: AIMessage) -> list[ToolMessage]:
    return RUNS[run](graph_of(tool_node(tools, runtime)), {"messages": [reply]})


def _by_wrappers(run: str, runtime: Runtime, tools: list[Any], reply: AIMessage) -> list[ToolMessage]:
    return RUNS[run](graph_of(ToolNode(tools, **tool_call_wrappers(runtime))), {"messages": [reply]})


def _by_governed_tool_in_agent(run: str, runtime: Runtime, tools: list[Any], reply: AIMessage) -> list[ToolMessage]:
    made = agent([govern_tool(tool, runtime) for tool in tools], [], reply)
    return RUNS[run](made, {"messages": [HumanMessage("go")]})


def _by_tool(run: str, runtime: Runtime, tools: list[BaseTool], reply: AIMessage) -> list[ToolMessage]:
    governed = {tool.name: govern_tool(tool, runtime) for tool in tools}
    answers = []
    for call in reply.tool_calls:
        tool = governed[call["name"]]
        if run == "invoke":
            answers.append(tool.invoke(call))
        elif run == "ainvoke":
            answers.append(asyncio.run(tool.ainvoke(call)))
        elif run == "stream":
            answers += list(tool.stream(call))
        else:
            answers += asyncio.run(_collect(tool, call))
    return answers


async def _collect(tool: BaseTool, call: Any) -> list[Any]:
    return [chunk async for chunk in tool.astream(call)]


WAYS: dict[str, Callable[[str, Runtime, list[Any], AIMessage], list[ToolMessage]]] = {
    "middleware": _by_middleware,
    "tool_node": _by_node,
    "tool_call_wrappers": _by_wrappers,
    "govern_tool in an agent": _by_governed_tool_in_agent,
    "govern_tool alone": _by_tool,
}
