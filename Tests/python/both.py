"""One way to write a function for swntk over NumPy and for JAX.

`m` is OURS or THEIRS: the module `np`, the transforms, and assignment to an array, which is in
place in OURS.
"""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import swntk


def write(array, index, value):
    array[index] = value
    return array


def add_to(array, index, value):
    array[index] += value
    return array


TRANSFORMS = ["jvp", "vjp", "grad", "value_and_grad", "jacfwd", "jacrev", "hessian", "vmap", "jit"]
OURS = SimpleNamespace(
    np=np,
    scan=swntk.lax.scan,
    stop_gradient=swntk.stop_gradient,
    jacobian=swntk.jacobian,
    write=write,
    add_to=add_to,
    **{name: getattr(swntk, name) for name in TRANSFORMS},
)
THEIRS = SimpleNamespace(
    np=jnp,
    scan=jax.lax.scan,
    stop_gradient=jax.lax.stop_gradient,
    jacobian=jax.jacrev,
    write=lambda array, index, value: array.at[index].set(value),
    # An index that repeats adds once, as in NumPy.
    add_to=lambda array, index, value: array.at[index].set(array[index] + value),
    **{name: getattr(jax, name) for name in TRANSFORMS},
)
