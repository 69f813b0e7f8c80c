"""Takes every constraint out of the circuits' source, one at a time, and tells which the tests don't miss.

    .venv/bin/python -m benchmarks.circuit_mutation                all mutants (half an hour)
    .venv/bin/python -m benchmarks.circuit_mutation --only note    those whose description matches
    .venv/bin/python -m benchmarks.circuit_mutation --list         shows the mutants and runs nothing

An `===` and a check whose results nothing uses are removed. An `x <== ...` becomes `x <-- ...`: x is computed as
before, but no constraint holds it. Where a component is called, each of its inputs and outputs is cut off from it in
this way by a signal in between. A mutant counts as noticed if a public signal of a circuit with it stands in no
constraint, if the inputs leave a wire open, or if a false statement of the tests is accepted. Mutants are compiled with
small trees and a small model, in folders of their own below `.build/`. Prints a progress bar to stderr and the
survivors as JSON; fails if there are any.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.zk.circuits import FOLDER, PARAMETERS
from offchain.zk.compiler import MODULES, CompilerError, parameters_source, sources
from tests.circuits.model import Case, Model
from tests.circuits.statements import accepts, lies
from tests.circuits.system import System

GADGETS = FOLDER / "gadgets"
COPIES = PROJECT / ".build" / "mutants"
SMALL = replace(
    PARAMETERS,
    note_tree_depth=3,
    registration_tree_depth=3,
    readings_tree_depth=3,
    model_inputs=16,
    first_layer=4,
    second_layer=3,
)
CHEAPEST_FIRST = ("inference", "joinsplit", "issue", "consolidate", "trade", "settle")
BETWEEN = "cutOff"
"""The signal in between."""

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
TEMPLATE = re.compile(r"\btemplate\s+(\w+)\s*\([^)]*\)\s*\{")
LOOP = re.compile(r"for\s*\(\s*var\s+(\w+)\s*=\s*0\s*;\s*\1\s*<\s*(.+?)\s*;\s*\1\+\+\s*\)", re.DOTALL)
DECLARED = re.compile(r"\bsignal\s+(?:input\s+|output\s+)?(\w+)((?:\[[^\]]*\])*)")
CALL = re.compile(r"\w+\s*\(")


@dataclass(frozen=True)
class Mutant:
    """A source file with one constraint less."""

    path: Path
    line: int
    text: str
    """The statement."""
    change: str
    source: str

    def __str__(self) -> str:
        text = " ".join(self.text.split())
        shown = text if len(text) < 60 else text[:57] + "..."
        return f"{self.path.relative_to(PROJECT)}:{self.line}: {shown} ({self.change})"


@dataclass(frozen=True)
class Statement:
    """A statement of a template, and the loops around it: variable and bound."""

    start: int
    text: str
    loops: tuple[tuple[str, str], ...]


def mutants() -> Iterator[Mutant]:
    """One for each constraint of each gadget."""
    for path in sorted(GADGETS.glob("*.circom")):
        yield from mutants_of(path)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """One for each constraint of a file."""
    source = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), path.read_text())
    for template in TEMPLATE.finditer(source):
        end = _closing(source, template.end() - 1)
        sizes = {
            name: re.findall(r"\[([^\]]*)\]", size) for name, size in DECLARED.findall(source[template.end() : end])
        }
        for statement in _statements(source, template.end(), end):
            for change, declared, text in _changes(statement, sizes):
                before, after = source[: statement.start], source[statement.start + len(statement.text) + 1 :]
                changed = before[: template.end()] + declared + before[template.end() :] + text + after
                line = source.count("\n", 0, statement.start) + 1
                yield Mutant(path, line, statement.text, change, changed)


def _statements(source: str, start: int, end: int) -> Iterator[Statement]:
    loops: list[tuple[str, str] | None] = []
    place = start
    while place < end:
        if source[place].isspace():
            place += 1
            continue
        if source[place] == "}":
            loops.pop()
            place += 1
            continue
        stop = place
        while source[stop] not in ";{":
            stop = _closing(source, stop) + 1 if source[stop] in "([" else stop + 1
        text = source[place:stop]
        if source[stop] == "{":
            match = LOOP.fullmatch(text.strip())
            loops.append((match[1], match[2]) if match else None)
        else:
            yield Statement(place, text, tuple(loop for loop in loops if loop))
        place = stop + 1


def _changes(statement: Statement, sizes: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    """What is changed, what is declared for it at the template's start, and the changed statement."""
    text = statement.text
    if "===" in text:
        yield "removed", "", ""
        return
    if "<==" not in text:
        return
    left, right = (side.strip() for side in text.split("<=="))
    arguments = _call(right)
    if arguments is None:
        yield "not constrained", "", f"{left} <-- {right};"
        return
    targets = _split(left[1:-1]) if left.startswith("(") else [left]
    if all(target == "_" for target in targets):
        yield "removed", "", ""
        return
    bounds = "".join(f"[{bound}]" for _, bound in statement.loops)
    between = BETWEEN + "".join(f"[{variable}]" for variable, _ in statement.loops)

    def declared(expression: str) -> str:
        match = re.fullmatch(r"(?:signal\s+)?(\w+)((?:\[[^\]]*\])*)", expression)
        size = sizes.get(match[1], [])[match[2].count("[") if "signal" not in expression else 0 :] if match else []
        return f" signal {BETWEEN}{bounds}{''.join(f'[{bound}]' for bound in size)};"

    for number, target in enumerate(targets):
        if target != "_":
            others = [*targets[:number], between, *targets[number + 1 :]]
            written = f"({', '.join(others)})" if len(targets) > 1 else between
            yield f"output {target} cut off", declared(target), f"{written} <== {right}; {target} <-- {between};"
    head, parts = arguments
    for number, part in enumerate(parts):
        elements = _split(part[1:-1]) if part.startswith("[") else [part]
        for place, element in enumerate(elements):
            others = [*elements[:place], between, *elements[place + 1 :]]
            given = f"[{', '.join(others)}]" if part.startswith("[") else between
            call = f"{head}({', '.join([*parts[:number], given, *parts[number + 1 :]])})"
            yield f"input {element} cut off", declared(element), f"{between} <-- {element}; {left} <== {call};"


def _call(expression: str) -> tuple[str, list[str]] | None:
    """What an anonymous component is called with: `Name(parameters)` and its inputs; None if it is none."""
    match = CALL.match(expression)
    if not match:
        return None
    middle = _closing(expression, match.end() - 1) + 1
    if expression[middle : middle + 1] != "(" or _closing(expression, middle) != len(expression) - 1:
        return None
    return expression[:middle], _split(expression[middle + 1 : -1])


def _closing(text: str, place: int) -> int:
    """Where the bracket at a place is closed."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    depth = 0
    for at in range(place, len(text)):
        depth += (text[at] in pairs) - (text[at] in pairs.values())
        if not depth:
            return at
    raise ValueError("a bracket is not closed")


def _split(text: str) -> list[str]:
    """The parts between commas that are in no brackets."""
    parts, start, place = [], 0, 0
    while place < len(text):
        if text[place] in "([{":
            place = _closing(text, place)
        elif text[place] == ",":
            parts.append(text[start:place].strip())
            start = place + 1
        place += 1
    return [*parts, text[start:].strip()]


def make_copy(folder: Path) -> Path:
    """The circuits, with small trees."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("gadgets", "main"):
        shutil.copytree(FOLDER / part, folder / part)
    (folder / "parameters.circom").write_text(parameters_source(SMALL))
    return folder


def compiled(folder: Path, name: str) -> System:
    """The constraints of a circuit of a copy, simplified less than for use: that takes half of the time. Raises
    CompilerError if it doesn't compile."""
    build = folder / "build"
    build.mkdir(exist_ok=True)
    # The compiler sees nothing above its working folder.
    paths = [str(path.relative_to(PROJECT)) for path in (folder / "main" / f"{name}.circom", MODULES, build)]
    command = [str(MODULES / ".bin" / "circom2"), paths[0], "--O1", "--r1cs", "--sym", "-l", paths[1], "-o", paths[2]]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if "Everything went okay" not in done.stdout:
        raise CompilerError(f"{name} doesn't compile: {(done.stdout + done.stderr)[-1000:]}")
    return System(build / f"{name}.r1cs")


@cache
def false_statements(name: str) -> dict[str, Case]:
    """Those of the tests, for small trees."""
    return lies(Model(SMALL), name)


def noticed(folder: Path, name: str) -> str:
    """What is wrong with a circuit of a copy; empty if the tests pass."""
    system = compiled(folder, name)
    if unbound := system.unbound:
        return f"{name}: {unbound[0]} is in no constraint"
    if undetermined := system.undetermined:
        return f"{name}: {undetermined[0]} is not determined"
    if not accepts(system, Model(SMALL).typical(name)):
        return f"{name}: a true statement is refused"
    accepted = (lie for lie, case in false_statements(name).items() if accepts(system, case))
    return next((f"{name} accepts: {lie}" for lie in accepted), "")


def outcome(folder: Path, mutant: Mutant) -> str:
    """What the tests notice of a mutant; empty if nothing."""
    changed = folder / "gadgets" / mutant.path.name
    original = changed.read_text()
    try:
        changed.write_text(mutant.source)
        for name in CHEAPEST_FIRST:
            if changed in sources(folder / "main" / f"{name}.circom") and (found := noticed(folder, name)):
                return found
    finally:
        changed.write_text(original)
    return ""


@click.command(help=__doc__)
@click.option("--only", default="", help="A regular expression that the description of a mutant must match.")
@click.option("--jobs", default=2, show_default=True, help="Mutants at a time.")
@click.option("--list", "listing", is_flag=True, help="Show the mutants, run nothing.")
def main(only: str, jobs: int, listing: bool) -> None:
    chosen = [mutant for mutant in mutants() if re.search(only, str(mutant))]
    if listing:
        for mutant in chosen:
            click.echo(str(mutant))
        return
    started = time.monotonic()
    own = COPIES / str(os.getpid())
    try:
        untouched = make_copy(own / "untouched")
        for name in CHEAPEST_FIRST:
            if wrong := noticed(untouched, name):
                raise click.ClickException(f"the tests fail on the circuits as they are: {wrong}")
        survivors = run(chosen, own, jobs)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    finally:
        shutil.rmtree(own, ignore_errors=True)
    seconds = round(time.monotonic() - started)
    click.echo(json.dumps({"mutants": len(chosen), "survivors": survivors, "seconds": seconds}, indent=2))
    if survivors:
        raise SystemExit(1)


@cache
def copy_of_process(own: Path) -> Path:
    """The copy that this process changes."""
    return make_copy(own / str(os.getpid()))


def judge(mutant: Mutant, own: Path) -> str:
    """The outcome of a mutant, in a process of the pool."""
    try:
        return outcome(copy_of_process(own), mutant)
    except CompilerError as error:
        raise CompilerError(f"{mutant}: {error}") from error


def run(chosen: list[Mutant], own: Path, jobs: int) -> list[str]:
    """Judges all mutants, so many at a time; returns the survivors."""
    survivors = []
    separate = get_context("spawn")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, ProcessPoolExecutor(jobs, separate) as pool:
        task = progress.add_task("mutants of the circuits", total=len(chosen))
        judged = {pool.submit(judge, mutant, own): mutant for mutant in chosen}
        for future in as_completed(judged):
            found = future.result()
            progress.console.print(
                f"{found or 'SURVIVED'}: {judged[future]}", markup=False, highlight=False, soft_wrap=True
            )
            progress.advance(task)
            if not found:
                survivors.append(str(judged[future]))
    return sorted(survivors)


if __name__ == "__main__":
    main()
