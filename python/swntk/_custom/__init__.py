"""Functions with rules of their own: derivatives, what is kept for them, code outside."""

from __future__ import annotations

from .callbacks import pure_callback
from .forward_rule import custom_jvp
from .recomputing import checkpoint
from .reverse_rule import custom_vjp

__all__ = ["checkpoint", "custom_jvp", "custom_vjp", "pure_callback"]
