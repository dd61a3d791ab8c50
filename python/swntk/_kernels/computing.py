"""Computing a kernel tile by tile, with a file that lets it be taken up again."""

from __future__ import annotations

from contextlib import ExitStack

from .. import _options
from .._errors import ArgumentError
from .._running import Bar, bar
from .._version import __version__
from .journal import Journal, digest_of

_PARTS = 1_000_000


def compute_tiles(plan, targets, resume) -> None:
    """Compute the tiles of a plan into `Targets`; those that a resume file notes, if there still.

    Raises
    ------
    ArgumentError
        If the file does not fit; nothing has been written then.
    """
    limit = plan._limit()
    chunks = targets.chunks()
    with ExitStack() as stack:
        journal = None
        if resume is not None:
            journal = stack.enter_context(Journal(resume))
            limit = _kept_limit(plan, journal, limit)
        tiles = plan._tiles(limit, chunks)
        done: set = set()
        if journal is not None:
            facts = {**_facts(plan), "memory limit": limit, "tiles": _tiling(tiles)}
            journal.begin(facts, len(tiles))
            # What out does not hold is computed again, whatever the file says.
            done = {i for i, d in journal.records.items() if targets.holds(tiles[i], d)}
        progress = stack.enter_context(Share(plan._options.progress, plan, tiles, done))
        for i, tile in enumerate(tiles):
            if i in done:
                continue
            blocks = plan._block(tile, limit, progress.of(tile))
            digest = targets.write(tile, blocks)
            if journal is not None:
                journal.record(i, digest)


def _kept_limit(plan, journal, limit):
    """The limit of the earlier run, on which tiles and last bits depend, unless one is given."""
    if journal.facts is None or plan._given_limit() is not None:
        return limit
    kept = journal.facts.get("memory limit")
    if kept is not None and (type(kept) is not int or kept <= 0):
        raise ArgumentError(f"the resume file {journal.path} is damaged: memory limit {kept!r}")
    return kept


def _facts(plan) -> dict:
    """What a kernel's numbers depend on.

    Raises
    ------
    ArgumentError
        If they depend on a Python callback, which may be another one next time.
    """
    programs = [plan._left] if plan._right is None else [plan._left, plan._right]
    for program in programs:
        program.portable_text("resumed")
    digests = ["".join(f"{word:016x}" for word in program.digest) for program in programs]
    return {
        "version": __version__,
        "program": [*digests, repr(plan._options.key)],
        "arrays": digest_of(plan.inputs),
    }


def _tiling(tiles) -> list:
    last = tiles[-1] if tiles else None
    return [len(tiles), *(repr(tile) for tile in (tiles[:2] + [last]))]


class Share:
    """One progress over many runs.

    Parameters
    ----------
    progress : None, True or callable
        Of the kernel; None: that of `swntk.options`.
    done : set of int
        The tiles that are there already.
    """

    def __init__(self, progress, plan, tiles, done):
        progress = progress if progress is not None else _options.current.progress
        self._report = bar() if progress is True else progress
        self._total = sum(map(_work, tiles)) or 1
        self._done = sum(_work(tiles[i]) for i in done)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if isinstance(self._report, Bar):
            self._report.close()

    def of(self, tile):
        """The progress of the run of the next tile."""
        if self._report is None:
            return None
        start, work, report, total = self._done, _work(tile), self._report, self._total
        self._done += work

        def called(done, parts):
            share = (start + work * (done / parts if parts else 1)) / total
            report(round(min(share, 1) * _PARTS), _PARTS)

        return called


def _work(tile) -> int:
    return 1 if tile.rows is None else len(tile.rows) * len(tile.columns)
