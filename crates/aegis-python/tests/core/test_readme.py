"""The programs of the README of agent-aegis 0.1.3 that need no framework, word for word."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aegis import Action, Policy, ResultStatus, RiskLevel, Runtime
from aegis.core.conditions import evaluate_conditions
from aegis.errors import ActionError
from aegis.testing import ScriptedApprover, command
from governed_place import Place, Recorder
from terminal_session import TerminalSession

PROGRAMS = Path(__file__).parent.parent / "seed_programs"
# What the programs were when they were taken from the README.
SHA256 = {
    "anthropic.py": "a12b272b8cccb4c44f00471da408b015084b5b6a2695347524e0af7a4bf1ff2b",
    "conditions.yaml": "66261c5516d8d1cffb479c635fd2a9ab6de9d490c89df0efa84d241fbed67960",
    "crewai.py": "888a89a721695050c5b439c8e3ac92e839de73e94a4c0017a348a6afe72050c4",
    "custom_adapter.py": "55bd0a2ccff224293c780ec97d2ef36d7b1b2e8ce16a76287e23eec6f69e2601",
    "httpx.py": "bef162fc2c8372971f8c9d9a969d2e638dbe25c3cd543e54f1deea57c1cc4e3d",
    "langchain.py": "fe76249594aaadbd0f5227efec6a79992fb742d84d8fbc7b9cc48cc70c7c88b1",
    "openai_agents.py": "01addc45a7f26e4981c19197f4ba477efe4bdb9aee8f022e13126a1e76061a7f",
    "policy.yaml": "034d24b0d568cafed018bd09829714cbbe00a62bc14447805f60d99adc8b2a78",
    "quick_start.py": "2cd1f01cf82b3f1585846129b20b26886db7304396ad44e95c369837cc7ae3da",
    "three_lines.py": "c9755937052ad96ac518901ecab56030df8a313ef2a9be9f26075cbc74c72dfc",
}


def needs_command() -> str:
    if not Path(command()).is_file():
        pytest.skip(f"NOT TESTED: the aegis command is not at {command()}; set AEGIS_COMMAND")
    return os.path.abspath(command())


def aegis(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [needs_command(), *arguments], cwd=place.directory, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def policy_in(place: Place, name: str = "policy.yaml") -> Path:
    path = place.directory / "policy.yaml"
    shutil.copyfile(PROGRAMS / name, path)
    path.chmod(0o600)
    return path


def run_fragment(name: str, given: dict[str, Any], change: tuple[str, str] | None = None) -> dict[str, Any]:
    """Runs a program that stands in the middle of one of the reader's, with their names, and awaits what it does."""
    text = (PROGRAMS / name).read_text()
    if change is not None:
        assert text.count(change[0]) == 1
        text = text.replace(*change)
    names = dict(given)
    code = compile(text, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, names)
    if inspect.isawaitable(done):

        async def finish() -> None:
            await done

        asyncio.run(finish())
    return names


@pytest.mark.parametrize("name", sorted(SHA256))
def test_a_program_is_word_for_word_as_it_was(name: str) -> None:
    assert hashlib.sha256((PROGRAMS / name).read_bytes()).hexdigest() == SHA256[name]


# The quick start.


@pytest.fixture
def quick_start(place: Place) -> Iterator[TerminalSession]:
    policy_in(place)
    session = TerminalSession([sys.executable, str(PROGRAMS / "quick_start.py")], place.directory)
    yield session
    session.close()


def test_the_quick_start_is_approved_at_the_terminal_and_audited(place: Place, quick_start: TerminalSession) -> None:
    word = quick_start.wait_for_word()
    before = quick_start.text
    assert "[   AUTO] Action(read -> crm - Fetch contacts)  (risk=LOW, rule=read_safe)" in before
    assert "[APPROVE] Action(bulk_update -> crm)  (risk=HIGH, rule=bulk_ops_need_approval)" in before
    assert "[  BLOCK] Action(delete -> crm - Drop table)  (risk=CRITICAL, rule=no_deletes)" in before
    assert "Executing: read -> crm" in before and "Executing: bulk_update" not in before
    assert "count = 150" in before, "the parameters are shown"
    quick_start.type(f"{word}\n")
    assert quick_start.end() == 0, quick_start.text
    assert "Executing: bulk_update -> crm" in quick_start.text and "Executing: delete" not in quick_start.text
    shown = [(r["action_type"], r["risk_level"], r["decision"], r["result_status"]) for r in place.records()]
    assert shown == [
        ("read", "low", "auto", "success"),
        ("bulk_update", "high", "approved", "success"),
        ("delete", "critical", "block", "blocked"),
    ]
    assert place.records()[1]["approver"]["via"] == "terminal"
    audit = aegis(place, "audit")
    assert audit.returncode == 0, audit.stderr
    for row in (("read", "low", "auto", "success"), ("bulk_update", "approved"), ("delete", "block", "blocked")):
        assert any(all(word in line.split() for word in row) for line in audit.stdout.splitlines()), audit.stdout
    assert json.loads(aegis(place, "audit", "verify", "--format", "json").stdout)["sound"] is True


@pytest.mark.parametrize("typed", ["n\n\n", "y\n\n\n", "yes\nyes\nyes\n\n", "\n\n"])
def test_what_is_not_the_word_on_the_screen_is_a_no(place: Place, quick_start: TerminalSession, typed: str) -> None:
    quick_start.wait_for_word()
    for key in typed.splitlines():
        quick_start.type(key + "\n")
        for _ in range(10):
            quick_start.read()
    assert quick_start.end() == 0, quick_start.text
    assert "Executing: bulk_update" not in quick_start.text
    outcomes = place.outcomes()
    assert outcomes[1][0] in ("denied", "unanswered") and outcomes[1][1] != "success"
    assert outcomes[2][1] in ("skipped", "blocked") and len(outcomes) == 3


def test_ctrl_c_at_the_question_is_no_permission(place: Place, quick_start: TerminalSession) -> None:
    quick_start.wait_for_word()
    quick_start.interrupt()
    quick_start.end()
    assert "Executing: bulk_update" not in quick_start.text
    outcomes = place.outcomes()
    assert outcomes[0] == ("auto", "success") and outcomes[1][0] != "approved"


def test_a_word_that_is_typed_after_whoever_asked_was_cancelled_runs_nothing(place: Place) -> None:
    code = """if True:
        import asyncio
        from governed_place import POLICY, WRITE
        from aegis import Policy, Runtime
        async def main():
            runtime = Runtime(policy=Policy.from_dict(POLICY))
            task = asyncio.ensure_future(runtime.acall(WRITE, lambda params: print("Executing")))
            await asyncio.sleep(1.5)
            task.cancel()
            await asyncio.sleep(2)
        asyncio.run(main())
        """
    session = TerminalSession([sys.executable, "-c", code], place.directory)
    try:
        word = session.wait_for_word()
        for _ in range(20):
            session.read()
        session.type(word + "\n")
        session.end()
    finally:
        session.close()
    assert "Executing" not in session.text
    assert all(status != "success" for _, status in place.outcomes())


def test_the_quick_start_without_a_terminal_leaves_its_question_in_the_log(place: Place) -> None:
    policy_in(place)
    done = place.program((PROGRAMS / "quick_start.py").read_text(), input="y\ny\n", start_new_session=True)
    assert done.returncode == 0, done.stderr
    assert "Executing: bulk_update" not in done.stdout
    assert [decision for decision, _ in place.outcomes()] == ["auto", "unanswered", "block"]
    assert place.outcomes()[2] == ("block", "skipped") or place.outcomes()[2] == ("block", "blocked")
    waiting = aegis(place, "approvals")
    assert "bulk_update" in waiting.stdout


def test_the_policy_that_init_writes_serves_the_quick_start(place: Place) -> None:
    made = aegis(place, "init")
    assert made.returncode == 0, made.stderr
    assert aegis(place, "init").returncode != 0, "nothing is overwritten"
    session = TerminalSession([sys.executable, str(PROGRAMS / "quick_start.py")], place.directory)
    try:
        session.type(session.wait_for_word() + "\n")
        assert session.end() == 0, session.text
    finally:
        session.close()
    assert place.outcomes() == [("auto", "success"), ("approved", "success"), ("block", "blocked")]


# The three lines.


def test_the_three_lines(place: Place) -> None:
    policy_in(place)
    executor = Recorder()
    place.must_be_sound = False
    with pytest.raises(ActionError):
        # `{...}` stands for the reader's parameters. Taken at its word it is a set, which no record can hold.
        run_fragment("three_lines.py", {"your_executor": executor})
    names = run_fragment("three_lines.py", {"your_executor": executor}, ("{...}", '{"name": "Ana"}'))
    assert names["results"].status is ResultStatus.UNANSWERED and executor.did == []
    names["runtime"].close()

    class Approving(Runtime):
        def __init__(self, **given: Any) -> None:
            super().__init__(approval_handler=ScriptedApprover(True), **given)

    import aegis as package

    original = package.Runtime
    package.Runtime = Approving  # type: ignore[misc]
    try:
        names = run_fragment("three_lines.py", {"your_executor": executor}, ("{...}", '{"name": "Ana"}'))
    finally:
        package.Runtime = original  # type: ignore[misc]
    assert names["results"].ok and [did.params for did in executor.did] == [{"name": "Ana"}]
    names["runtime"].close()


# The custom adapter.


class Api:
    """An API of the reader's own."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.calls: list[Any] = []

    async def call(self, kind: str, target: str, **params: Any) -> dict[str, str]:
        self.calls.append((kind, target, params))
        return {"status": self.status}


@pytest.mark.parametrize(("status", "is_ok"), [("ok", True), ("error", False)])
def test_the_custom_adapter_runs_and_verifies(place: Place, status: str, is_ok: bool) -> None:
    api = Api(status)
    adapter = run_fragment("custom_adapter.py", {"my_api": api})["MyAPIExecutor"]
    runtime = place.runtime(Policy.from_yaml(policy_in(place)), executor=adapter())
    result = asyncio.run(runtime.run_one(Action("read", "crm", {"id": 7})))
    assert api.calls == [("read", "crm", {"id": 7})]
    assert (result.ok, result.data) == (is_ok, {"status": status})
    assert place.outcomes() == [("auto", "success" if is_ok else "failed")]


# The policies.


def test_the_policy_decides_as_the_readme_says(place: Place) -> None:
    policy = Policy.from_yaml(policy_in(place))
    said = {
        (kind, count): (decision.approval.value, decision.matched_rule, decision.risk_level)
        for kind, count in [
            ("read_contacts", 1),
            ("bulk_edit", 100),
            ("bulk_edit", 101),
            ("delete_all", 1),
            ("other", 1),
        ]
        for decision in [policy.evaluate(Action(kind, "crm", {"count": count}))]
    }
    assert said == {
        ("read_contacts", 1): ("auto", "read_safe", RiskLevel.LOW),
        ("bulk_edit", 100): ("approve", "<default>", RiskLevel.MEDIUM),
        ("bulk_edit", 101): ("approve", "bulk_ops_need_approval", RiskLevel.HIGH),
        ("delete_all", 1): ("block", "no_deletes", RiskLevel.CRITICAL),
        ("other", 1): ("approve", "<default>", RiskLevel.MEDIUM),
    }


def test_the_rules_with_conditions_hold_as_the_readme_says(place: Place) -> None:
    rules = (PROGRAMS / "conditions.yaml").read_text()
    path = place.directory / "policy.yaml"
    path.write_text('version: "1"\n' + rules)
    path.chmod(0o600)
    after_hours, bulk, weekdays = Policy.from_yaml(path).rules
    evening, morning = datetime(2026, 11, 23, 18, 0), datetime(2026, 11, 23, 17, 59)
    assert evaluate_conditions(after_hours.conditions, {}, evening)
    assert not evaluate_conditions(after_hours.conditions, {}, morning)
    assert evaluate_conditions(bulk.conditions, {"count": 101}) and not evaluate_conditions(
        bulk.conditions, {"count": 100}
    )
    assert evaluate_conditions(weekdays.conditions, {}, datetime(2026, 11, 27))
    assert not evaluate_conditions(weekdays.conditions, {}, datetime(2026, 11, 28))
    assert [rule.name for rule in (after_hours, bulk, weekdays)] == [
        "after_hours_block",
        "large_bulk_ops",
        "weekday_deploys",
    ]


# The command line.


def test_each_command_of_the_readme_works(place: Place) -> None:
    assert aegis(place, "init").returncode == 0
    assert aegis(place, "validate", "policy.yaml").returncode == 0
    schema = aegis(place, "schema")
    assert schema.returncode == 0 and json.loads(schema.stdout)
    runtime = place.runtime(session_id="abc")
    runtime.call(Action("read", "crm"), lambda params: None)
    assert aegis(place, "audit").returncode == 0
    filtered = aegis(place, "audit", "--session", "abc", "--format", "json")
    assert [record["action_type"] for record in json.loads(filtered.stdout)] == ["read"], filtered.stdout
    exported = aegis(place, "audit", "--format", "jsonl", "-o", "export.jsonl")
    assert exported.returncode == 0, exported.stderr
    lines = (place.directory / "export.jsonl").read_text().splitlines()
    assert [json.loads(line)["session_id"] for line in lines] == ["abc"]
