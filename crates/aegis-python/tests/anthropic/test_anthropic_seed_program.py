from __future__ import annotations

import asyncio
from types import SimpleNamespace

from aegis import Action, Result, ResultStatus
from aegis.adapters.base import BaseExecutor
from aegis.testing import assert_recorded, governed
from seed_program import run_seed_program


class Tools(BaseExecutor):
    async def execute(self, action: Action) -> Result:
        return Result(action, ResultStatus.SUCCESS, f"read {action.params['name']}")


def test_the_program_of_the_readme_goes_on() -> None:
    call = SimpleNamespace(type="tool_use", id="toolu_1", name="read_contact", input={"name": "ana"})
    text = SimpleNamespace(type="text", text="I look that up.")
    rules = {"version": "1", "rules": [{"match": {"type": "read*", "target": "my_system"}, "approval": "auto"}]}
    with governed(rules, executor=Tools()) as runtime:
        response = SimpleNamespace(content=[text, call])
        made = asyncio.run(run_seed_program("anthropic.py", runtime=runtime, response=response))
        assert (made["result"].ok, made["result"].data) == (True, "read ana")
        assert_recorded(runtime, {"action_type": "read_contact", "action_target": "my_system", "decision": "auto"})
