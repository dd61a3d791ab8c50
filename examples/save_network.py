"""Save a network's program and arrays for examples that have no Python: kernel.c and swift/.

    PYTHONPATH=python python examples/save_network.py out/network

writes `out/network.ntk`, the text of the traced network, and `out/network.bin`, the arrays of its
inputs one after another, row-major, as they lie in memory; the text says their shapes. The files
beside this script came from it so. It prints the network's tangent kernel, as the examples do.
"""

import argparse
from pathlib import Path

import numpy as np
import swntk


def network(params, x):
    """Map images [n, height, width, 2] to outputs [n, 3]."""
    layout = ("NHWC", "HWIO", "NHWC")
    h = swntk.lax.conv_general_dilated(x, params["w1"], (1, 1), "SAME", dimension_numbers=layout)
    h = np.tanh(h + params["b1"])
    return np.mean(h, axis=(1, 2)) @ params["w2"] + params["b2"]


def main():
    parser = argparse.ArgumentParser(description="Save a network for the examples in C and Swift.")
    parser.add_argument("out", type=Path, help="the files' path, without .ntk and .bin")
    out = parser.parse_args().out

    rng = np.random.default_rng(0)
    shapes = {"w1": (3, 3, 2, 4), "b1": (4,), "w2": (4, 3), "b2": (3,)}
    params = {name: rng.standard_normal(shape) / 2 for name, shape in shapes.items()}
    x = rng.standard_normal((4, 5, 5, 2))

    out.parent.mkdir(parents=True, exist_ok=True)
    text = str(swntk.trace(network, params, x))
    text = text.replace(network.__code__.co_filename, "save_network.py")  # wherever it stands
    Path(f"{out}.ntk").write_text(text, encoding="utf-8")
    with open(f"{out}.bin", "wb") as file:
        for array in swntk.tree.leaves((params, x)):  # in the order of the program's inputs
            file.write(array.tobytes())

    theta = swntk.empirical_ntk_fn(network)(x, None, params)
    for row in theta:
        print("".join(f"{value:14.8f}" for value in row))


if __name__ == "__main__":
    main()
