"""Random keys of keyword arguments: Threefry's `fold_in`, as JAX computes it."""

from __future__ import annotations

import numpy as np

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry2x32(key, x0, x1):
    """Encrypt one block (Salmon et al., 2011; 20 rounds).

    Parameters
    ----------
    key : uint32[2]
    x0, x1 : int

    Returns
    -------
    numpy.ndarray
        uint32[2].
    """
    mask = 0xFFFFFFFF
    k0, k1 = int(key[0]), int(key[1])
    schedule = (k0, k1, k0 ^ k1 ^ 0x1BD11BDA)
    x0, x1 = (x0 + k0) & mask, (x1 + k1) & mask
    for i in range(5):
        for r in _ROTATIONS[i % 2]:
            x0 = (x0 + x1) & mask
            x1 = ((x1 << r) | (x1 >> (32 - r))) & mask
            x1 ^= x0
        x0 = (x0 + schedule[(i + 1) % 3]) & mask
        x1 = (x1 + schedule[(i + 2) % 3] + i + 1) & mask
    return np.array([x0, x1], np.uint32)


def fold_in(key, data: int):
    """Make a new key of a key and a number, as `jax.random.fold_in`."""
    return threefry2x32(np.asarray(key), (data >> 32) & 0xFFFFFFFF, data & 0xFFFFFFFF)
