"""The examples in the docstrings of swntk run as printed."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
import swntk

MODULES = sorted(
    {"swntk", *(module.name for module in pkgutil.walk_packages(swntk.__path__, "swntk."))}
)
PUBLIC = [name for name in dir(swntk) if not name.startswith("_")]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    module = importlib.import_module(name)
    with np.printoptions(legacy=False):
        result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    thing = getattr(swntk, name)
    if callable(thing):
        assert thing.__doc__ and thing.__doc__.strip()


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(
        len(test.examples)
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
    )
    assert examples > 50
