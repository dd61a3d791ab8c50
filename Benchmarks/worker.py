"""One library in a process of its own, for run.py: `worker.py MODULE THREADS MEMORY`.

Says its versions and variants, then reads a request a line from its input and answers each with a
line, all JSON:

    {"do": "prepare", "key", "data", "model", "operation", "variant"}
        -> {"first", "second", "peak", "result"}: seconds of two calls; bytes that the peak of the
        second stands above what the process held before the first; a file with the result
    {"do": "time", "key", "seconds"} -> {"times"}
    {"do": "forget"} -> {}

An exception is the answer {"error"}. The library's own printing goes to stderr.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import sys
import tempfile
import time

import numpy as np
from workloads import OPERATIONS


def memory(field):
    """Return a field of the process's memory, in bytes; None where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            (line,) = [line for line in status if line.startswith(field)]
    except (OSError, ValueError):
        return None
    return int(line.split()[1]) * 1024


def give_back():
    """Return what is freed to the system, and begin a new peak."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except (OSError, AttributeError):
        return


def read_data(path):
    with np.load(path) as file:
        data = {"params": {}, "tangents": {}, "x2": None}
        for name in file.files:
            part, _, leaf = name.partition("/")
            if leaf:
                data[part][leaf] = file[name]
            else:
                data[part] = file[name]
    return data


class Worker:
    def __init__(self, module):
        self.module = importlib.import_module(module)
        self.functions = {}

    def prepare(self, key, data, model, operation, variant):
        function = self.module.prepare(model, operation, variant, read_data(data))
        give_back()
        before = memory("VmRSS")
        start = time.perf_counter()
        result = function()
        first = time.perf_counter() - start
        arrays = self.module.arrays(result, operation)
        path = tempfile.mkstemp(suffix=".npz", dir=os.path.dirname(data))[1]
        np.savez(path, *arrays)
        del result, arrays
        give_back()
        start = time.perf_counter()
        function()
        second = time.perf_counter() - start
        peak = memory("VmHWM")
        self.functions[key] = function
        return {
            "first": first,
            "second": second,
            "peak": None if peak is None else max(peak - before, 0),
            "result": path,
        }

    def time(self, key, seconds):
        """Call for so long, at least once."""
        function, clock = self.functions[key], time.perf_counter
        times, end = [], clock() + seconds
        while not times or clock() < end:
            start = clock()
            function()
            times.append(clock() - start)
        return {"times": times}

    def forget(self):
        """Drop the row's functions and their data."""
        self.functions.clear()
        return {}


def main(module, threads, limit):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    worker = Worker(module)
    worker.module.set_threads(int(threads))
    operations = {o: worker.module.variants(o) for o in OPERATIONS}
    hello = {"versions": worker.module.versions(), "variants": operations}
    print(json.dumps(hello), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except MemoryError:
            answer = {"error": "out of memory"}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        gc.collect()
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
