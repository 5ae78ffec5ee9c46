from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aegis import Action, Policy, Runtime
from langchain_core.tools import tool
from seed_program import run_seed_program


@tool
def search(query: str) -> str:
    """Search the web."""
    return f"found {query}"


def test_the_program_of_the_readme_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: '1'\nrules:\n  - { match: { type: search }, approval: auto }\n")
    policy.chmod(0o644)
    names = {"Runtime": Runtime, "Policy": Policy, "DuckDuckGoSearchRun": lambda: search}
    made = asyncio.run(run_seed_program("langchain.py", **names))
    assert made["tool"].name == "governed_search"
    assert "found aegis" in str(made["tool"].invoke({"query": "aegis"}))
    result = made["runtime"].run_one_sync(Action("search", "web", {"query": "aegis"}))
    assert result.data == "found aegis"
