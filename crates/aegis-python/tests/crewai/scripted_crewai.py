"""A crew with one agent whose model says what a script has, in both ways in which CrewAI calls tools."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from typing import Any

from crewai import Agent, Crew, Task
from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr


class ScriptedLLM(BaseLLM):
    """Gives these turns: each a list of calls (name, arguments), or a text that is the final answer."""

    native: bool = True
    _turns: list[Any] = PrivateAttr(default_factory=list)
    _seen: list[Any] = PrivateAttr(default_factory=list)
    _shown: list[Any] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def of(cls, *turns: Any, native: bool) -> ScriptedLLM:
        llm = cls(model="scripted", native=native)
        llm._turns = list(turns)
        return llm

    def supports_function_calling(self) -> bool:
        return self.native

    def supports_stop_words(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return 100_000

    def call(self, messages: Any, tools: Any = None, **_: Any) -> Any:
        with self._lock:
            self._seen.append(json.loads(json.dumps(messages, default=str)))
            self._shown.append(tools)
            assert self._turns, f"the script is over, but the model was asked: {messages}"
            turn = self._turns.pop(0)
        if isinstance(turn, str):
            return turn if self.native else f"Thought: I now can give a great answer\nFinal Answer: {turn}"
        if self.native:
            return [
                {
                    "id": f"call_{len(self._seen)}_{place}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(arguments)},
                }
                for place, (name, arguments) in enumerate(turn)
            ]
        ((name, arguments),) = turn
        return f"Thought: I need it\nAction: {name}\nAction Input: {json.dumps(arguments)}"

    async def acall(self, messages: Any, tools: Any = None, **more: Any) -> Any:
        return self.call(messages, tools, **more)

    def read(self) -> str:
        """Everything that the model has read."""
        return json.dumps(self._seen)


def crew_of(llm: ScriptedLLM, *tools: Any, cache: bool = False) -> Crew:
    agent = Agent(role="clerk", goal="work", backstory="none", llm=llm, tools=list(tools), max_iter=6)
    task = Task(description="do it", expected_output="a text", agent=agent)
    return Crew(agents=[agent], tasks=[task], cache=cache)


def kick(crew: Crew, how: str) -> str:
    # Each in a context of its own: CrewAI keeps its open events in one, and a crew that was aborted leaves some.
    return contextvars.copy_context().run(_kick, crew, how)


def _kick(crew: Crew, how: str) -> str:
    if how == "kickoff":
        return str(crew.kickoff())
    if how == "kickoff_async":
        return str(asyncio.run(crew.kickoff_async()))
    assert how == "akickoff"
    return str(asyncio.run(crew.akickoff()))
