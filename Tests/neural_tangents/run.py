"""Compare swntk with neural-tangents itself: `make test-neural-tangents`."""

import sys

import kernels  # noqa: F401
import predictions  # noqa: F401
from both import run

sys.exit(not run())
