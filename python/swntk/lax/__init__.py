"""What NumPy lacks: loops, dynamic slices, reading plain arrays at traced places. As `jax.lax`."""

from __future__ import annotations

from .._transforms.inert import stop_gradient
from .elementwise import rsqrt, select, select_n
from .loops import fori_loop, map, scan
from .reading import (
    dynamic_index_in_dim,
    dynamic_slice,
    dynamic_slice_in_dim,
    dynamic_update_index_in_dim,
    dynamic_update_slice,
    take,
)

__all__ = [
    "dynamic_index_in_dim",
    "dynamic_slice",
    "dynamic_slice_in_dim",
    "dynamic_update_index_in_dim",
    "dynamic_update_slice",
    "fori_loop",
    "map",
    "rsqrt",
    "scan",
    "select",
    "select_n",
    "stop_gradient",
    "take",
]
