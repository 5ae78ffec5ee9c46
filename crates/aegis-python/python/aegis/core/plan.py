"""What a policy says of several actions, before any of them is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aegis.core.policy import Approval, PolicyDecision
from aegis.core.risk import RiskLevel

__all__ = ["ExecutionPlan"]


@dataclass
class ExecutionPlan:
    """A preview: it allows nothing. Each action is decided again when it is executed, and the stricter holds."""

    decisions: list[PolicyDecision] = field(default_factory=list)

    @property
    def has_blocked(self) -> bool:
        """Whether the policy blocks any of the actions."""
        return any(not decision.is_allowed for decision in self.decisions)

    @property
    def requires_approval(self) -> bool:
        """Whether a human has to be asked about any of the actions."""
        return any(decision.approval is Approval.APPROVE for decision in self.decisions)

    @property
    def auto_only(self) -> bool:
        """Whether nobody has to be asked, and nothing is blocked."""
        return all(decision.approval is Approval.AUTO for decision in self.decisions)

    def summary(self) -> str:
        """The actions, a line each, for a person."""
        return "\n".join(
            f"  {number}. [{decision.approval.value.upper():>7}] {decision.action}"
            f"  (risk={decision.risk_level.name}, rule={decision.matched_rule})"
            for number, decision in enumerate(self.decisions, 1)
        )

    def to_dict(self) -> list[dict[str, Any]]:
        """The actions and what was said of each, for programs. Parameters are as planned, secrets included."""
        return [
            {
                "action_type": decision.action.type,
                "action_target": decision.action.target,
                "params": decision.action.params,
                "description": decision.action.description,
                "risk_level": decision.risk_level.word,
                "approval": decision.approval.value,
                "matched_rule": decision.matched_rule,
                "is_allowed": decision.is_allowed,
            }
            for decision in self.decisions
        ]

    def filter(
        self,
        *,
        approval: Approval | None = None,
        risk_level: RiskLevel | None = None,
        allowed_only: bool = False,
    ) -> ExecutionPlan:
        """The plan without the actions that are not wanted."""
        return ExecutionPlan(
            [
                decision
                for decision in self.decisions
                if (approval is None or decision.approval is approval)
                and (risk_level is None or decision.risk_level == risk_level)
                and (decision.is_allowed or not allowed_only)
            ]
        )

    def __len__(self) -> int:
        """How many actions there are."""
        return len(self.decisions)

    def __iter__(self) -> Iterator[PolicyDecision]:
        """The decisions, in order."""
        return iter(self.decisions)

    def __getitem__(self, index: int) -> PolicyDecision:
        """The decision at a place."""
        return self.decisions[index]
