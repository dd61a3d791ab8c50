"""The file that says which tiles of a kernel have been computed."""

from __future__ import annotations

import hashlib
import json
import os
import zlib

import numpy as np

from .._errors import ArgumentError

try:
    import fcntl
except ImportError:  # not on every system
    fcntl = None  # type: ignore[assignment]

_MAGIC = b"swntk-resume 1 "


class Journal:
    """Lines of text, each with a checksum: what is computed, then a line for each tile.

    A record is appended after its tile has been written. A last line without an end was cut off by
    what stopped the process, and is dropped; anything else that does not fit is an error.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    facts : dict or None
        What an earlier run wrote down; None: there was none.
    records : dict of int to str
        For each tile that was computed, the digest of its numbers.

    Raises
    ------
    ArgumentError
        If the file is damaged, is no such file, or is in use; it is left as it is.
    OSError
        If it cannot be opened.
    """

    def __init__(self, path):
        if not isinstance(path, (str, os.PathLike)):
            raise ArgumentError(f"resume must be the path of a file, got {path!r}")
        self.path = os.fspath(path)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock()
            self.facts, self.records, self._length = self._read()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self._file)

    def _lock(self):
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ArgumentError(f"{self.path} is in use by another computation") from None

    def _read(self):
        with open(self._file, "rb", closefd=False) as file:
            data = file.read()
        if not data:
            return None, {}, 0
        if not data.startswith(_MAGIC):
            raise ArgumentError(f"{self.path} is no resume file of swntk; it is left as it is")
        length = data.rfind(b"\n") + 1
        lines = data[:length].split(b"\n")[:-1]
        facts, records = None, {}
        for number, line in enumerate(lines, start=1):
            text, _, checksum = line.rpartition(b" ")
            try:
                if _checksum(text) != checksum:
                    raise ValueError
                if number == 1:
                    facts = json.loads(text[len(_MAGIC) :])
                    continue
                index, digest = text.decode().split(" ")
                records[int(index)] = digest
            except ValueError:
                raise self._damaged(f"line {number}") from None
        if facts is None:
            raise self._damaged("its first line")
        return facts, records, length

    def _damaged(self, where: str) -> ArgumentError:
        return ArgumentError(
            f"the resume file {self.path} is damaged at {where}. It and out are left as they are; "
            "without the file the computation starts again"
        )

    def begin(self, facts: dict, tile_count: int) -> None:
        """Write down what is computed, or compare with what an earlier run wrote.

        Raises
        ------
        ArgumentError
            If that was something else.
        """
        if self.facts is None:
            os.lseek(self._file, 0, os.SEEK_SET)
            self._append(_MAGIC + json.dumps(facts).encode())
            self.facts = facts
            return
        differing = [name for name in facts if self.facts.get(name) != facts[name]]
        if differing:
            raise ArgumentError(
                f"the resume file {self.path} belongs to another computation: "
                f"{', '.join(differing)} differ. It and out are left as they are"
            )
        if any(not 0 <= index < tile_count for index in self.records):
            raise self._damaged("a record of a tile that there is not")
        os.ftruncate(self._file, self._length)
        os.lseek(self._file, self._length, os.SEEK_SET)

    def record(self, index: int, digest: str) -> None:
        """Note that a tile has been written."""
        self._append(f"{index} {digest}".encode())
        self.records[index] = digest

    def _append(self, text: bytes) -> None:
        rest = text + b" " + _checksum(text) + b"\n"
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)


def digest_of(arrays) -> str:
    """A digest of the types and numbers of arrays."""
    hashed = hashlib.blake2b(digest_size=16)
    for array in arrays:
        array = np.asarray(array)
        hashed.update(f"{array.dtype.str}{array.shape}".encode())
        if array.flags.c_contiguous or not array.ndim:
            hashed.update(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)
        else:
            for part in array:
                hashed.update(np.ascontiguousarray(part).view(np.uint8).reshape(-1).data)
    return hashed.hexdigest()
