"""What the tests share: the checkout's swntk, JAX in double precision, one notion of closeness."""

import os
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

try:
    import jax
except ImportError:
    # smoke.py is what runs without JAX.
    collect_ignore_glob = [
        path.name for path in Path(__file__).parent.glob("test_*.py") if "jax" in path.read_text()
    ]
else:
    jax.config.update("jax_enable_x64", True)
    # Compiling the oracles is most of what the tests take: once for a checkout.
    jax.config.update("jax_disable_most_optimizations", True)
    jax.config.update("jax_compilation_cache_dir", str(ROOT / ".build" / "jax-cache"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def pytest_configure(config):
    # test_threads.py forks; JAX warns that its own threads do not survive that.
    warnings.filterwarnings("ignore", message=".*fork.*", category=RuntimeWarning)
    config.addinivalue_line("filterwarnings", "ignore:.*fork.*")
