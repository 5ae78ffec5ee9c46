"""The programs and sessions of the pages run, and print what the pages say. Every link leads somewhere."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from page import ROOT, Block, Session, blocks_of, commands_of, is_like, without_controls

DOCS = ROOT / "docs" / "python"
PACKAGE = ROOT / "crates" / "aegis-python"
PAGES = [DOCS / f"{name}.md" for name in ("README", "tutorial", "testing", "guard", "migration", "api", "limits")]
PAGES.append(PACKAGE / "README.md")
HOSTED = "https://github.com/aegis-policy/aegis/blob/main/"
MODULES = (
    "aegis",
    "aegis.adapters.base",
    "aegis.adapters.call",
    "aegis.core.conditions",
    "aegis.core.policy",
    "aegis.core.schema",
    "aegis.errors",
    "aegis.runtime.approval",
    "aegis.runtime.approval_callback",
    "aegis.runtime.audit",
    "aegis.runtime.audit_logging",
    "aegis.testing",
)
# Of `aegis.errors`; made by the package itself, never by people.
INTERNAL = {"of_native"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    place = tmp_path / "page"
    place.mkdir()
    session = Session(place)
    blocks = blocks_of(page.read_text("utf-8"))
    try:
        played = session.play(blocks)
    finally:
        session.close()
    assert played > 0, "nothing was run"
    if session.skipped:
        said = "; ".join(f"`{section}` (no {', '.join(lacking)})" for section, lacking in session.skipped.items())
        warnings.warn(f"NOT TESTED of {name_of(page)}: {said}", stacklevel=1)


def headings_of(text: str) -> set[str]:
    """The anchors of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere() -> None:
    problems, links = [], 0
    for page in [*sorted(DOCS.glob("*.md")), PACKAGE / "README.md"]:
        prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose)):
            target, _, anchor = link.partition("#")
            if target.startswith(HOSTED):
                goal = ROOT / target.removeprefix(HOSTED)
            elif "://" in target:
                continue
            else:
                # A page on PyPI has no neighbours.
                assert page.parent != PACKAGE, f"{name_of(page)}: {link} is not a whole address"
                goal = page.parent / target if target else page
            links += 1
            if not goal.exists():
                problems.append(f"{name_of(page)}: {link}")
            elif anchor and goal.suffix == ".md" and anchor not in headings_of(goal.read_text("utf-8")):
                problems.append(f"{name_of(page)}: {link}: no such heading")
    assert not problems, problems
    assert links > 30


def test_no_page_speaks_of_the_machine_that_it_was_written_on() -> None:
    for page in PAGES:
        assert not re.search(r"/work/|/root/", page.read_text("utf-8")), name_of(page)


def public_names() -> list[tuple[str, str, object]]:
    found = []
    for module in MODULES:
        loaded = importlib.import_module(module)
        found += [(module, name, getattr(loaded, name)) for name in loaded.__all__ if name not in INTERNAL]
    return found


def signature_of(name: str, thing: object) -> str | None:
    """A call as the reference writes it: without types."""
    if not callable(thing) or (isinstance(thing, type) and issubclass(thing, (Warning, str, int))):
        return None
    try:
        signature = inspect.signature(thing)
    except ValueError:
        return None
    bare = [
        # A default that is made anew for each object has no text of its own.
        each.replace(annotation=inspect.Parameter.empty)
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    return name + str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def test_the_reference_has_every_public_name() -> None:
    reference = (DOCS / "api.md").read_text("utf-8")
    for module, name, thing in public_names():
        assert re.search(rf"\b{re.escape(name)}\b", reference), f"{module}.{name} is not in the reference"
        if not isinstance(thing, type) or issubclass(thing, BaseException):
            continue
        attributes = set(vars(thing)) | set(getattr(thing, "__dataclass_fields__", ()))
        for attribute in attributes:
            if not attribute.startswith("_"):
                assert re.search(rf"\b{re.escape(attribute)}\b", reference), f"{module}.{name}.{attribute}"


def test_the_reference_has_signatures_as_they_are() -> None:
    reference = re.sub(r"\s+", " ", (DOCS / "api.md").read_text("utf-8"))
    wrong = []
    for module, name, thing in public_names():
        said = signature_of(name, thing)
        if said is None or isinstance(thing, type) and issubclass(thing, BaseException):
            continue
        said = re.sub(r"<(RiskLevel|Approval)\.(\w+): [^>]+>", r"\1.\2", said)
        said = re.sub(r"=<factory>", "=…", said)
        if said not in reference:
            wrong.append(f"{module}: {said}")
    for owner in ("Runtime", "Policy", "ExecutionPlan", "AuditLogger", "BaseExecutor", "ApprovalHandler"):
        thing = next(found for _, name, found in public_names() if name == owner)
        for name, member in vars(thing).items():
            function = member.__func__ if isinstance(member, classmethod) else member
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            said = signature_of(name, function).replace("(cls, ", "(").replace("(cls)", "()")
            if said not in reference:
                wrong.append(f"{owner}.{said}")
    assert not wrong, "\n".join(wrong)


def test_a_page_is_split_into_its_blocks() -> None:
    text = "## One\n```python\nprint(1)\n```\nwords\n```text\n1\n```\n## Two\n```yaml\n# policy.yaml\na: 1\n```\n"
    found = blocks_of(text)
    assert [(block.language, block.section, block.line, block.file) for block in found] == [
        ("python", "One", 2, None),
        ("text", "One", 6, None),
        ("yaml", "Two", 10, "policy.yaml"),
    ]
    session = Block("console", "$ echo a\na\n$ true\n", 1, "")
    assert commands_of(session) == [("echo a", "a\n"), ("true", "")]


def test_what_is_printed_is_compared_with_what_is_shown() -> None:
    for found, shown, like in [
        ("a\n", "a\n", True),
        ("a  \n", "a\n", True),
        ("a b c\n", "a [..] c\n", True),
        ("a b c d\n", "a [..] c\n", False),
        ("a\nb\nc\n", "a\n...\nc\n", True),
        ("a\nc\n", "a\n...\nc\n", True),
        ("a\nb\n", "a\n", False),
        ("", "a\n", False),
        ("a\n", "", False),
        ("a.b\n", "a+b\n", False),
    ]:
        assert is_like(found, shown) is like, (found, shown)
    assert without_controls("\x1b[1;1H\x1b#5\x1b[2K\x1b[1m  a\x1b[0m\x1b[2;1Hb \x1b[J\x18\x1b\\") == "  a\nb\n"


def test_a_session_fails_where_it_should(tmp_path: Path) -> None:
    def play(text: str) -> None:
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        place.mkdir()
        session = Session(place)
        try:
            session.play(blocks_of(text))
        finally:
            session.close()

    play("```python\nx = 1\n```\n```python\nprint(x)\n```\n```text\n1\n```\n")
    for wrong in [
        "```python\nraise SystemExit\n```\n",
        "```python\nprint(2)\n```\n```text\n1\n```\n",
        "```console\n$ echo 2\n1\n```\n",
    ]:
        with pytest.raises(AssertionError):
            play(wrong)


def test_the_program_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    text = (DOCS.parents[1] / "README.md").read_text("utf-8")
    (program,) = [block.text for block in blocks_of(text) if block.language == "python"]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "ana@example.com\nrefused by no_deletes\n"
