"""Where the project keeps its tools and state: all below the project folder.

Set-up puts one line into the virtual environment that imports this module whenever its Python starts, so the bare
commands (`ape compile`, `ape console`, `python benchmarks/gas.py`) find the compiler, Anvil and Ape's data without
a variable set by hand. A variable that the user did set is kept.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
CACHE = PROJECT / ".cache"
SOLC_FOLDER = CACHE / "solc"

VARIABLES = {
    "APE_DATA_FOLDER": PROJECT / ".ape",  # Ape's accounts and caches
    "SOLCX_BINARY_PATH": SOLC_FOLDER,
    "MPLCONFIGDIR": CACHE / "matplotlib",
    "IPYTHONDIR": CACHE / "ipython",
    "PIP_CACHE_DIR": CACHE / "pip",
    "npm_config_cache": CACHE / "npm",
    "XDG_CACHE_HOME": CACHE,
    "NUMBA_CACHE_DIR": CACHE / "numba",
}


def remove_unpacked_libraries() -> None:
    """Removes the libraries that Ape can leave below the contracts, where it would take them for the project's own."""
    shutil.rmtree(PROJECT / "contracts" / ".cache", ignore_errors=True)


def apply() -> None:
    """Sets what is unset, and puts the environment's own commands first on the path."""
    for name, folder in VARIABLES.items():
        os.environ.setdefault(name, str(folder))
    if find_spec("sha3") is not None:  # hashes four times as fast as the library that is taken by default
        os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
    remove_unpacked_libraries()
    commands = str(Path(sys.prefix) / "bin")
    path = os.environ.get("PATH", "").split(os.pathsep)
    if commands not in path:
        os.environ["PATH"] = os.pathsep.join([commands, *path])


apply()
