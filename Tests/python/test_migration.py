"""docs/migration.md, before and after; neural-tangents' section runs in its own environment."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TORCH = ROOT / ".venv-torch" / "bin" / "python"


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_before_and_after(library):
    if library == "torch" and not TORCH.exists():
        pytest.skip("no .venv-torch; `make bench` makes it")
    python = sys.executable if library == "jax" else TORCH
    command = [python, ROOT / "Tests" / "migration.py", library]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
