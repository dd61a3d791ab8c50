"""Run every check of this checkout and count: `make test`, or `make test ONLY="c pytest"`.

A stage is a function that yields commands, or counts of its own. A command's count is taken where
it prints one (XCTest, Swift Testing, pytest, a line `N passed, N failed`); any other is one check.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / ".build" / "release" / "libntk.so"
DEBIAN_PYTHON = "/usr/bin/python3"
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


def stage_lint(scratch):
    swift = ["swift", "format", "lint", "--strict", "--recursive"]
    yield [*swift, "Sources", "Tests", "Package.swift", "examples/swift"]
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet", "--config", "python/pyproject.toml"]
    yield [*ruff, "python", "Tests", "examples", "Benchmarks", ".ci"]


def stage_swift(scratch):
    # Debug, so that the verifier runs after every transform; apart from the release build,
    # whose flags differ.
    yield [
        "swift", "test", "--scratch-path", ".build-tests",
        "--explicit-target-dependency-import-check", "error",
    ]


def stage_exports(scratch):
    """The library exports exactly what the header declares, read here by the preprocessor."""
    header = subprocess.check_output(["cc", "-E", "-P", "include/ntk.h"], text=True)
    declared = set(re.findall(r"\b(ntk_\w+)\s*\(", header))
    table = subprocess.check_output(["nm", "-D", "--defined-only", LIBRARY], text=True)
    exported = {line.split()[-1] for line in table.splitlines()}
    for name in sorted(declared ^ exported):
        print(f"{name}: {'not exported' if name in declared else 'not in ntk.h'}")
    dynamic = subprocess.check_output(["readelf", "-d", LIBRARY], text=True)
    named = "[libntk.so.0]" in dynamic
    if not named:
        print("no SONAME libntk.so.0")
    needed = set(re.findall(r"NEEDED.*\[([\w+-]+)\.so", dynamic))
    others = needed - {"libopenblas", "libc", "libm", "libmvec", "libpthread", "libdl"}
    others = {name for name in others if not name.startswith("ld-linux")}
    if others:
        print("needs more than OpenBLAS and the C library:", *sorted(others))
    passed = len(declared & exported) + named + (not others)
    yield passed, len(declared ^ exported) + (not named) + bool(others), 0


def stage_c(scratch):
    for source in sorted(glob.glob("Tests/c/*.c") + glob.glob("examples/*.c")):
        for compiler in (["cc", "-std=c99"], ["c++", "-x", "c++", "-std=c++11"]):
            program = f"{scratch}/{Path(source).stem}-{compiler[0]}"
            yield [
                *compiler, *WARNINGS, "-Iinclude", source, "-o", program,
                f"-L{LIBRARY.parent}", f"-Wl,-rpath,{LIBRARY.parent}", "-lntk", "-pthread", "-lm",
            ]
            yield [program]


def stage_pytest(scratch):
    yield [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist",
        "worksteal", "Tests/python",
    ]


def stage_neural_tangents(scratch):
    """Every function of neural-tangents that swntk has, against neural-tangents itself."""
    subprocess.run([".ci/setup", "neural-tangents"], check=True)
    python = ".venv-neural-tangents/bin/python"
    yield [python, "Tests/neural_tangents/run.py"]
    yield [python, "Tests/migration.py", "neural-tangents"]


def stage_docs(scratch):
    """The pages and the references; a warning of Sphinx is an error."""
    yield [".ci/docs", f"{scratch}/docs"]


def stage_debian(scratch):
    """The oldest NumPy that is supported, in a Python that has nothing else."""
    yield ["env", "PYTHONPATH=python", DEBIAN_PYTHON, "Tests/python/smoke.py"]
    yield ["env", "PYTHONPATH=python", DEBIAN_PYTHON, "Tests/python/numpy_coverage.py", "--check"]


def stage_examples(scratch):
    """The demo, small; the kernel of one saved network from Python, C and Swift, to 1e-5."""
    yield [
        sys.executable, "examples/digits.py", "--train", "200", "--test", "100", "--epochs", "3",
        "--out", f"{scratch}/digits.png",
    ]
    yield [
        sys.executable, "examples/sine.py", "--steps", "1000", "--out", f"{scratch}/sine.png",
    ]
    yield [
        sys.executable, "examples/poisson.py", "--steps", "40", "--points", "40", "--width", "16",
        "--out", f"{scratch}/poisson.png",
    ]
    yield [
        "cc", "-std=c99", *WARNINGS, "-Iinclude", "examples/kernel.c", "-o", f"{scratch}/kernel",
        f"-L{LIBRARY.parent}", f"-Wl,-rpath,{LIBRARY.parent}", "-lntk",
    ]
    swift = ".build-tests/examples"
    yield ["swift", "build", "--package-path", "examples/swift", "--scratch-path", swift]

    saved = f"{scratch}/network"
    commands = {
        "Python": [sys.executable, "examples/save_network.py", saved],
        "C": [f"{scratch}/kernel", saved],
        "C, examples/network": [f"{scratch}/kernel", "examples/network"],
        "Swift": [f"{swift}/debug/kernel", saved],
    }
    kernels = {}
    for name, command in commands.items():
        printed = subprocess.check_output(command, text=True)
        print(f"{name}\n{printed}", flush=True)
        kernels[name] = [float(number) for number in printed.split()]
    expected = kernels.pop("Python")
    bound = 1e-5 * max(map(abs, expected))
    equal = [
        len(kernel) == len(expected)
        and all(abs(a - b) <= bound for a, b in zip(kernel, expected))
        for kernel in kernels.values()
    ]
    yield equal.count(True), equal.count(False), 0


def stage_install(scratch):
    prefix = f"{scratch}/prefix"
    yield ["make", "--no-print-directory", "-s", "install", f"PREFIX={prefix}"]
    yield [
        "sh", "-ec",
        f"export PKG_CONFIG_PATH={prefix}/lib/pkgconfig; "
        f"cc -std=c99 examples/kernel.c -o {prefix}/kernel $(pkg-config --cflags --libs ntk); "
        f"LD_LIBRARY_PATH={prefix}/lib {prefix}/kernel >/dev/null",
    ]


def stage_pip(scratch):
    """`pip install ./python`, with the newest NumPy that the oldest and newest Python here run."""
    for python in sorted({pythons()[0], pythons()[-1]}):
        venv = f"{scratch}/venv{python[0][1]}"
        yield [python[1], "-m", "venv", venv]
        yield [f"{venv}/bin/python", "-m", "pip", "install", "--quiet", "./python"]
        yield [
            "env", "-u", "PYTHONPATH", f"{venv}/bin/python", "Tests/python/smoke.py",
            "--installed-in", venv,
        ]


def pythons():
    """Return (version, path) of the Pythons from 3.9 on that can make a venv, oldest first."""
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    paths = {sys.executable, *glob.glob(f"{root}/versions/3.*/bin/python3")}
    paths.update(glob.glob("/usr/bin/python3.*[0-9]") + glob.glob("/usr/local/bin/python3.*[0-9]"))
    found = {}
    for path in sorted(paths):
        code = "import ensurepip, sys; print(*sys.version_info[:2])"
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True)
        version = tuple(map(int, asked.stdout.split()))
        if asked.returncode == 0 and version >= (3, 9):
            found[version] = path
    return sorted(found.items())


STAGES = {
    name.removeprefix("stage_"): function
    for name, function in list(globals().items())
    if name.startswith("stage_")
}

COUNTS = [  # pattern of one line -> (passed, failed, skipped)
    (r"^(\d+) passed, (\d+) failed$", lambda m: (int(m[1]), int(m[2]), 0)),
    (
        r"Executed (\d+) tests?, with (?:(\d+) tests? skipped and )?(\d+) failures?",
        lambda m: (int(m[1]) - int(m[2] or 0) - int(m[3]), int(m[3]), int(m[2] or 0)),
    ),
    (r"Test run with (\d+) tests? .*passed after", lambda m: (int(m[1]), 0, 0)),
    (
        r"Test run with (\d+) tests? .*failed after.* with (\d+) issues?",
        lambda m: (int(m[1]) - int(m[2]), int(m[2]), 0),
    ),
    (
        r"^(?=.*\d (?:passed|failed|skipped|error)).* in [\d.]+s",
        lambda m: tuple(
            sum(int(n) for n in re.findall(rf"(\d+) {word}", m[0]))
            for word in ("passed", "(?:failed|errors?)", "skipped")
        ),
    ),
]


def run(command, name):
    """Run a command, showing what it prints after its stage; return (passed, failed, skipped)."""
    counts = {}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    )
    for line in process.stdout:
        print(f"{name}: {line}", end="", flush=True)
        for index, (pattern, count) in enumerate(COUNTS):
            if match := re.search(pattern, line):
                counts[index] = count(match)  # XCTest's last line is the sum of those before it
    status = process.wait()
    passed, failed, skipped = (
        (sum(column) for column in zip(*counts.values())) if counts else (status == 0, 0, 0)
    )
    passed = max(passed, 0)
    if status != 0 and failed == 0:
        failed = 1
        print(f"{name}: exit status {status}: {' '.join(map(str, command))}")
    elif passed + failed == 0:
        failed = 1
        print(f"{name}: ran no test: {' '.join(map(str, command))}")
    return passed, failed, skipped


def run_stage(name, scratch):
    totals = (0, 0, 0)
    steps = STAGES[name](scratch)
    while True:
        try:
            step = next(steps)
            counts = step if isinstance(step, tuple) else run(step, name)
        except StopIteration:
            return totals
        except (OSError, subprocess.CalledProcessError) as error:
            print(error)
            counts = (0, 1, 0)
        totals = tuple(a + b for a, b in zip(totals, counts))


# These build in .build-tests, one after the other; all others run beside them on the second core.
BUILDING = ("swift", "docs", "examples")


def run_stages(names):
    """Run stages in turn; return a row for each."""
    rows = []
    for name in names:
        print(f"==== {name}", flush=True)
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="ntk-test-") as scratch:
            totals = run_stage(name, scratch)
        rows.append((name, *totals, time.monotonic() - start))
    return rows


def main(names):
    unknown = set(names) - set(STAGES)
    if unknown:
        sys.exit(f"no stage {', '.join(sorted(unknown))}; there are {' '.join(STAGES)}")
    os.chdir(ROOT)
    for variable in ("MAKEFLAGS", "MAKELEVEL"):  # stages that run make are makes of their own
        os.environ.pop(variable, None)
    names = names or list(STAGES)
    groups = [[n for n in names if (n in BUILDING) == building] for building in (True, False)]
    with ThreadPoolExecutor(len(groups)) as pool:
        rows = [row for rows in pool.map(run_stages, groups) for row in rows]
    print()
    for name, passed, failed, skipped, seconds in rows:
        print(f"{name:15} {passed:6} passed {failed:4} failed {skipped:4} skipped {seconds:7.1f} s")
    passed, failed, skipped = (sum(column) for column in list(zip(*rows))[1:4])
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main(sys.argv[1:])
