"""The bare commands of every Ape user, from an activated environment with no variable set."""

from __future__ import annotations

import subprocess
from pathlib import Path

from offchain.environment import PROJECT
from tests.e2e.conftest import Shell


def test_ape_compile_finds_the_compiler(shell: Shell) -> None:
    done = shell.run("ape", "compile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ape_networks_knows_both_chains(shell: Shell) -> None:
    listed = shell.run("ape", "networks", "list").stdout
    assert "plasma" in listed
    assert "foundry" in listed


def test_ape_console_starts_anvil_and_ends_it(shell: Shell) -> None:
    """On a free port, so that a chain on the default port is left alone."""
    shell.extra["APE_FOUNDRY_HOST"] = f"http://127.0.0.1:{shell.extra['OPENMG_ROOT_PORT']}"
    console = subprocess.run(
        ["ape", "console"],
        input="print('chain', chain.chain_id, project.UniswapFactory.name)\nexit\n",
        cwd=PROJECT,
        env=shell.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "chain 31337 UniswapFactory" in console.stdout, console.stdout + console.stderr
    left = subprocess.run(["pgrep", "-f", f"anvil.*--port {shell.extra['OPENMG_ROOT_PORT']}"], capture_output=True)
    assert left.stdout == b""


def test_set_up_is_not_repeated() -> None:
    """`make` has nothing to do for the environment that these tests run in."""
    done = subprocess.run(["make", "--question", ".venv/.ready"], cwd=PROJECT, capture_output=True)
    assert done.returncode == 0


def test_a_missing_prerequisite_is_named(tmp_path: Path) -> None:
    """P9: one line for each."""
    (tmp_path / "python3").symlink_to(PROJECT / ".venv" / "bin" / "python")
    set_up = [str(tmp_path / "python3"), str(PROJECT / "offchain" / "toolchain.py")]
    without_node = subprocess.run(set_up, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert without_node.returncode == 1
    assert without_node.stderr == "set-up: node is missing: install Node.js 20 or newer.\n"

    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v18.1.0\n")
    node.chmod(0o755)
    (tmp_path / "npm").symlink_to("/bin/true")
    with_old_node = subprocess.run(set_up, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert with_old_node.stderr == "set-up: Node.js 20 or newer is needed; this is v18.1.0.\n"

    make = ["make", "-C", str(PROJECT), "--always-make", "PYTHON=python-that-is-missing", ".venv/.ready"]
    without_python = subprocess.run(make, capture_output=True, text=True)
    assert "set-up: python-that-is-missing is missing: install Python 3.11 or newer." in without_python.stderr
