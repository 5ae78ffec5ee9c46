"""Actions, policies, plans and results."""
