"""Which stream of random bits this thread draws from: what `swntk.random.partitionable` sets."""

from __future__ import annotations

import threading


class _Stream(threading.local):
    partitionable = False


stream = _Stream()
