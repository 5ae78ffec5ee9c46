from __future__ import annotations

import asyncio

from aegis.testing import assert_recorded, governed
from seed_program import run_seed_program


def test_the_program_of_the_readme_goes_on() -> None:
    rules = {"version": "1", "rules": [{"match": {"type": "search", "target": "web"}, "approval": "auto"}]}
    with governed(rules) as runtime:
        found = asyncio.run(run_seed_program("crewai.py", runtime=runtime, do_search=lambda query: f"found {query}"))
        assert found["tool"].run(query="aegis") == "found aegis"
        assert_recorded(runtime, {"action_type": "search", "action_params": {"query": "aegis"}})
