from __future__ import annotations

import asyncio
from typing import Any

from aegis.testing import assert_recorded, governed
from seed_program import run_seed_program


class Crm:
    async def update(self, **fields: Any) -> str:
        return f"updated {fields['name']}"


def test_the_program_of_the_readme_goes_on() -> None:
    rules = {"version": "1", "rules": [{"match": {"type": "write", "target": "crm"}, "approval": "auto"}]}
    with governed(rules) as runtime:
        made = asyncio.run(run_seed_program("openai_agents.py", runtime=runtime, crm=Crm()))
        tool = made["update_contact"]
        assert asyncio.run(tool(name="ana", email="ana@example.com")) == "updated ana"
        params = {"name": "ana", "email": "ana@example.com"}
        assert_recorded(runtime, {"action_type": "write", "action_params": params, "result_status": "success"})
