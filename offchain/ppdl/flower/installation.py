"""Set-up of the environment that Flower needs for itself, below the project folder.

Runs with the standard library alone: `python3 offchain/ppdl/flower/installation.py`. `make` calls it when the lock file
is newer than the last set-up, and not again.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT))

from offchain.environment import CACHE  # noqa: E402
from offchain.toolchain import SetupError, install_torch, python_for_environment, run  # noqa: E402

VENV = CACHE / "flower" / "venv"
PYTHON = VENV / "bin" / "python"
LOCK = PROJECT / "requirements-flower.lock"


def install() -> None:
    """Virtual environment with the locked packages and PyTorch. Raises SetupError."""
    run("Python environment of Flower", [python_for_environment(), "-m", "venv", VENV])
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    run("Python packages of Flower", [*pip, "--require-hashes", "-r", LOCK])
    install_torch(pip)


def tell(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Sets up; returns the exit status."""
    tell("Setting up Flower (once, some minutes):")
    try:
        install()
    except SetupError as error:
        sys.stderr.write(f"set-up of Flower: {error}\n")
        return 1
    tell("Set-up of Flower done.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
