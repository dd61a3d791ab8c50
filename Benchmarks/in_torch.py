"""The networks in PyTorch, and torch.func's operations on them.

Layouts are PyTorch's: weights [out, in] and [out, in, height, width], images [n, c, height, width];
`arrays` turns results back.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import jacrev, jvp, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from workloads import HEADS

LIBRARY = "PyTorch"


def mlp(params, x):
    layers = len(params) // 2
    for i in range(layers):
        x = F.linear(x, params[f"w_{i}"], params[f"b_{i}"])
        if i < layers - 1:
            x = torch.tanh(x)
    return x


def convolutional(params, x):
    for i in range((len(params) - 2) // 2):
        x = F.relu(F.conv2d(x, params[f"w_{i}"], params[f"b_{i}"], padding="same"))
        x = F.avg_pool2d(x, 2)
    # Pixels before channels, as in the other libraries' layout.
    x = x.permute(0, 2, 3, 1).flatten(1)
    return F.linear(x, params["w_out"], params["b_out"])


def residual(params, x):
    x = F.conv2d(x, params["w_in"], padding="same")
    for i in range((len(params) - 3) // 4):
        h = x
        for half in "ab":
            w, b = params[f"w_{i}{half}"], params[f"b_{i}{half}"]
            h = F.conv2d(F.relu(h), w, b, padding="same")
        x = x + h
    return F.linear(F.relu(x).mean((2, 3)), params["w_out"], params["b_out"])


def layer_norm(params, name, x):
    return F.layer_norm(x, x.shape[-1:], params[f"gain_{name}"], params[f"bias_{name}"])


def block(params, x):
    n, length, width = x.shape
    h = F.linear(layer_norm(params, "attention", x), params["w_qkv"], params["b_qkv"])
    q, k, v = h.reshape(n, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
    h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
    x = x + F.linear(h, params["w_merge"], params["b_merge"])
    h = F.linear(layer_norm(params, "hidden", x), params["w_up"], params["b_up"])
    return x + F.linear(F.gelu(h, approximate="tanh"), params["w_down"], params["b_down"])


def transformer(params, x):
    return F.linear(block(params, x).mean(1), params["w_out"], params["b_out"])


def language(params, x):
    return F.linear(layer_norm(params, "out", block(params, x)[:, -1]), params["w_out"])


def embedding(params, x):
    h = F.embedding(x, params["table"]).mean(1)
    h = torch.tanh(F.linear(h, params["w_hidden"], params["b_hidden"]))
    return F.linear(h, params["w_out"], params["b_out"])


def recurrent(params, x):
    h = x.new_zeros(len(x), len(params["b_h"]))
    for step in x.unbind(1):
        h = torch.tanh(F.linear(step, params["w_x"]) + F.linear(h, params["w_h"], params["b_h"]))
    return F.linear(h, params["w_out"], params["b_out"])


def versions():
    return {"torch": torch.__version__, "numpy": np.__version__}


def set_threads(n):
    torch.set_num_threads(n)


def variants(operation):
    if operation == "vjp":
        return ("torch.func", "autograd")
    if operation.startswith("kernel"):
        return ("jacobians", "vector products")
    return ("torch.func",)


def to_torch(array):
    """Turn images from [n, height, width, c]."""
    tensor = torch.from_numpy(array)
    return tensor.permute(0, 3, 1, 2).contiguous() if tensor.ndim == 4 else tensor


def weight(name, array):
    tensor = torch.from_numpy(array)
    if not name.startswith("w_"):
        return tensor
    return tensor.permute((1, 0) if tensor.ndim == 2 else (3, 2, 0, 1)).contiguous()


def jacobian(f):
    return vmap(jacrev(lambda params, x: f(params, x[None])[0]), (None, 0))


def kernel_of_jacobians(f, params, x, x2, traced):
    j1 = jacobian(f)(params, x)
    j2 = j1 if x2 is None else jacobian(f)(params, x2)
    pairs = [(j1[name].flatten(2), j2[name].flatten(2)) for name in params]
    if not traced:
        return sum(torch.einsum("nop,mqp->nmoq", a, b) for a, b in pairs)
    return sum(torch.einsum("nop,mop->nm", a, b) for a, b in pairs) / pairs[0][0].shape[1]


# The fused attention has no forward derivative.
@sdpa_kernel(SDPBackend.MATH)
def kernel_of_vector_products(f, params, x, x2, traced):
    def pair(x, x2):
        y, pullback = vjp(lambda params: f(params, x[None])[0], params)

        def column(cotangent):
            tangents = pullback(cotangent)
            return jvp(lambda params: f(params, x2[None])[0], (params,), tangents)[1]

        return vmap(column)(torch.eye(len(y), dtype=y.dtype))

    theta = vmap(vmap(pair, (None, 0)), (0, None))(x, x if x2 is None else x2)
    return torch.einsum("nmoo->nm", theta) / theta.shape[-1] if traced else theta


def prepare(model, operation, variant, data):
    """Return a function without arguments that computes the result."""
    f = globals()[model]
    params, tangents = (
        {name: weight(name, leaf) for name, leaf in data[key].items()}
        for key in ("params", "tangents")
    )
    x, cotangent = to_torch(data["x"]), to_torch(data["cotangent"])
    x2 = None if data["x2"] is None else to_torch(data["x2"])

    def value():
        return f(params, x)

    @sdpa_kernel(SDPBackend.MATH)
    def push():
        return jvp(lambda params: f(params, x), (params,), (tangents,))

    def pull():
        y, pullback = vjp(lambda params: f(params, x), params)
        return y, pullback(cotangent)[0]

    leaves = {name: leaf.clone().requires_grad_() for name, leaf in params.items()}

    def autograd():
        y = f(leaves, x)
        return y, dict(zip(leaves, torch.autograd.grad(y, list(leaves.values()), cotangent)))

    if operation == "value":
        return torch.no_grad()(value)
    if operation == "jvp":
        return torch.no_grad()(push)
    if operation == "vjp":
        return pull if variant == "torch.func" else autograd
    if operation == "jacobian":
        return lambda: jacobian(f)(params, x)
    kernel = kernel_of_jacobians if variant == "jacobians" else kernel_of_vector_products
    return lambda: kernel(f, params, x, x2, operation == "kernel")


def arrays(result, operation):
    """Return the result's leaves in the other libraries' order and layout, as NumPy arrays."""
    if isinstance(result, tuple):
        return [leaf for part in result for leaf in arrays(part, operation)]
    if not isinstance(result, dict):
        return [result.detach().numpy()]
    before = 2 if operation == "jacobian" else 0
    return [_turn_back(name, result[name].detach().numpy(), before) for name in sorted(result)]


def _turn_back(name, array, before):
    lead, rank = tuple(range(before)), array.ndim - before
    if not name.startswith("w_"):
        return array
    axes = (1, 0) if rank == 2 else (2, 3, 1, 0)
    return array.transpose(*lead, *(before + axis for axis in axes))
