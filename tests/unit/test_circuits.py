"""The table of circuits, and what is generated from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from offchain.zk.circuits import CIRCUITS, PARAMETERS, TABLE, TABLE_OF_PROJECT, CircuitError, read_table
from offchain.zk.compiler import PARAMETERS_FILE, parameters_source
from offchain.zk.signals import VERIFIERS, signals_library, signals_path


def test_parameters_of_circuits_are_those_of_the_table() -> None:
    """K1 the circuits' parameters are those of the table."""
    assert PARAMETERS_FILE.read_text() == parameters_source()
    written = dict(re.findall(r"function (\w+)\(\) \{ return (\d+); \}", parameters_source()))
    assert written["NOTE_TREE_DEPTH"] == str(PARAMETERS.note_tree_depth) == "24"
    assert written["TAG_RECEIPT"] == str(PARAMETERS.tags.receipt) == "7"
    assert len(written) == 23


@pytest.mark.parametrize("name", CIRCUITS)
def test_signals_libraries_are_current(name: str) -> None:
    """K1 contracts read public signals through accessors that follow the table."""
    circuit = CIRCUITS[name]
    assert signals_path(circuit).read_text() == signals_library(circuit)


def test_no_other_generated_contract_lies_about() -> None:
    """K1 the folder of verifiers holds what is generated and nothing else."""
    names = {f"{circuit.title}{kind}.sol" for circuit in CIRCUITS.values() for kind in ("Signals", "Verifier")}
    assert {path.name for path in VERIFIERS.iterdir()} == names


def test_accessors_read_each_signal_once() -> None:
    """K1 each number of a proof has one accessor, and no index reaches beyond its array."""
    for circuit in CIRCUITS.values():
        library = signals_library(circuit)
        read: list[int] = [int(place) for place in re.findall(r"return signals\[(\d+)\]", library)]
        arrays = re.findall(r"assert\(index < (\d+)\);\n\s+return signals\[(?:(\d+) \+ )?index\]", library)
        for length, start in arrays:
            read += range(int(start or 0), int(start or 0) + int(length))
        assert sorted(read) == list(range(len(circuit.public_names)))


def test_public_signals_stand_in_the_order_of_a_proof() -> None:
    """K1 outputs come first, then public inputs, arrays element by element."""
    assert CIRCUITS["joinsplit"].public_names == (
        *(f"nullifiers[{index}]" for index in range(2)),
        *(f"commitments[{index}]" for index in range(3)),
        *("root", "treeNumber", "publicAsset", "publicAmount", "contextHash"),
    )


def test_unknown_circuit() -> None:
    """P9 a circuit that isn't there is named, with those that are."""
    with pytest.raises(CircuitError, match="no circuit split: there are joinsplit, consolidate"):
        TABLE_OF_PROJECT.circuit("split")


def without(key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(TABLE.read_text())
    del content[key]
    return content


def replaced(path: str, value: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(TABLE.read_text())
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place[parent]
    place[last] = value
    return content


@pytest.mark.parametrize(
    "content",
    [
        without("slotBits"),
        replaced("slotShares", [2, 4, 8]),
        replaced("slotShares", [2, 4, 8, -8]),
        without("circuits"),
        replaced("noteTreeDepth", "many"),
        replaced("noteTreeDepth", -1),
        replaced("noteTreeDepth", True),
        replaced("tags", []),
        replaced("circuits.joinsplit.outputs", ["nullifiers[0]"]),
        replaced("circuits.joinsplit.outputs", ["x;y"]),
        replaced("circuits.joinsplit.maxConstraints", None),
        replaced("circuits", {"../x": replaced("circuits", {})["circuits"]}),
        [],
    ],
)
def test_damaged_table(tmp_path: Path, content: Any) -> None:
    """P9 a table that makes no sense is refused in one line."""
    path = tmp_path / "circuits.json"
    path.write_text(json.dumps(content))
    with pytest.raises(CircuitError, match="is no table of circuits"):
        read_table(path)


def test_missing_table(tmp_path: Path) -> None:
    """P9 a missing table is named."""
    with pytest.raises(CircuitError, match="can't be read"):
        read_table(tmp_path / "circuits.json")
