"""Deciding by the names of the first sark's users."""

from sark.policy.rust_engine import RUST_AVAILABLE, HTTPOPAClient, OPAClient

__all__ = ["RUST_AVAILABLE", "HTTPOPAClient", "OPAClient"]
