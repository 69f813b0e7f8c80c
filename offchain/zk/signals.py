"""Solidity libraries that read a proof's public signals by name, generated from the table of circuits.

`python -m offchain.zk.signals` writes them to `contracts/verifiers/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from offchain.environment import PROJECT
from offchain.zk.circuits import CIRCUITS, Circuit

VERIFIERS = PROJECT / "contracts" / "verifiers"
PRAGMA = "// SPDX-License-Identifier: GPL-3.0-or-later\npragma solidity 0.8.37;\n"


def _accessors(circuit: Circuit) -> Iterator[str]:
    count = len(circuit.public_names)
    position = 0
    for signal in circuit.signals:
        if signal.length is None:
            yield (
                f"    function {signal.name}(uint256[{count}] calldata signals) internal pure returns (uint256) {{\n"
                f"        return signals[{position}];\n"
                "    }\n"
            )
            position += 1
        else:
            place = f"{position} + index" if position else "index"
            yield (
                f"    function {signal.singular}(uint256[{count}] calldata signals, uint256 index)"
                " internal pure returns (uint256) {\n"
                f"        assert(index < {signal.length});\n"
                f"        return signals[{place}];\n"
                "    }\n"
            )
            position += signal.length


def signals_library(circuit: Circuit) -> str:
    """Source of the library `<Circuit>Signals`: a function per public signal, with an index where it is an array."""
    return (
        f"{PRAGMA}\n"
        f"/// @title Public signals of the circuit `{circuit.name}` by name\n"
        "/// @dev Generated from circuits/circuits.json by `make circuits`: don't edit.\n"
        f"library {circuit.title}Signals {{\n" + "\n".join(_accessors(circuit)) + "}\n"
    )


def signals_path(circuit: Circuit, folder: Path = VERIFIERS) -> Path:
    """Where a circuit's library stands."""
    return folder / f"{circuit.title}Signals.sol"


def write_signals() -> list[Path]:
    """Writes the libraries that are missing or outdated; returns their paths."""
    written = []
    VERIFIERS.mkdir(parents=True, exist_ok=True)
    for circuit in CIRCUITS.values():
        path, source = signals_path(circuit), signals_library(circuit)
        if not path.exists() or path.read_text() != source:
            path.write_text(source)
            written.append(path)
    return written


if __name__ == "__main__":
    write_signals()
