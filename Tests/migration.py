"""Run docs/migration.md as it was and as it becomes, and compare: `migration.py jax`.

The blocks of a section that are marked with the library run in one namespace, the others in a
second one; what both assign must be equal. The page's first block comes before either.
"""

import os
import re
import sys
import types
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "migration.md"
SECTIONS = {"neural-tangents": "neural-tangents", "jax": "`jax.jacrev`", "torch": "PyTorch"}
sys.path.insert(0, str(ROOT / "python"))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")


def blocks(library):
    """Yield (line, code, library that it is marked with, whether it is the first) of each block."""
    text = PAGE.read_text(encoding="utf-8")
    section = ""
    fence = re.compile(r"^(?:## (.*)|```python ?(.*)\n((?:.*\n)*?)```)$", re.MULTILINE)
    for match in fence.finditer(text):
        if match[1]:
            section = match[1]
        elif not section or SECTIONS[library] in section:
            line = text.count("\n", 0, match.start()) + 1
            yield line, match[3], match[2], not section


def run(library):
    """Return the namespaces of before and after."""
    before, after = {"__name__": "before"}, {"__name__": "after"}
    exec("import numpy as np, swntk", after)
    for line, code, mark, shared in blocks(library):
        assert not mark or mark == library, f"line {line} is marked {mark!r}"
        for namespace in (before, after) if shared else (before,) if mark else (after,):
            exec(compile("\n" * line + code, str(PAGE), "exec"), namespace)
    return before, after


def numbers(value):
    """Flat arrays of a result, or None where it is none."""
    if isinstance(value, (list, tuple)):
        parts = [numbers(part) for part in value]
        if any(part is None for part in parts):
            return None
        return [array for part in parts for array in part]
    if isinstance(value, (types.ModuleType, dict, str)) or callable(value):
        return None
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return [array] if array.dtype.kind == "f" else None


def main(library):
    if library == "neural-tangents":
        sys.modules["neural_tangents.experimental"] = types.ModuleType("experimental")

    before, after = run(library)
    passed = failed = 0
    for name in sorted(before.keys() & after.keys()):
        expected, actual = numbers(before[name]), numbers(after[name])
        if expected is None or actual is None:
            continue
        same = [a.shape for a in actual] == [e.shape for e in expected] and all(
            np.linalg.norm(a - e) <= 1e-10 * np.linalg.norm(e) for a, e in zip(actual, expected)
        )
        passed, failed = passed + same, failed + (not same)
        if not same:
            print(f"{name} differs")
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 8  # more than the data that both begin with


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1]))
