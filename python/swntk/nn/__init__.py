"""Functions of neural networks, as `jax.nn`. They take traced and plain arrays."""

from __future__ import annotations

from .activations import (
    celu,
    elu,
    gelu,
    glu,
    identity,
    log1mexp,
    log_sigmoid,
    mish,
    selu,
    sigmoid,
    silu,
    soft_sign,
    softplus,
    softsign,
    squareplus,
    swish,
)
from .attention import dot_product_attention
from .dropout import dropout
from .embedding import embedding, one_hot
from .normalization import batch_norm, group_norm, layer_norm, rms_norm, standardize
from .piecewise import (
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    relu,
    relu6,
    sparse_plus,
    sparse_sigmoid,
)
from .pooling import avg_pool, max_pool, min_pool
from .softmax import log_softmax, logmeanexp, logsumexp, softmax

__all__ = [
    "avg_pool",
    "batch_norm",
    "celu",
    "dot_product_attention",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "group_norm",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "identity",
    "layer_norm",
    "leaky_relu",
    "log1mexp",
    "log_sigmoid",
    "log_softmax",
    "logmeanexp",
    "logsumexp",
    "max_pool",
    "min_pool",
    "mish",
    "one_hot",
    "relu",
    "relu6",
    "rms_norm",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "standardize",
    "swish",
]
