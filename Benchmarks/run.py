"""Time swntk beside JAX, PyTorch and neural-tangents: `make bench`.

Each library runs in a process of its own (`worker.py`), on the same data, with the same number of
threads. For a row of the table every variant of every library makes its first call, the results
are compared with JAX's, and then the variants are timed in turn, again and again: A B C A B C ...
The time of a variant is the least of all its calls.

Prints a line for each row as it is done and the tables at the end, writes `out/benchmarks.json`,
and with `--write-docs` puts the tables into `docs/performance.md`. Exits with 1 if results differ.
"""

import argparse
import datetime
import json
import os
import platform
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from report import line, summary, tables, write_docs
from workloads import WORKLOADS, Row, make_data

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIBRARIES = {  # module: (name, environment)
    "in_numpy": ("swntk", ".venv"),
    "in_jax": ("JAX", ".venv"),
    "in_torch": ("PyTorch", ".venv-torch"),
    "in_neural_tangents": ("neural-tangents", ".venv-neural-tangents"),
}
REFERENCE = "in_jax"
TOLERANCE = 1e-4
WRONG = "wrong result"
BRIEF = 1e-3  # seconds; what JAX does faster jitted is timed unjitted too
SLOW = 2  # seconds; what takes longer is not called a third time
BLOCK = 0.05  # seconds of one library's turn
REST = 0.02  # seconds before a turn, in which another library's threads go to sleep
COLD = (
    ("mlp, narrow", Row("value", 128)),
    ("mlp, narrow", Row("kernel", 128)),
    ("transformer", Row("kernel", 16)),
)


class LibraryError(Exception):
    """A library raised, or its process ended, or took too long."""


class Worker:
    """A process that serves requests for one library."""

    def __init__(self, module, options):
        self.timeout = options.timeout
        self.errors = tempfile.TemporaryFile()
        threads = str(options.threads)
        environment = {
            **os.environ,
            "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT / "python")),
            "PYTHONWARNINGS": "ignore",
            "JAX_PLATFORMS": "cpu",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
        }
        python = ROOT / LIBRARIES[module][1] / "bin" / "python"
        self.process = subprocess.Popen(
            [python, HERE / "worker.py", module, threads, str(options.memory << 20)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
        )
        hello = self._read()
        self.versions, self.variants = hello["versions"], hello["variants"]

    def ask(self, do, **request):
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise LibraryError(self._death()) from None
        answer = self._read()
        if "error" in answer:
            raise LibraryError(" ".join(answer["error"].split()))
        return answer

    def _read(self):
        if not select.select([self.process.stdout], [], [], self.timeout)[0]:
            self.stop()
            raise LibraryError(f"more than {self.timeout} s")
        answer = self.process.stdout.readline()
        if not answer:
            raise LibraryError(self._death())
        return json.loads(answer)

    def _death(self):
        status = self.process.wait()
        self.errors.seek(0)
        printed = self.errors.read().decode(errors="replace").split("\n")
        last = [text.strip() for text in printed if text.strip()][-1:]
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return ": ".join([f"the process ended with {how}", *last])

    def stop(self):
        self.process.kill()
        self.process.wait()


class Workers:
    """The libraries' processes: started when asked for, and again after one died."""

    def __init__(self, options):
        self.options = options
        self.running = {}

    def __getitem__(self, module):
        worker = self.running.get(module)
        if worker is None or worker.process.poll() is not None:
            try:
                worker = self.running[module] = Worker(module, self.options)
            except LibraryError as error:
                sys.exit(f"{LIBRARIES[module][0]} does not start: {error}")
        return worker

    def stop(self):
        for worker in self.running.values():
            worker.stop()
        self.running.clear()


class Entry:
    """One variant of one library in one row."""

    def __init__(self, module, variant, workers, request):
        self.module, self.variant, self.workers = module, variant, workers
        self.request = {**request, "key": variant, "variant": variant}
        self.times = []
        self.first = self.peak = self.result = self.difference = self.error = self.worker = None

    def _ask(self, do, **request):
        try:
            self.worker = self.workers[self.module]
            return self.worker.ask(do, **request)
        except LibraryError as error:
            self.error = str(error)

    def prepare(self):
        answer = self._ask("prepare", **self.request)
        if answer is None:
            return
        with np.load(answer["result"]) as file:
            self.result = [file[name] for name in file.files]
        os.unlink(answer["result"])
        self.first, self.peak = answer["first"], answer["peak"]
        self.times.append(answer["second"])

    def time(self, seconds):
        # Another variant may have ended the process.
        if self.workers[self.module] is not self.worker:
            self._ask("prepare", **self.request)
        if self.error is None:
            answer = self._ask("time", key=self.variant, seconds=seconds)
            self.times += answer["times"] if answer else []

    def compare(self, reference):
        """Compare the result with another, relative to that one's norm, leaf by leaf."""
        shapes = [[array.shape for array in result] for result in (self.result, reference)]
        if shapes[0] != shapes[1]:
            self.error = f"{WRONG}: shapes {shapes[0]}, not {shapes[1]}"
            return
        self.difference = max(
            float(np.linalg.norm((a - b).ravel()) / max(np.linalg.norm(b.ravel()), 1e-30))
            for a, b in zip(self.result, reference)
        )
        if not self.difference < TOLERANCE:
            self.error = f"{WRONG}: relative difference {self.difference:.1e}"

    def record(self):
        times = self.times if self.error is None else []
        return {
            "library": LIBRARIES[self.module][0],
            "variant": self.variant,
            "best": min(times, default=None),
            "median": float(np.median(times)) if times else None,
            "calls": len(times),
            "first": self.first,
            "peak": self.peak,
            "difference": self.difference,
            "error": self.error,
        }


def save(workload, row, folder, options):
    """Write the row's data; return what a worker must know."""
    data = make_data(workload, row, tiny=options.tiny)
    flat = {name: array for name, array in data.items() if isinstance(array, np.ndarray)}
    for part in ("params", "tangents"):
        flat.update({f"{part}/{name}": array for name, array in data[part].items()})
    path = str(Path(folder) / "data.npz")
    np.savez(path, **flat)
    return {"data": path, "model": workload.model, "operation": row.operation}


def run_row(workload, row, workers, options):
    entries = []
    with tempfile.TemporaryDirectory(prefix="ntk-bench-") as folder:
        request = save(workload, row, folder, options)
        for module in options.libraries:
            for variant in workers[module].variants[row.operation]:
                entry = Entry(module, variant, workers, request)
                if variant == "unjitted":
                    jitted = entries[-1]
                    if jitted.error or not min(jitted.times) < BRIEF:
                        continue
                entries.append(entry)
                entry.prepare()
        results = sorted(entries, key=lambda entry: entry.module != REFERENCE)
        reference = next((entry.result for entry in results if entry.result is not None), None)
        for entry in entries:
            if entry.result is not None:
                entry.compare(reference)
                entry.result = None
        for turn in range(options.turns):
            for entry in entries:
                # What takes seconds: one turn beside the call that memory was measured by.
                enough = options.seconds if turn else SLOW
                if entry.error is None and sum(entry.times) < enough:
                    time.sleep(REST)
                    entry.time(BLOCK)
    for worker in workers.running.values():
        if worker.process.poll() is None:
            worker.ask("forget")
    return [entry.record() for entry in entries]


def cold_start(module, row, request, options):
    """Time from the start of a process to its first result; None where there is none."""
    start = time.perf_counter()
    try:
        worker = Worker(module, options)
    except LibraryError:
        return None
    try:
        for variant in worker.variants[row.operation][:1]:
            answer = worker.ask("prepare", key=variant, variant=variant, **request)
            return time.perf_counter() - start - answer["second"]
    except LibraryError:
        return None
    finally:
        worker.stop()


def cold_starts(options):
    """Measure whole processes: imports, tracing, compiling."""
    found = []
    for name, row in COLD:
        workload = next(workload for workload in WORKLOADS if workload.name == name)
        with tempfile.TemporaryDirectory(prefix="ntk-bench-") as folder:
            request = save(workload, row, folder, options)
            times = {}
            for _ in range(2):
                for module in options.libraries:
                    seconds = cold_start(module, row, request, options)
                    if seconds is not None:
                        times[module] = min(seconds, times.get(module, seconds))
        times = {LIBRARIES[module][0]: seconds for module, seconds in times.items()}
        found.append({"workload": name, "operation": row.operation, "n": row.n, "seconds": times})
    return found


def processor():
    try:
        for text in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if text.startswith("model name"):
                return text.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def parse(arguments):
    parser = argparse.ArgumentParser(description="Time swntk beside other libraries.")
    parser.add_argument("--only", action="append", metavar="WORDS", help="rows with all the words")
    parser.add_argument("--libraries", help="names, with commas between; all if not given")
    parser.add_argument("--quick", action="store_true", help="fewer calls")
    parser.add_argument("--tiny", action="store_true", help="the sizes of the tests")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--memory", type=int, default=12 << 10, help="MiB, of each process")
    parser.add_argument("--timeout", type=int, default=30, help="seconds, of one request")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args(arguments)
    options.turns, options.seconds = (3, 0.15) if options.quick else (15, 0.8)
    names = options.libraries.split(",") if options.libraries else None
    options.libraries = [m for m, (name, _) in LIBRARIES.items() if not names or name in names]
    if options.write_docs and (options.only or options.quick or options.tiny or names):
        parser.error("--write-docs takes all rows, whole")
    return options


def network(workload, options):
    """Describe a workload's network."""
    sizes = workload.tiny if options.tiny else workload.sizes
    params = make_data(workload, Row("value", 1), tiny=options.tiny)["params"]
    return {
        "name": workload.name,
        "sizes": ", ".join(f"{name} {size}" for name, size in sizes.items()),
        "parameters": sum(leaf.size for leaf in params.values()),
    }


def wanted(workload, row, options):
    text = f"{workload.name} {row.operation} {row.samples}"
    return not options.only or any(
        all(word in text for word in words.split()) for words in options.only
    )


def store(report, started):
    report["minutes"] = (time.monotonic() - started) / 60
    (ROOT / "out").mkdir(exist_ok=True)
    path = ROOT / "out" / "benchmarks.json"
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def main(arguments):
    options = parse(arguments)
    started = time.monotonic()
    report = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "threads": options.threads,
        "turns": options.turns,
        "seconds": options.seconds,
        "networks": [],
        "versions": {},
        "rows": [],
        "cold": [],
    }
    workers = Workers(options)
    try:
        for workload in WORKLOADS:
            rows = [row for row in workload.rows if wanted(workload, row, options)]
            if rows:
                report["networks"].append(network(workload, options))
            for row in rows:
                entries = run_row(workload, row, workers, options)
                for module, worker in workers.running.items():
                    report["versions"][LIBRARIES[module][0]] = worker.versions
                record = {
                    "workload": workload.name,
                    "operation": row.operation,
                    "samples": row.samples,
                    "entries": entries,
                }
                report["rows"].append(record)
                print(line(record), flush=True)
                store(report, started)
            # Memory that one network left behind does not count for the next.
            workers.stop()
    finally:
        workers.stop()
    report["cold"] = [] if options.only else cold_starts(options)
    store(report, started)
    text = tables(report)
    print(f"\n{text}")
    if options.write_docs:
        write_docs(ROOT / "docs" / "performance.md", text)
        write_docs(ROOT / "README.md", summary(report))
    # A wrong result of another library is a footnote of its table.
    wrong = [
        e
        for row in report["rows"]
        for e in row["entries"]
        if e["library"] == "swntk" and (e["error"] or "").startswith(WRONG)
    ]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
