"""Aegis decides, before an agent's action happens, whether it may, asks a human where the policy says so, and keeps a
record that can be trusted.

>>> from aegis import Action, Policy
>>> policy = Policy.from_dict({"version": "1", "rules": [{"match": {"type": "read*"}, "approval": "auto"}]})
>>> policy.evaluate(Action("read", "crm")).approval
<Approval.AUTO: 'auto'>
"""

from __future__ import annotations

try:
    from aegis._native import __version__
except ImportError as error:  # another project of the same import name, or a source tree that was not built
    raise ImportError(
        "aegis: its native part is missing. Another distribution that is also imported as `aegis` may have "
        "overwritten it (`pip uninstall aegis agent-aegis`, then `pip install --force-reinstall aegis-policy`); "
        "in a source tree, build it with `maturin develop`"
    ) from error

from aegis.adapters.guard import guard
from aegis.core.action import Action
from aegis.core.plan import ExecutionPlan
from aegis.core.policy import Approval, Policy, PolicyDecision
from aegis.core.result import Result, ResultStatus
from aegis.core.risk import RiskLevel
from aegis.runtime.engine import Runtime, RuntimeHooks

__all__ = [
    "Action",
    "Approval",
    "ExecutionPlan",
    "Policy",
    "PolicyDecision",
    "Result",
    "ResultStatus",
    "RiskLevel",
    "Runtime",
    "RuntimeHooks",
    "__version__",
    "guard",
]
