"""swntk.lax.fft and numpy.fft: NumPy is the oracle of values, JAX of derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from checkers import assert_close

LENGTHS = [1, 2, 3, 4, 5, 7, 8, 12, 16, 30, 31, 37, 64, 97, 100, 121, 1001, 1024, 2003]


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("dtype, tolerance", [("f8", 1e-14), ("f4", 1e-6)])
def test_lengths(dtype, tolerance):
    for n in LENGTHS:
        re, im = normal(n, 3, n).astype(dtype), normal(n + 1, 3, n).astype(dtype)
        z = re.astype("f8") + 1j * im
        for kind, f in [("FFT", np.fft.fft), ("IFFT", np.fft.ifft)]:
            expected = f(z)
            a, b = swntk.lax.fft((re, im), kind, n)
            assert_close(a, expected.real.astype(dtype), tolerance * 4)
            assert_close(b, expected.imag.astype(dtype), tolerance * 4)
        half = np.fft.rfft(re.astype("f8"))
        a, b = swntk.lax.fft(re, "RFFT", n)
        assert_close(a, half.real.astype(dtype), tolerance * 4)
        np.testing.assert_allclose(b, half.imag, rtol=0, atol=4 * tolerance * np.linalg.norm(half))
        assert_close(swntk.lax.fft((a, b), "IRFFT", n), re, tolerance * 4)


def test_several_axes():
    x = normal(0, 2, 4, 5, 6)
    a, b = swntk.lax.fft(x, "RFFT", (4, 5, 6))
    expected = np.fft.rfftn(x, axes=(1, 2, 3))
    np.testing.assert_allclose(a + 1j * b, expected, rtol=0, atol=1e-12)
    assert_close(swntk.lax.fft((a, b), "irfft", (4, 5, 6)), x, 1e-13)
    a, b = swntk.lax.fft((x, x[::-1]), "IFFT", (5, 6))
    expected = np.fft.ifftn(x + 1j * x[::-1], axes=(2, 3))
    np.testing.assert_allclose(a + 1j * b, expected, rtol=0, atol=1e-13)


def test_without_elements():
    a, b = swntk.lax.fft(np.zeros((2, 0)), "RFFT", 0)
    assert a.shape == b.shape == (2, 0)
    a, b = swntk.lax.fft(np.zeros((0, 4)), "RFFT", 4)
    assert a.shape == (0, 3)
    assert swntk.lax.fft(np.zeros((2, 0)), "IRFFT", 0).shape == (2, 0)


def filtered(fft, inverse, n):
    def f(x, w):
        re, im = fft(x)
        power = re * re + im * im
        return (inverse(re * w, im * w * w, n) ** 3).sum() + (power * w).sum()

    return f


@pytest.mark.parametrize("n", [6, 7])
def test_derivatives(n):
    x, w = normal(1, 2, n), normal(2, n // 2 + 1)
    ours = filtered(
        lambda x: swntk.lax.fft(x, "RFFT", n),
        lambda re, im, n: swntk.lax.fft((re, im), "IRFFT", n),
        n,
    )

    def split(x):
        z = jnp.fft.rfft(x)
        return z.real, z.imag

    theirs = filtered(split, lambda re, im, n: jnp.fft.irfft(re + 1j * im, n), n)
    for argument in (0, 1):
        expected = jax.jit(jax.hessian(theirs, argument))(x, w)
        assert_close(swntk.hessian(ours, argument)(x, w), np.asarray(expected))
        expected = jax.jit(jax.grad(theirs, argument))(x, w)
        assert_close(swntk.jit(swntk.grad(ours, argument))(x, w), np.asarray(expected))


def test_numpy_functions_with_real_results():
    x = normal(3, 4, 5)
    calls = [
        lambda x: np.fft.irfft(x),
        lambda x: np.fft.irfft(x, 7, axis=0),
        lambda x: np.fft.irfft(x, 20, norm="ortho"),
        lambda x: np.fft.irfft(x, norm="forward"),
        lambda x: np.fft.hfft(x),
        lambda x: np.fft.hfft(x, 9, norm="ortho"),
        lambda x: np.fft.irfft2(x),
        lambda x: np.fft.irfftn(x, (3, 6), axes=(1, 0)),
        lambda x: np.fft.fftshift(x),
        lambda x: np.fft.ifftshift(x, axes=1),
    ]
    for f in calls:
        np.testing.assert_allclose(swntk.jit(f)(x), f(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "rfft2", "rfftn", "fftn", "ihfft"])
def test_complex_results_show_the_form_with_pairs(name):
    with pytest.raises(swntk.UnsupportedError, match=r"re, im = swntk\.lax\.fft"):
        swntk.trace(lambda x: getattr(np.fft, name)(x), normal(0, 4, 4))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: swntk.lax.fft(x, "DCT", 4),
        lambda x: swntk.lax.fft((x, x), "RFFT", 4),
        lambda x: swntk.lax.fft((x, x, x), "FFT", 4),
        lambda x: swntk.lax.fft((x, x[:2]), "FFT", 4),
        lambda x: swntk.lax.fft(x, "RFFT", 5),
        lambda x: swntk.lax.fft(x, "RFFT", -1),
        lambda x: swntk.lax.fft(x, "RFFT", ()),
        lambda x: swntk.lax.fft(x, "RFFT", (4, 4, 4)),
        lambda x: swntk.lax.fft(x, "IRFFT", 4),
        lambda x: swntk.lax.fft(x, "RFFT", 2**62),
        lambda x: swntk.jit(lambda x: np.fft.irfft(x, 0))(x),
        lambda x: swntk.jit(lambda x: np.fft.irfft(x, norm="other"))(x),
        lambda x: swntk.jit(lambda x: np.fft.irfft(x, axis=2))(x),
    ],
)
def test_errors(call):
    with pytest.raises((swntk.ArgumentError, swntk.ShapeError)):
        call(normal(0, 4, 4))
