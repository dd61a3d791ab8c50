"""Random numbers by keys: Threefry, the same bits as `jax.random`.

A key is an array uint32[2]. Functions take plain and traced keys and are pure: the same key gives
the same numbers.

>>> import numpy as np, swntk
>>> key, subkey = swntk.random.split(swntk.random.key(0))
>>> print(swntk.random.uniform(subkey, (2,)).round(4))
[0.8724 0.443 ]
"""

from __future__ import annotations

from .choosing import categorical, choice, permutation
from .continuous import (
    cauchy,
    exponential,
    gumbel,
    laplace,
    logistic,
    normal,
    truncated_normal,
    uniform,
)
from .discrete import bernoulli, rademacher, randint
from .gammas import gamma, loggamma
from .keys import PRNGKey, bits, fold_in, key, key_data, partitionable, split

__all__ = [
    "PRNGKey",
    "bernoulli",
    "bits",
    "categorical",
    "cauchy",
    "choice",
    "exponential",
    "fold_in",
    "gamma",
    "gumbel",
    "key",
    "key_data",
    "laplace",
    "loggamma",
    "logistic",
    "normal",
    "partitionable",
    "permutation",
    "rademacher",
    "randint",
    "split",
    "truncated_normal",
    "uniform",
]
