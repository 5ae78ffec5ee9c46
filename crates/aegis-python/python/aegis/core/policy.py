"""Policies, and what they say of an action."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from aegis import _native
from aegis.core.action import Action, action_json, read_action
from aegis.core.risk import RiskLevel
from aegis.errors import PolicyError, PolicyWarning

__all__ = ["Approval", "Policy", "PolicyDecision", "PolicyRule"]


class Approval(str, Enum):
    """What must happen before an action may."""

    AUTO = "auto"
    APPROVE = "approve"
    BLOCK = "block"

    def __str__(self) -> str:
        """The word, as policies write it."""
        return self.value


@dataclass(frozen=True)
class PolicyDecision:
    """What a policy says of an action. It allows nothing: whoever executes decides again, and the stricter of both
    holds."""

    action: Action
    risk_level: RiskLevel
    approval: Approval
    matched_rule: str = ""
    reason: str = ""
    undecidable: tuple[dict[str, Any], ...] = ()

    @property
    def preview(self) -> _native.Preview | None:
        """What the gate is told was said of the action. A decision that is copied, changed or made by hand has none."""
        preview: _native.Preview | None = self.__dict__.get("_preview")
        return preview

    def floor(self) -> _native.Preview:
        """What an execution must be at least as strict as: the preview, or what the decision says where it has none."""
        if self.preview is not None:
            return self.preview
        rule = PolicyRule(risk_level=self.risk_level, approval=self.approval, name="plan")
        return Policy([rule])._native.preview(action_json(self.action))

    def __getstate__(self) -> dict[str, Any]:
        """The fields: a copy is as one that was made by hand."""
        return {name: value for name, value in self.__dict__.items() if name != "_preview"}

    @property
    def is_allowed(self) -> bool:
        """Whether the policy does not block it. What needs approval is not blocked, and not allowed yet either."""
        return self.approval is not Approval.BLOCK


@dataclass
class PolicyRule:
    """A rule: which actions it is about, and what holds for them."""

    match_type: str | list[str] = "*"
    match_target: str | list[str] = "*"
    risk_level: RiskLevel = RiskLevel.MEDIUM
    approval: Approval = Approval.APPROVE
    name: str = ""
    conditions: dict[str, Any] = field(default_factory=dict)
    match_agent: str | list[str] = "*"
    reason: str | None = None

    def matches(self, action: Action) -> bool:
        """Whether globs and conditions hold for an action now. What is undecidable counts as a match, since it makes
        the answer stricter."""
        decision = Policy([self], RiskLevel.LOW, Approval.AUTO).evaluate(action)
        return decision.matched_rule != "<default>" or bool(decision.undecidable)

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": self.name or f"{self.match_type}@{self.match_target}",
            "match": {"type": self.match_type, "target": self.match_target, "agent": self.match_agent},
            "risk_level": RiskLevel(self.risk_level).word,
            "approval": str(Approval(self.approval)),
        }
        if self.conditions:
            entry["conditions"] = self.conditions
        if self.reason is not None:
            entry["reason"] = self.reason
        return entry


class Policy:
    """Rules, in order, of which the first that matches decides, and what holds where none does.

    A policy never changes. Its rules and defaults can be read."""

    def __init__(
        self,
        rules: Iterable[PolicyRule] | None = None,
        default_risk_level: RiskLevel = RiskLevel.MEDIUM,
        default_approval: Approval = Approval.APPROVE,
    ) -> None:
        """Makes a policy of rules. Raises `PolicyError` where they make none."""
        entries = [rule._entry() for rule in rules or ()]
        defaults = {
            "risk_level": RiskLevel(default_risk_level).word,
            "approval": str(Approval(default_approval)),
        }
        self._native = _compile({"version": "1", "defaults": defaults, "rules": entries})

    @classmethod
    def _of(cls, native: _native.Policy) -> Policy:
        policy = cls.__new__(cls)
        policy._native = native
        return policy

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str], *, pin: str | None = None) -> Policy:
        """Reads a policy from a file that nobody else may write, or whose content has the SHA-256 `pin`.

        Raises `PolicyError`, with all `diagnostics`, where the file is not trusted or holds no policy."""
        return cls._of(_native.Policy.of_files([os.fspath(path)], pin))

    @classmethod
    def from_yaml_files(cls, *paths: str | os.PathLike[str]) -> Policy:
        """Reads a policy from several files: their rules in order, and the defaults of the first."""
        if not paths:
            return cls()
        return cls._of(_native.Policy.of_files([os.fspath(path) for path in paths], None))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Makes a policy of what a policy file says. One without `version` is read as version 1, with a
        `PolicyWarning`."""
        document = dict(data)
        if "version" not in document:
            warnings.warn('the policy has no version: add "version": "1"', PolicyWarning, stacklevel=2)
            document = {"version": "1", **document}
        if document.get("rules") is None:
            document["rules"] = []
        return cls._of(_compile(document))

    def evaluate(self, action: Action) -> PolicyDecision:
        """What the policy says of an action now. Nothing is recorded, and nobody is asked.

        Raises `ActionError` where the action cannot be read."""
        return decision_of(self._native.preview(action_json(action)))

    def explain(self, action: Action, at: str | datetime | None = None) -> list[dict[str, Any]]:
        """Each rule that is looked at, and why it matches or does not, now or at an instant: a `datetime`, which is one
        of UTC where it has no zone, or RFC 3339."""
        if isinstance(at, datetime):
            at = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).isoformat()
        decision = json.loads(self._native.explain(action_json(action), at))
        explained: list[dict[str, Any]] = decision["explain"]
        return explained

    def merge(self, other: Policy) -> Policy:
        """The rules of this policy, and behind them those of another. The defaults stay."""
        return Policy._of(self._native.merged(other._native))

    @property
    def sha256(self) -> str:
        """The digest by which records name the policy."""
        return self._native.sha256

    @property
    def diagnostics(self) -> list[dict[str, Any]]:
        """What was noticed about the policy and is no error."""
        found: list[dict[str, Any]] = json.loads(self._native.warnings())["diagnostics"]
        return found

    @property
    def rules(self) -> list[PolicyRule]:
        """The rules, in order, as a new list."""
        return [
            PolicyRule(
                rule["match_type"],
                rule["match_target"],
                RiskLevel[rule["risk_level"].upper()],
                Approval(rule["approval"]),
                rule["name"],
                rule["conditions"],
                rule["match_agent"],
                rule["reason"],
            )
            for rule in self._read()["rules"]
        ]

    @property
    def default_risk_level(self) -> RiskLevel:
        """The risk of actions that no rule matches."""
        return RiskLevel[self._read()["default_risk_level"].upper()]

    @property
    def default_approval(self) -> Approval:
        """The approval of actions that no rule matches."""
        return Approval(self._read()["default_approval"])

    def _read(self) -> dict[str, Any]:
        view: dict[str, Any] = json.loads(self._native.rules())
        return view

    def __repr__(self) -> str:
        """How many rules it has, and its digest."""
        return f"<Policy of {len(self._read()['rules'])} rules, sha256 {self.sha256[:12]}>"


def decision_said(action: str, said: Mapping[str, Any]) -> PolicyDecision:
    """What an answer of the gate says of an action, with a fresh copy of that."""
    return PolicyDecision(
        read_action(action),
        RiskLevel[said["risk_level"].upper()],
        Approval(said["approval"]),
        said["matched_rule"],
        said["reason"],
    )


def decision_of(preview: _native.Preview) -> PolicyDecision:
    """The decision that a preview holds, about a fresh copy of its action."""
    said = json.loads(preview.decision())
    decision = PolicyDecision(
        action=read_action(preview.action),
        risk_level=RiskLevel[said["risk_level"].upper()],
        approval=Approval(said["approval"]),
        matched_rule=said["matched_rule"],
        reason=said["reason"],
        undecidable=tuple(said["undecidable"]),
    )
    decision.__dict__["_preview"] = preview
    return decision


def _compile(document: Mapping[str, Any]) -> _native.Policy:
    try:
        text = json.dumps(_plain(document), allow_nan=False, ensure_ascii=False)
        return _native.Policy.of_texts([("policy", text.encode())])
    except (TypeError, ValueError, RecursionError) as error:
        raise PolicyError(
            f"the policy cannot be written as JSON: {type(error).__name__}: {error}",
            "a policy is made of text, numbers, true, false, lists and dicts with text as keys",
        ) from None


def _plain(value: Any) -> Any:
    """Words in the place of enumerations, which JSON would write as numbers."""
    if isinstance(value, RiskLevel):
        return value.word
    if isinstance(value, Approval):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
