"""Functions as people write them, for plain NumPy; each file a field, each ends in ENTRIES.

An entry is (function, arguments): it must trace unchanged. Arguments that are not floating have no
derivative.
"""

import dataclasses
from typing import Callable


@dataclasses.dataclass
class Entry:
    function: Callable
    arguments: tuple

    @property
    def name(self):
        return self.function.__name__
