"""Computed fields: what they depend on, and their values after a write."""

from dq.sandbox.computing.recompute import recompute
from dq.sandbox.computing.stamps import on_load, stamp

__all__ = ["on_load", "recompute", "stamp"]
