"""Conditions by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aegis.core.action import Action
from aegis.core.policy import Approval, Policy, PolicyRule
from aegis.core.risk import RiskLevel

__all__ = ["evaluate_conditions"]


def evaluate_conditions(conditions: Mapping[str, Any], params: Mapping[str, Any], now: datetime | None = None) -> bool:
    """Whether all conditions hold for some parameters at an instant, or now. What is undecidable does not.

    Raises `PolicyError` where the conditions are none, and `ActionError` where the parameters cannot be read."""
    rule = PolicyRule(name="conditions", conditions=dict(conditions), approval=Approval.AUTO)
    policy = Policy([rule], RiskLevel.CRITICAL, Approval.BLOCK)
    looked_at = policy.explain(Action("any", "any", dict(params)), now)
    return any(rule["outcome"] == "matched" for rule in looked_at)
