"""Changes the contracts in small ways, one at a time, and tells which changes the unit tests don't notice.

    .venv/bin/python benchmarks/mutation.py                     all mutants (hours)
    .venv/bin/python benchmarks/mutation.py --only Factory      those whose description matches
    .venv/bin/python benchmarks/mutation.py --list              shows the mutants and runs nothing

Works in temporary copies. Prints progress to stderr and the survivors as JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import click

from offchain import artifacts
from offchain.environment import PROJECT, SOLC_FOLDER

FOLDERS = ["contracts/exchange", "contracts/token"]
TIMEOUT = 900
APE = Path(sys.prefix) / "bin" / "ape"
SOLC = next(iter(SOLC_FOLDER.glob("solc-v*")), SOLC_FOLDER / "solc")
EXCHANGES = ["contracts/exchange/UniswapOracleExchange.sol", "contracts/mocks/LoneFactory.sol"]
BUILT_ON = {
    "LiquidityToken": ["contracts/exchange/UniswapExchange.sol", *EXCHANGES],
    "UniswapExchange": EXCHANGES,
}
DEPLOYED = {"UniswapExchange", "UniswapOracleExchange", "LoneFactory", "UniswapFactory", "EnergyToken"}

RULES: list[tuple[str, str]] = [  # what is found in a line of code, what takes its place
    (r"if \((.+)\) (revert \w+\(.*\);)", r"if (false) \2"),
    (r"if \((.+)\) \{$", r"if (!(\1)) {"),
    (r" <= ", " < "),
    (r" < ", " <= "),
    (r" >= ", " > "),
    (r" > ", " >= "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" \|\| ", " && "),
    (r" && ", " || "),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" / ", " * "),
    (r" \* ", " / "),
    (r" % ", " / "),
    (r" << ", " >> "),
    (r" >> ", " << "),
    (r"\+= ", "-= "),
    (r"\b997\b", "998"),
    (r"\b1000\b", "1001"),
    (r"\b1e9\b", "1e8"),
    (r"\b112\b", "111"),
    (r"\b32\b", "31"),
    (r"\b60\b", "61"),
    (r"\b128\b", "127"),
    (r"\+ 1\b", "+ 2"),
    (r"- 1\b", "- 2"),
    (r"\b0x1f\b", "0x0f"),
    (r"\b0x20\b", "0x1f"),
    (r"nonReentrant(View)?\b ?", ""),
    (r"(beforeDeadline|beforeLiquidityDeadline|toOther)\(\w+\) ", ""),
    (r"^\s+(beforeDeadline|beforeLiquidityDeadline|toOther)\(\w+\)$", ""),
    (r"onlyRole\(\w+\) ", ""),
    (r"whenNotPaused ", ""),
    (r"^\s+emit .*;$", ""),
    (r"^\s+_\w+\(.*\);$", ""),
    (r"^\s+(\w|\[|\]|\+|\.)+ = .*;$", ""),
    (r"^\s+TOKEN\.safeTransfer.*;$", ""),
    (r"return true;", "return false;"),
    (r"ethReserve, tokenReserve\)", "tokenReserve, ethReserve)"),
    (r"msg\.sender\b", "tx.origin"),
]


@dataclass(frozen=True)
class Mutant:
    """One changed line."""

    path: str
    line: int
    before: str
    after: str
    function: str
    """The function or modifier around it."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before.strip()} -> {self.after.strip() or '(deleted)'}"


def mutants() -> Iterator[Mutant]:
    """Every rule at every place it matches."""
    for path in sorted(path for folder in FOLDERS for path in (PROJECT / folder).glob("*.sol")):
        seen = set()
        function = ""
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if started := re.match(r"    (?:function|modifier) (\w+)|    (constructor|receive|fallback)\b", line):
                function = started[1] or started[2]
            if re.match(r"\s*(//|/\*|\*|import|pragma|contract |function )", line) and "nonReentrant" not in line:
                continue
            code = line.split(" // ")[0]
            for pattern, replacement in RULES:
                for match in re.finditer(pattern, code):
                    changed = code[: match.start()] + match.expand(replacement) + code[match.end() :]
                    if changed != code and (number, changed) not in seen:
                        seen.add((number, changed))
                        yield Mutant(str(path.relative_to(PROJECT)), number, line, changed, function)


def make_copy(folder: Path) -> Path:
    """A copy of what git knows of the project, with the same packages."""
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "ape-config.yaml", "pyproject.toml", "contracts", "tests"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, folder / name)
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    (folder / ".build").mkdir()
    shutil.copyfile(PROJECT / ".build" / "__local__.json", folder / ".build" / "__local__.json")
    return folder


FIRST = {  # which of the tests say most about a place, by what its contract, function and line have in their names
    "nonReentrant": "reentrancy",
    "_sendEther": "ether_receivers",
    "_pull|_tokenReserve": "odd_tokens",
    "_beforeReservesChange": "oracle",
    "get.*Price|_inputPrice|_outputPrice|_mul": "quotes",
    "(?i)ethToToken|receive|fallback": "eth_to_token",
    "(?i)tokenToEth": "token_to_eth",
    "(?i)tokenToToken|tokenToExchange|_exchangeOf|_checkExchange": "token_to_token",
    "addLiquidity|removeLiquidity|beforeLiquidity|UniswapExchange": "exchange_liquidity",
    "LiquidityToken": "liquidity_token",
    "OracleExchange": "oracle",
    "Factory": "factory",
    "EnergyToken": "energy",
}


def tests(folder: Path, place: str) -> list[str]:
    """The unit tests of contracts, those that say most about the place first."""
    unit = folder / "tests" / "unit"
    names = {
        path.name for path in unit.glob("test_*.py") if re.search(r"\b(project|pool|exchange): ", path.read_text())
    }
    names -= {"test_bytecode.py", "test_abi.py"}  # these notice any change, and none
    likely = [name for pattern, name in FIRST.items() if re.search(pattern, place)]

    def rank(name: str) -> tuple[int, str]:
        return min((index for index, part in enumerate(likely) if part in name), default=len(likely)), name

    return [f"tests/unit/{name}" for name in sorted(names, key=rank)]


def compiled(folder: Path, path: str) -> dict[str, Any]:
    """The compiler's answer for a contract and those built on it, by name; empty if they don't compile."""
    sources = [path, *BUILT_ON.get(Path(path).stem, [])]
    request = {
        "language": "Solidity",
        "sources": {name: {"content": (folder / name).read_text()} for name in sources},
        "settings": {
            "optimizer": {"enabled": True},
            "evmVersion": "cancun",
            "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
            "outputSelection": {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }
    done = subprocess.run(
        [SOLC, "--standard-json", "--base-path", str(folder)], input=json.dumps(request), capture_output=True, text=True
    )
    answer = json.loads(done.stdout)
    if any(error["severity"] == "error" for error in answer.get("errors", [])):
        return {}
    return {name: made["evm"] for by_name in answer["contracts"].values() for name, made in by_name.items()}


def outcome(folder: Path, mutant: Mutant) -> str:
    """Whether the mutant `survived`, was `killed` by a test, or is `invalid` because it doesn't compile.

    Only the code in the build folder changes, so that Ape has nothing to compile: half of the time.
    """
    path, build = folder / mutant.path, folder / ".build" / "__local__.json"
    original = path.read_text()
    lines = original.split("\n")
    assert lines[mutant.line - 1] == mutant.before
    lines[mutant.line - 1] = mutant.after
    path.write_text("\n".join(lines))
    made = compiled(folder, mutant.path)
    path.write_text(original)
    if not made:
        return "invalid"
    shutil.copyfile(PROJECT / ".build" / "__local__.json", build)
    manifest = json.loads(build.read_text())
    for name, contract in manifest["contractTypes"].items():
        if name in made and name in DEPLOYED:
            contract["deploymentBytecode"] = {"bytecode": "0x" + made[name]["bytecode"]["object"]}
            contract["runtimeBytecode"] = {"bytecode": "0x" + made[name]["deployedBytecode"]["object"]}
    build.write_text(json.dumps(manifest))
    return "survived" if tests_pass(folder, f"{mutant.function} {path.stem} {mutant.before}") else "killed"


def tests_pass(folder: Path, place: str) -> bool:
    """Runs the unit tests in a copy, on the code in its build folder."""
    temporary = folder / ".tmp"  # Ape treats a project below the temporary folder differently
    temporary.mkdir(exist_ok=True)
    command = [str(APE), "test", *tests(folder, place), "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    environment = os.environ | {"TMPDIR": str(temporary)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


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
    artifacts.compile_contracts()
    with tempfile.TemporaryDirectory() as copies:
        survivors = run(chosen, [make_copy(Path(copies) / str(number)) for number in range(jobs)])
    click.echo(json.dumps({"mutants": len(chosen), "survivors": survivors}, indent=2))


def run(chosen: list[Mutant], copies: list[Path]) -> list[str]:
    """Judges each mutant in one of the copies; returns the survivors."""
    if not tests_pass(copies[0], "UniswapExchange"):
        raise click.ClickException("the tests fail on the contracts as they are")
    folders: Queue[Path] = Queue()
    for copy in copies:
        folders.put(copy)

    def judge(mutant: Mutant) -> str:
        folder = folders.get()
        try:
            return outcome(folder, mutant)
        finally:
            folders.put(folder)

    survivors = []
    with ThreadPoolExecutor(len(copies)) as pool:
        judged = {pool.submit(judge, mutant): mutant for mutant in chosen}
        for number, future in enumerate(as_completed(judged), start=1):
            mutant, result = judged[future], future.result()
            click.echo(f"{number}/{len(chosen)} {result}: {mutant}", err=True)
            if result == "survived":
                survivors.append(str(mutant))
    return sorted(survivors)


if __name__ == "__main__":
    main()
