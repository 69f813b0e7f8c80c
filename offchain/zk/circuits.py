"""The circuits and their parameters, as `circuits/circuits.json` lists them.

Public signals stand in the order in which proofs, keys and verifiers have them: outputs first, then public inputs,
each in the order of declaration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offchain.environment import PROJECT
from offchain.errors import UserError

FOLDER = PROJECT / "circuits"
TABLE = FOLDER / "circuits.json"
KEYS = FOLDER / "keys"
SIGNAL = re.compile(r"([a-z][A-Za-z0-9]*)(?:\[([1-9]\d*)\])?")
NAME = re.compile(r"[a-z][a-z0-9]*")


class CircuitError(UserError):
    """Says in one line what is wrong with the table of circuits, or that there is no such circuit."""


@dataclass(frozen=True)
class Tags:
    """First inputs of the hashes, so that none of them can pass for another."""

    spending_key: int
    nullifier_key: int
    meter: int
    issue: int
    settle: int
    trade: int
    receipt: int


@dataclass(frozen=True)
class Parameters:
    """What circuits, contracts and wallet have in common. Depths are levels of a tree, bits the width of a number."""

    note_tree_depth: int
    amount_bits: int
    registration_tree_depth: int
    readings_tree_depth: int
    reading_bits: int
    sum_bits: int
    sum_shift: int
    watt_hour: int
    """Base units of a token in one Wh."""
    slot_bits: int
    slot_shares: tuple[int, ...]
    """A trade in a slot moves at most the meter's capacity divided by the slot's share; all together, the capacity."""
    model_inputs: int
    first_layer: int
    second_layer: int
    """Sizes of the perceptron's layers; the last has one output."""
    weight_bits: int
    weight_fraction: int
    """Weights are in units of 2^-weight_fraction, features in units of 2^-feature_fraction."""
    feature_bits: int
    feature_fraction: int
    tags: Tags


@dataclass(frozen=True)
class Signal:
    """A public signal; `length` is that of an array, None for a single number."""

    name: str
    length: int | None = None

    @property
    def singular(self) -> str:
        """The name of one element."""
        return self.name.removesuffix("s") if self.length is not None else self.name

    @property
    def elements(self) -> tuple[str, ...]:
        """The names of its numbers, as the compiler writes them: `nullifiers[0]`."""
        if self.length is None:
            return (self.name,)
        return tuple(f"{self.name}[{index}]" for index in range(self.length))


@dataclass(frozen=True)
class Circuit:
    """A circuit: its limits, its public signals and its files."""

    name: str
    max_constraints: int
    outputs: tuple[Signal, ...]
    public_inputs: tuple[Signal, ...]
    main: Path
    keys: Path = KEYS

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The public signals in their order."""
        return self.outputs + self.public_inputs

    @property
    def public_names(self) -> tuple[str, ...]:
        """The public signals in their order, each element of an array on its own."""
        return tuple(element for signal in self.signals for element in signal.elements)

    @property
    def title(self) -> str:
        """The name as contracts begin with it."""
        return self.name.capitalize()

    @property
    def wasm(self) -> Path:
        """The witness generator."""
        return self.keys / f"{self.name}.wasm"

    @property
    def zkey(self) -> Path:
        """The proving key."""
        return self.keys / f"{self.name}.zkey"

    @property
    def vkey(self) -> Path:
        """The verification key, as JSON."""
        return self.keys / f"{self.name}.vkey.json"


@dataclass(frozen=True)
class Table:
    """All circuits by name, and their parameters."""

    parameters: Parameters
    circuits: Mapping[str, Circuit]

    def circuit(self, name: str) -> Circuit:
        """One circuit. Raises CircuitError if there is none of that name."""
        try:
            return self.circuits[name]
        except KeyError:
            raise CircuitError(f"no circuit {name}: there are {', '.join(self.circuits)}") from None


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"0|[1-9]\d*", str(value)):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def _signal(text: str) -> Signal:
    match = SIGNAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no signal")
    return Signal(match[1], int(match[2]) if match[2] else None)


def _circuit(name: str, entry: Mapping[str, Any], folder: Path) -> Circuit:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a circuit")
    return Circuit(
        name,
        _whole_number(entry["maxConstraints"]),
        tuple(map(_signal, entry["outputs"])),
        tuple(map(_signal, entry["publicInputs"])),
        folder / "main" / f"{name}.circom",
        folder / "keys",
    )


def read_table(path: Path = TABLE) -> Table:
    """The circuits of a table. Raises CircuitError if the file is missing or damaged."""
    try:
        content = json.loads(path.read_text())
        tags = content["tags"]
        parameters = Parameters(
            _whole_number(content["noteTreeDepth"]),
            _whole_number(content["amountBits"]),
            _whole_number(content["registrationTreeDepth"]),
            _whole_number(content["readingsTreeDepth"]),
            _whole_number(content["readingBits"]),
            _whole_number(content["sumBits"]),
            _whole_number(content["sumShift"]),
            _whole_number(content["wattHour"]),
            _whole_number(content["slotBits"]),
            tuple(map(_whole_number, content["slotShares"])),
            _whole_number(content["modelInputs"]),
            _whole_number(content["firstLayer"]),
            _whole_number(content["secondLayer"]),
            _whole_number(content["weightBits"]),
            _whole_number(content["weightFraction"]),
            _whole_number(content["featureBits"]),
            _whole_number(content["featureFraction"]),
            Tags(
                _whole_number(tags["spendingKey"]),
                _whole_number(tags["nullifierKey"]),
                _whole_number(tags["meter"]),
                _whole_number(tags["issue"]),
                _whole_number(tags["settle"]),
                _whole_number(tags["trade"]),
                _whole_number(tags["receipt"]),
            ),
        )
        if len(parameters.slot_shares) != 1 << parameters.slot_bits:
            raise ValueError("slotShares isn't one for each slot")
        circuits = {name: _circuit(name, entry, path.parent) for name, entry in content["circuits"].items()}
    except OSError as error:
        raise CircuitError(f"the table of circuits can't be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CircuitError(f"{path} is no table of circuits ({error})") from error
    return Table(parameters, circuits)


TABLE_OF_PROJECT = read_table()
PARAMETERS = TABLE_OF_PROJECT.parameters
CIRCUITS = TABLE_OF_PROJECT.circuits
