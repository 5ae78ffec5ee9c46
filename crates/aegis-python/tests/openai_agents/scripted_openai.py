"""Agents whose model says what a script has, in each way in which the SDK runs them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from agents import Agent, RunConfig, Runner
from agents.testing import ScriptedModel, assistant_message, function_call

WAYS = ("run", "run_sync", "run_streamed")
QUIET = RunConfig(tracing_disabled=True)


def model_of(*turns: Any) -> ScriptedModel:
    """Each turn is a list of calls (name, arguments), where arguments may be a text; or the final answer."""
    steps: list[Any] = []
    for number, turn in enumerate(turns):
        if isinstance(turn, str):
            steps.append([assistant_message(turn)])
            continue
        steps.append(
            [
                function_call(
                    name,
                    arguments if isinstance(arguments, str) else json.dumps(arguments),
                    call_id=f"call_{number}_{place}",
                )
                for place, (name, arguments) in enumerate(turn)
            ]
        )
    return ScriptedModel(steps)


def agent_of(tools: list[Any], *turns: Any, name: str = "clerk") -> Agent[Any]:
    return Agent(name=name, model=model_of(*turns), tools=tools)


def run(agent: Agent[Any], way: str = "run", given: Any = "go") -> Any:
    if way == "run_sync":
        # It takes the current loop of the thread, which other tests have closed.
        asyncio.set_event_loop(asyncio.new_event_loop())
        return Runner.run_sync(agent, given, run_config=QUIET)

    async def go() -> Any:
        if way == "run":
            return await Runner.run(agent, given, run_config=QUIET)
        result = Runner.run_streamed(agent, given, run_config=QUIET)
        async for _ in result.stream_events():
            pass
        return result

    return asyncio.run(go())


def outputs(result: Any) -> list[Any]:
    """What the model got from its calls, in the order of the calls."""
    return [item.output for item in result.new_items if item.type == "tool_call_output_item"]
