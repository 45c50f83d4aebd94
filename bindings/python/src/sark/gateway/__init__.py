"""Enforcing decisions in a gateway."""

from sark.gateway.policy_middleware import PolicyEnforcementASGIMiddleware, PolicyEnforcementMiddleware

__all__ = ["PolicyEnforcementASGIMiddleware", "PolicyEnforcementMiddleware"]
