"""Set-up: virtual environment, npm packages, Solidity compiler and Anvil, all below the project folder.

Runs before anything is installed, so it uses the standard library alone: `python3 offchain/toolchain.py`.
`make` calls it when a lock file is newer than the last set-up, and not again.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from offchain.environment import CACHE, SOLC_FOLDER, VARIABLES  # noqa: E402

VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
DASHBOARD = PROJECT / "offchain" / "dashboard"
MINIMUM_PYTHON = (3, 11)
MINIMUM_NODE = 20
TORCH = "2.13.0"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"

# Compiles standard JSON from stdin with the npm package, for machines that can't download a native compiler.
NPM_SOLC = """\
#!/usr/bin/env node
const { readFileSync } = require("fs");
const { resolve } = require("path");
const solc = require(%(package)s);
const args = process.argv.slice(2);
const base = args.includes("--base-path") ? args[args.indexOf("--base-path") + 1] : ".";
const read = (path) => {
  try {
    return { contents: readFileSync(resolve(base, path), "utf8") };
  } catch (error) {
    return { error: error.message };
  }
};
if (args.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface\\nVersion: " + solc.version());
} else if (args.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8"), { import: read }));
} else {
  console.error("only --version and --standard-json are served by the npm compiler");
  process.exit(1);
}
"""


# Keeps Anvil's scratch files inside the project, unless the caller names another place.
ANVIL = """\
#!/bin/sh
case " $* " in
  *" --cache-path "*) exec %(binary)s "$@" ;;
  *) exec %(binary)s --cache-path %(cache)s "$@" ;;
esac
"""


class SetupError(Exception):
    """Says in one line what is missing or failed."""


def check_prerequisites() -> None:
    """Raises SetupError if Python, Node.js or npm is missing or too old."""
    if tuple(sys.version_info) < MINIMUM_PYTHON:
        raise SetupError(f"Python 3.11 or newer is needed; this is {platform.python_version()}.")
    if platform.system() not in ("Linux", "Darwin"):
        raise SetupError("Linux or macOS is needed; on Windows use WSL.")
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            raise SetupError(f"{command} is missing: install Node.js {MINIMUM_NODE} or newer.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < MINIMUM_NODE:
        raise SetupError(f"Node.js {MINIMUM_NODE} or newer is needed; this is {version}.")


def run(step: str, command: Sequence[str | Path], folder: Path = PROJECT) -> None:
    """Runs one step of the set-up quietly in a folder; raises SetupError with the end of its output if it fails."""
    print(f"  {step} ...", flush=True)
    environment = os.environ | {name: str(folder) for name, folder in VARIABLES.items()}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise SetupError(f"{step} failed:\n{done.stdout[-2000:]}")


def python_for_environment() -> str:
    """The interpreter of the virtual environment: one with prebuilt numpy 1.26 wheels (3.11, 3.12) if there is one."""
    if tuple(sys.version_info) < (3, 13):
        return sys.executable
    return shutil.which("python3.12") or shutil.which("python3.11") or sys.executable


def install_python_packages() -> None:
    """Virtual environment with the locked packages and the project itself."""
    try:
        run("Python environment", [python_for_environment(), "-m", "venv", VENV])
    except SetupError as error:
        raise SetupError("Python's venv module is missing (Debian, Ubuntu: install python3-venv).") from error
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    run("Python packages", [*pip, "--require-hashes", "-r", "requirements.lock"])
    install_torch(pip)
    run("Project package", [*pip, "--no-deps", "--no-build-isolation", "-e", "."])
    site = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # Read at every start of the environment's Python, after the project itself ("__editable__...") is importable.
    (Path(site) / "openmg_environment.pth").write_text("import offchain.environment\n")


def install_torch(pip: Sequence[str | Path]) -> None:
    """PyTorch without CUDA's gigabytes: PyPI has that build for macOS; for Linux, PyTorch's own index has."""
    linux = platform.system() == "Linux"
    package = f"torch=={TORCH}+cpu" if linux else f"torch=={TORCH}"
    command = [*pip, "--no-deps", package]
    try:
        run(f"PyTorch {TORCH}", command)
    except SetupError:
        if not linux:
            raise
        run(f"PyTorch {TORCH} from {TORCH_INDEX}", [*command, "--index-url", TORCH_INDEX])


def install_npm_packages() -> None:
    """The locked npm packages, of the project and of its page, without install scripts."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    run("npm packages", command)
    run("npm packages of the page", command, DASHBOARD)


def install_compiler() -> None:
    """The Solidity compiler of package.json: native if it can be downloaded, else the npm package."""
    version = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["solc"]
    binary = SOLC_FOLDER / f"solc-v{version}"
    SOLC_FOLDER.mkdir(parents=True, exist_ok=True)
    binary.unlink(missing_ok=True)
    download = f"import solcx; solcx.install_solc({version!r})"
    try:
        run(f"Solidity compiler {version}", [PYTHON, "-c", download])
    except SetupError:
        print("    no native compiler to be had here: using the npm package (slower)", flush=True)
        package = json.dumps(str(PROJECT / "node_modules" / "solc"))
        binary.write_text(NPM_SOLC % {"package": package})
        binary.chmod(0o755)


def install_anvil() -> None:
    """Anvil's binary, from the npm package of this platform, as a command of the virtual environment."""
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
    package = f"@foundry-rs/anvil-{system}-{machine}"
    binary = PROJECT / "node_modules" / package / "bin" / "anvil"
    if not binary.exists():  # the lock file holds Linux on x86-64; elsewhere the same release is fetched beside it
        (version,) = json.loads((PROJECT / "package.json").read_text())["optionalDependencies"].values()
        run(f"Anvil {version}", ["npm", "install", "--no-save", "--ignore-scripts", f"{package}@{version}"])
    command = VENV / "bin" / "anvil"
    command.unlink(missing_ok=True)
    places = {"binary": shlex.quote(str(binary)), "cache": shlex.quote(str(CACHE / "anvil"))}
    command.write_text(ANVIL % places)
    command.chmod(0o755)


def main() -> int:
    """Runs every step; returns the exit status."""
    try:
        check_prerequisites()
        print("Setting up (once, some minutes):", flush=True)
        install_python_packages()
        install_npm_packages()
        install_compiler()
        install_anvil()
        run("Contracts", [PYTHON, "-m", "offchain.artifacts"])
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    print("Set-up done.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
