from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aegis import Action, Approval, Policy, Runtime
from seed_program import run_seed_program

POLICY = """
version: '1'
rules:
  - { match: { type: get }, approval: auto }
  - { match: { type: delete }, approval: block }
"""


def test_the_program_of_the_readme_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    policy.chmod(0o644)
    made = asyncio.run(run_seed_program("httpx.py", Runtime=Runtime, Policy=Policy, Action=Action))
    assert [decision.approval for decision in made["plan"]] == [Approval.AUTO, Approval.BLOCK]
    blocked = made["runtime"].run_one_sync(Action("delete", "/users/1"))
    assert blocked.status.value == "blocked"
