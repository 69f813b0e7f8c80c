"""Compiles the circuits into `.build/circuits/`, and checks what comes out.

`python -m offchain.zk.compiler` does it for all and shows a table. What it compiles is the same, byte for byte, in any
folder and on any machine: the committed keys' manifest holds the hashes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.zk.circuits import CIRCUITS, FOLDER, PARAMETERS, Circuit, CircuitError, Parameters
from offchain.zk.sections import ConstraintSystem, digest

BUILD = PROJECT / ".build" / "circuits"
PARAMETERS_FILE = FOLDER / "parameters.circom"
MODULES = PROJECT / "node_modules"
SNAPSHOT = PROJECT / "benchmarks" / "snapshots" / "circuits.json"
FLAGS = ("--O2", "--r1cs", "--wasm", "--sym")
INCLUDE = re.compile(r'^\s*include\s+"([^"]+)"\s*;', re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
AT_ONCE = 2
"""Compilers that run at the same time: each takes a core and up to 1 GB."""


class CompilerError(CircuitError):
    """Says in one line why a circuit can't be compiled, or what is wrong with the result."""


@dataclass(frozen=True)
class Compiled:
    """A compiled circuit: its files and its size."""

    circuit: Circuit
    r1cs: Path
    wasm: Path
    system: ConstraintSystem
    seconds: float
    """That compiling took; 0 when it was compiled before."""


def parameters_source(parameters: Parameters = PARAMETERS) -> str:
    """Source of `circuits/parameters.circom`: a function per parameter."""
    names = [field.name for field in fields(parameters) if field.name != "tags"]
    values = {name: getattr(parameters, name) for name in names}
    tags = (f"tag_{field.name}" for field in fields(parameters.tags))
    values |= dict(zip(tags, astuple(parameters.tags), strict=True))
    lines = [
        f"function {name.upper()}() {{ return {list(value) if isinstance(value, tuple) else value}; }}"
        for name, value in values.items()
    ]
    return "\n".join(["// Written by the circuit build from circuits.json.", "pragma circom 2.2.3;", "", *lines, ""])


def write_parameters() -> None:
    """Brings `circuits/parameters.circom` up to date."""
    source = parameters_source()
    if not PARAMETERS_FILE.exists() or PARAMETERS_FILE.read_text() != source:
        PARAMETERS_FILE.write_text(source)


def sources(main: Path) -> list[Path]:
    """A circuit's file and all that it includes, at any depth. Raises CompilerError if one is missing."""
    found: dict[Path, None] = {}
    waiting = [main]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        try:
            text = path.read_text()
        except OSError as error:
            raise CompilerError(f"{path} can't be read: {error.strerror}") from error
        for name in INCLUDE.findall(text):
            beside, library = (Path(os.path.normpath(folder / name)) for folder in (path.parent, MODULES))
            waiting.append(beside if beside.exists() else library)
    return sorted(found)


def fingerprint(circuit: Circuit) -> str:
    """Hash of all that decides what is compiled: sources, compiler and flags."""
    version = json.loads((MODULES / "circom2" / "package.json").read_text())["version"]
    hasher = sha256(f"{version}\0{FLAGS}\0".encode())
    for path in sources(circuit.main):
        hasher.update(f"{path.relative_to(PROJECT)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return hasher.hexdigest()


def compile_circuit(circuit: Circuit, build: Path = BUILD) -> Compiled:
    """Compiles a circuit, unless it was compiled before and nothing changed since. Raises CompilerError if it doesn't
    compile, has too many constraints, or other public signals than the table says."""
    r1cs, wasm = build / f"{circuit.name}.r1cs", build / f"{circuit.name}.wasm"
    mark = build / f"{circuit.name}.fingerprint"
    current = fingerprint(circuit)
    started = time.monotonic()
    fresh = not (r1cs.exists() and wasm.exists() and mark.exists()) or mark.read_text() != _mark(current, r1cs, wasm)
    if fresh:
        _run_compiler(circuit, build)
    system = ConstraintSystem.read(r1cs)
    seconds = time.monotonic() - started if fresh else 0.0
    if system.constraints > circuit.max_constraints:
        raise CompilerError(
            f"{circuit.name} has {system.constraints:,} constraints; maxConstraints is {circuit.max_constraints:,}"
        )
    if fresh:
        _check_signals(circuit, build / f"{circuit.name}.sym", system.public)
        mark.write_text(_mark(current, r1cs, wasm))
    return Compiled(circuit, r1cs, wasm, system, seconds)


def _mark(current: str, r1cs: Path, wasm: Path) -> str:
    return f"{current} {digest(r1cs)} {digest(wasm)}\n"


def _run_compiler(circuit: Circuit, build: Path) -> None:
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{circuit.name}.", dir=build) as folder:  # another process may do the same
        _run_compiler_in(circuit, build, Path(folder))


def _run_compiler_in(circuit: Circuit, build: Path, draft: Path) -> None:
    # The compiler sees nothing above its working folder.
    folders = [str(path.relative_to(PROJECT)) for path in (circuit.main, MODULES, draft)]
    command = [str(MODULES / ".bin" / "circom2"), folders[0], *FLAGS, "-l", folders[1], "-o", folders[2]]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    output = COLOUR.sub("", done.stdout + done.stderr)
    if done.returncode != 0 or "Everything went okay" not in output:
        raise CompilerError(f"{circuit.name} doesn't compile:\n{output[-2000:]}")
    (draft / f"{circuit.name}_js" / f"{circuit.name}.wasm").replace(build / f"{circuit.name}.wasm")
    for ending in ("r1cs", "sym"):
        (draft / f"{circuit.name}.{ending}").replace(build / f"{circuit.name}.{ending}")


def _check_signals(circuit: Circuit, symbols: Path, public: int) -> None:
    names = {}
    with symbols.open() as lines:
        for line in lines:
            _, wire, _, name = line.rstrip("\n").split(",")
            if 1 <= int(wire) <= public and name.count(".") == 1:
                names[int(wire)] = name.removeprefix("main.")
    found = tuple(names.get(wire, "?") for wire in range(1, public + 1))
    if found != circuit.public_names:
        raise CompilerError(
            f"{circuit.name} has the public signals {', '.join(found)}; circuits.json says "
            f"{', '.join(circuit.public_names)}"
        )


def compile_circuits() -> Iterator[Compiled]:
    """Compiles all circuits, two at a time; each as soon as it and those before it are done."""
    write_parameters()
    with ThreadPoolExecutor(AT_ONCE) as workers:
        try:
            yield from workers.map(compile_circuit, CIRCUITS.values())
        finally:
            workers.shutdown(cancel_futures=True)


def check_snapshot(compiled: list[Compiled]) -> None:
    """Raises CompilerError if a circuit has another number of constraints than last accepted."""
    counts = {one.circuit.name: one.system.constraints for one in compiled}
    accepted = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}
    if counts != accepted:
        raise CompilerError(
            f"numbers of constraints are {counts}; last accepted were {accepted}: accept them with "
            "`.venv/bin/python benchmarks/circuits.py --update`"
        )


def main() -> None:
    """Everything that is generated from the circuits, and all checks, with a table."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from offchain.zk.manifest import Manifest, ManifestError
    from offchain.zk.signals import write_signals

    console = Console()
    write_signals()
    table = Table("circuit")
    for name in ("constraints", "at most", "public", "private", "seconds"):
        table.add_column(name, justify="right")
    compiled = []
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("compiling circuits", total=len(CIRCUITS))
        for one in compile_circuits():
            compiled.append(one)
            progress.update(task, advance=1, description=f"compiling circuits ({len(compiled)} of {len(CIRCUITS)})")
            system, limit = one.system, one.circuit.max_constraints
            seconds = f"{one.seconds:.1f}" if one.seconds else "built"
            table.add_row(
                one.circuit.name,
                f"{system.constraints:,}",
                f"{limit:,}",
                str(system.public),
                str(system.private),
                seconds,
            )
    console.print(table)
    check_snapshot(compiled)
    manifest = Manifest.read()
    problems = [*manifest.build_problems(compiled), *manifest.file_problems(list(CIRCUITS.values()))]
    if problems:
        raise ManifestError(f"{'; '.join(problems)}: make the keys anew with `ape run ceremony development`")
    console.print(manifest.statement)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
