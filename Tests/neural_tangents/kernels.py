"""Kernels, vector products, expansions, batches and draws."""

import numpy as np
from both import OURS, case


def network(library):
    """Two layers; the input may be an array or a tree, the output is `[n, positions, 3]`."""
    xp = library.np

    def f(params, x, **kwargs):
        h = xp.tanh(xp.einsum("npi,ij->npj", x, params["w"]) + params["b"][0])
        return xp.einsum("npj,jk->npk", h, params["v"])

    return f


def parameters(data):
    return {"w": data(4, 6, scale=0.5), "b": (data(6),), "v": data(6, 3, scale=0.4)}


AXES = [
    ((-1,), ()),
    ((), ()),
    ((), (-1,)),
    ((1,), (2,)),
    ((-1, 1), ()),
    ((), (0,)),
    ((0,), (1,)),
    ((2,), (0, 1)),
    ((-1,), (1,)),
]


@case(*[(axes, get, alone) for axes in AXES for get in ("ntk", "nngp") for alone in (0, 1)])
def kernel(library, data, axes, get, alone):
    params, x1, x2 = parameters(data), data(3, 2, 4), data(3, 2, 4)
    kernel_fn = library.kernels.empirical_kernel_fn(network(library), *axes)
    return kernel_fn(x1, None if alone else x2, get, params)


@case(*[(get,) for get in (None, "NNGP", ("ntk",), ("ntk", "nngp"), ("nngp", "ntk"))])
def get(library, data, get):
    params, x1, x2 = parameters(data), data(3, 2, 4), data(5, 2, 4)
    return library.kernels.empirical_kernel_fn(network(library))(x1, x2, get, params)


@case(((), ()), ((-1,), ()), ((), (2,)))
def other_positions(library, data, *axes):
    """Inputs whose axes other than the batch's differ in size, too."""
    params, x1, x2 = parameters(data), data(3, 2, 4), data(2, 5, 4)
    fn = library.kernels
    f = network(library)
    return (
        fn.empirical_ntk_fn(f, *axes)(x1, x2, params),
        fn.empirical_nngp_fn(f, *axes)(x1, x2, params),
    )


# Theirs by structured derivatives, 3, fails under the newest JAX that it has.
@case(*[(i, v) for i in range(3) for v in (None, 0)], dtypes=(np.float64,))
def implementations(library, data, implementation, vmap_axes):
    params, x1, x2 = parameters(data), data(3, 2, 4), data(4, 2, 4)
    f = network(library)
    ntk_fn = library.kernels.empirical_ntk_fn(f, (), (), vmap_axes, implementation)
    return ntk_fn(x1, x2, params)


def on_trees(library):
    xp = library.np

    def f(params, x):
        u, (v,) = x["u"], x["v"]
        h = xp.tanh(u @ params[0]) * v
        return {"first": h @ params[1], "rest": [xp.sum(h, axis=1), h * params[2]]}

    return f


@case(((), ()), ((-1,), ()), ((), (0,)))
def trees(library, data, *axes):
    """Inputs and outputs that are trees; outputs of different ranks."""
    params = [data(3, 4), data(4, 2), data(4)]
    x1, x2 = ({"u": data(3, 3), "v": (data(3, 1),)} for _ in range(2))
    f = on_trees(library)
    return [
        make(f, *axes)(x1, x2, params)
        for make in (library.kernels.empirical_ntk_fn, library.kernels.empirical_nngp_fn)
    ]


@case((None,), ((1, -1),))
def batch_axis_last(library, data, vmap_axes):
    """Samples along the input's axis 1 and the output's last."""
    xp = library.np
    params, x1, x2 = (data(3, 4), data(2, 3)), data(4, 3), data(4, 5)
    fn = library.kernels.empirical_ntk_fn(
        lambda p, x: p[1] @ xp.tanh(p[0] @ x),
        (0,),
        vmap_axes=None if vmap_axes is None else (*vmap_axes, {}),
    )
    return fn(x1, x2, params), fn(x1, None, params)


@case(((),), ({},), ({"unused": (), "w": None},), dtypes=(np.float64,))
def no_parameters(library, data, params):
    x1, x2 = data(3, 2), data(2, 2)
    fn = library.kernels
    f = lambda p, x: x * 2  # noqa: E731
    return (
        fn.empirical_nngp_fn(f)(x1, x2, params),
        fn.empirical_ntk_vp_fn(f, x1, x2, params)(x2),
        fn.linearize(f, params)(params, x1),
        fn.taylor_expand(f, params, 2)(params, x1),
    )


@case((0,), (1,), ("pair",), dtypes=(np.float64,))
def randomness(library, data, kind):
    """One key for two sides, for one; a key each."""
    params, x1, x2 = parameters(data), data(3, 2, 4), data(4, 2, 4)
    f, xp, random = network(library), library.np, library.random

    def dropout(params, x, rng, rate=0.5, shift=0.0):
        keep = random.bernoulli(rng, 1 - rate, x.shape)
        return f(params, xp.where(keep, x / (1 - rate), shift))

    key = random.PRNGKey(3)
    rng = tuple(random.split(key)) if kind == "pair" else key
    x2 = {0: x2, 1: None, "pair": x2}[kind]
    fn = library.kernels
    out = f(params, x1 if x2 is None else x2)
    # A pair is one each; theirs folds equal keys and takes the first twice for equal inputs.
    again = key if kind == "pair" else rng
    return (
        fn.empirical_kernel_fn(dropout, ())(x1, x2, None, params, rng=rng, shift=(0.5, 0.25)),
        fn.empirical_ntk_vp_fn(dropout, x1, x2, params, rng=rng)(out),
        fn.empirical_ntk_fn(dropout)(x1, np.array(x1), params, rng=again),
    )


@case((None,), (1,))
def vector_products(library, data, sides):
    params, x1, x2 = parameters(data), data(3, 2, 4), data(4, 3, 4)
    f = network(library)
    vp = library.kernels.empirical_ntk_vp_fn(f, x1, x2 if sides else None, params)
    v = data(*(4, 3, 3) if sides else (3, 2, 3))
    return vp(v), vp(2 * v)


@case()
def vector_products_of_trees(library, data):
    params = [data(3, 4), data(4, 2), data(4)]
    x1, x2 = ({"u": data(n, 3), "v": (data(n, 1),)} for n in (3, 2))
    vp = library.kernels.empirical_ntk_vp_fn(on_trees(library), x1, x2, params)
    return vp({"first": data(2, 2), "rest": [data(2), data(2, 4)]})


@case(*[(degree,) for degree in (None, 0, 1, 2, 3, 5)])
def expansions(library, data, degree):
    params = [data(3, 4), data(4, 2), data(4)]
    moved = [p + data(*p.shape, scale=0.1) for p in params]
    x = {"u": data(3, 3), "v": (data(3, 1),)}
    f = on_trees(library)
    fn = library.kernels
    expand = fn.linearize(f, params) if degree is None else fn.taylor_expand(f, params, degree)
    return expand(moved, x)


def drawn(library, dtype):
    """init_fn and apply_fn of a network with dropout."""
    xp, random = library.np, library.random

    def init_fn(key, shape):
        k1, k2 = random.split(key)
        params = random.normal(k1, (shape[-1], 8), dtype), random.normal(k2, (8, 3), dtype)
        return (*shape[:-1], 3), params

    def apply_fn(params, x, rng=None, **kwargs):
        h = xp.tanh(x @ params[0])
        keep = random.bernoulli(rng, 0.75, h.shape[1:])
        return xp.where(keep, h, 0) @ params[1]

    return init_fn, apply_fn


@case(
    (3, "ntk", 1, 0),
    (2, ("ntk", "nngp"), 0, 0),
    ([1, 4, 2, 2], "nngp", 1, 0),
    ({3, 1}, ("nngp",), 1, 0),
    (2, "ntk", 1, 2),
    (2, None, 0, 3),
)
def monte_carlo(library, data, n_samples, get, two, batch_size):
    x1, x2 = data(6, 4), data(6, 4)
    init_fn, apply_fn = drawn(library, data.dtype)
    key = library.random.PRNGKey(7)
    # Theirs folds keys for the tiles off the diagonal of one x: ours is to equal the whole.
    batch_size = batch_size if library is OURS else 0
    kernel_fn = library.kernels.monte_carlo_kernel_fn(
        init_fn, apply_fn, key, n_samples, batch_size, device_count=0, trace_axes=()
    )
    found = kernel_fn(x1, x2 if two else None, get)
    return list(found) if not isinstance(n_samples, int) else found


@case((0,), (1,), (3,), (4,), (9,))
def batches(library, data, size):
    params, x1, x2 = parameters(data), data(6, 2, 4), data(6, 2, 4)
    fn = library.kernels
    f = network(library)
    # Ragged ones against the whole: theirs must divide the samples.
    size = size if library is OURS or size == 3 else 0
    kernel_fn = fn.batch(fn.empirical_kernel_fn(f, ()), size, device_count=0)
    ntk_fn = fn.batch(fn.empirical_ntk_fn(f, (-1,), (-2,)), size, device_count=0)
    return (
        kernel_fn(x1, x2, ("ntk", "nngp"), params),
        kernel_fn(x1, None, "ntk", params),
        ntk_fn(x1, x2, params),
    )
