"""A circuit's witness, computed by the WebAssembly that circom compiled it to.

Source: circom 2's witness calculator interface (`init`, `setInputSignal`, `getWitness`, ... and a shared piece of
memory through which field elements go) and the file format `.wtns` that provers read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from wasmtime import Engine, Func, FuncType, Instance, Linker, Memory, Module, Store, ValType, WasmtimeError

from offchain import durable_file
from offchain.environment import CACHE
from offchain.errors import UserError
from offchain.zk.field import ELEMENT_BYTES, MODULUS

WORDS = ELEMENT_BYTES // 4
PAGE = 65536

# Calls the calculator once for each signal and word. From Python each of these calls would take microseconds.
COPIER = """
(module
  (import "circuit" "getWitness" (func $select (param i32)))
  (import "circuit" "readSharedRWMemory" (func $word (param i32) (result i32)))
  (memory (export "memory") 0)
  (func (export "copy") (param $count i32) (param $words i32)
    (local $signal i32) (local $place i32) (local $at i32)
    (loop $signals
      (call $select (local.get $signal))
      (local.set $place (i32.const 0))
      (loop $places
        (i32.store (local.get $at) (call $word (local.get $place)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $place (i32.add (local.get $place) (i32.const 1)))
        (br_if $places (i32.lt_u (local.get $place) (local.get $words))))
      (local.set $signal (i32.add (local.get $signal) (i32.const 1)))
      (br_if $signals (i32.lt_u (local.get $signal) (local.get $count))))))
"""

REASONS = {
    "SpentNote": "a spent note's amount, blinding, index or path doesn't fit the root",
    "OptionalCommitment": "the relayer's amount is out of range, or not 0 although its note is left out",
    "NoteCommitment": "an output amount is out of range",
    "RegisteredMeter": "the meter's index is out of range",
    "PublishedReading": "a reading, its index or a sibling's sum is out of range",
    "Transaction": "the spent amounts are not what comes out and leaves, or that is out of range",
    "Joinsplit": "the public asset is not the notes' asset",
    "SlotShare": "the slot is out of range",
    "Trade": "the cap is above the slot's share of the meter's capacity",
    "Issue": "the amounts are not the exported energy, or that is above the meter's capacity",
    "Settle": "more is burned than was imported, or that is above the meter's capacity",
}
"""What is wrong when a check of that circuit template fails; the innermost of the templates named here tells."""


class WitnessError(UserError):
    """Says in one line why inputs don't satisfy a circuit."""


@dataclass(frozen=True)
class Witness:
    """All signals of a circuit, 32 bytes each, lowest byte first; the first one is 1."""

    values: bytes

    def signals(self, count: int) -> list[int]:
        """The first `count` signals after the 1: outputs, then public inputs."""
        ends = range(ELEMENT_BYTES, ELEMENT_BYTES * (count + 1), ELEMENT_BYTES)
        return [int.from_bytes(self.values[at : at + ELEMENT_BYTES], "little") for at in ends]

    def to_wtns(self) -> bytes:
        """The file that provers read: version 2, a section on the field and one with the values."""
        count = len(self.values) // ELEMENT_BYTES
        header = struct.pack("<I", ELEMENT_BYTES) + MODULUS.to_bytes(ELEMENT_BYTES, "little") + struct.pack("<I", count)
        start = b"wtns" + struct.pack("<II", 2, 2)
        sections = [struct.pack("<IQ", number, len(data)) + data for number, data in ((1, header), (2, self.values))]
        return start + b"".join(sections)


def witness(wasm: Path, inputs: Mapping[str, int | Sequence[Any]]) -> Witness:
    """The witness of a circuit for its inputs by name; arrays of any depth are flattened in order.

    Raises WitnessError for an input that is missing, unknown or of the wrong length, and if the inputs don't satisfy
    the circuit.
    """
    with closing(Store(_engine())) as store:  # its memory, the spending key in it, is not given back otherwise
        return _computed(store, load(wasm), inputs)


def _computed(store: Store, module: Module, inputs: Mapping[str, int | Sequence[Any]]) -> Witness:
    messages: list[str] = []
    instance = _instance(store, module, messages)
    calls: Any = {name: item for name, item in instance.exports(store).items() if isinstance(item, Func)}
    memory = instance.exports(store)["memory"]
    assert isinstance(memory, Memory)
    shared = calls["getSharedRWMemoryStart"](store)
    calls["init"](store, 1)
    given = 0
    for name, value in inputs.items():
        numbers = _flat(value)
        high, low = _name_hash(name)
        wanted = calls["getInputSignalSize"](store, high, low)
        if wanted != len(numbers):
            expected = f"takes {wanted}" if wanted > 0 else "has no such input"
            raise WitnessError(f"input {name} is given as {len(numbers)} numbers, the circuit {expected}")
        for place, number in enumerate(numbers):
            memory.write(store, (number % MODULUS).to_bytes(ELEMENT_BYTES, "little"), shared)
            _checked(calls["setInputSignal"], store, messages, high, low, place)
        given += len(numbers)
    if given != calls["getInputSize"](store):
        raise WitnessError(f"{given} of {calls['getInputSize'](store)} numbers of input are given")
    return Witness(_copied(store, instance, calls["getWitnessSize"](store)))


class _Failure(Exception):
    """A code that the circuit's code calls back with."""


def _checked(call: Any, store: Store, messages: list[str], *arguments: int) -> None:
    try:
        call(store, *arguments)
    except _Failure:
        text = " ".join(messages)
        trace = [word.rpartition("_")[0] for word in text.split() if "_" in word]
        reason = next((REASONS[template] for template in trace if template in REASONS), None)
        raise WitnessError(f"the inputs don't satisfy the circuit: {reason or text or 'no reason given'}") from None


def _instance(store: Store, module: Module, messages: list[str]) -> Instance:
    linker = Linker(store.engine)
    instance: Instance

    def read() -> str:
        next_character: Any = instance.exports(store)["getMessageChar"]
        return "".join(iter(lambda: chr(next_character(store)), "\0"))

    def fail(code: int) -> None:
        raise _Failure(code)

    def ignore() -> None:  # what a circuit logs; the project's circuits log nothing
        return None

    linker.define_func("runtime", "exceptionHandler", FuncType([ValType.i32()], []), fail)
    linker.define_func("runtime", "printErrorMessage", FuncType([], []), lambda: messages.append(read()))
    linker.define_func("runtime", "writeBufferMessage", FuncType([], []), ignore)
    linker.define_func("runtime", "showSharedRWMemory", FuncType([], []), ignore)
    instance = linker.instantiate(store, module)
    return instance


def _copied(store: Store, circuit: Instance, count: int) -> bytes:
    linker = Linker(store.engine)
    linker.define_instance(store, "circuit", circuit)
    exports = linker.instantiate(store, _copier()).exports(store)
    memory, copy = exports["memory"], exports["copy"]
    assert isinstance(memory, Memory)
    assert isinstance(copy, Func)
    length = count * ELEMENT_BYTES
    memory.grow(store, -(-length // PAGE))
    copy(store, count, WORDS)
    return bytes(memory.read(store, 0, length))


@cache
def _engine() -> Engine:
    return Engine()


@cache
def _copier() -> Module:
    return Module(_engine(), COPIER)


@cache
def load(wasm: Path) -> Module:
    """The circuit's machine code: compiling takes a second or more, so it is kept beside the other caches."""
    try:
        code = wasm.read_bytes()
    except OSError as error:
        raise WitnessError(f"the circuit's code can't be read: {error}") from error
    kept = CACHE / "wasm" / f"{wasm.stem}-{sha256(code).hexdigest()}.bin"
    if kept.exists():
        try:
            return Module.deserialize_file(_engine(), str(kept))
        except WasmtimeError:  # of another version of the engine or another processor
            kept.unlink(missing_ok=True)
    try:
        module = Module(_engine(), code)
    except WasmtimeError as error:
        raise WitnessError(f"{wasm} holds no circuit: {error}") from error
    durable_file.replace(kept, bytes(module.serialize()))
    return module


def _flat(value: int | Sequence[Any]) -> list[int]:
    if isinstance(value, int):
        return [value]
    return [number for part in value for number in _flat(part)]


def _name_hash(name: str) -> tuple[int, int]:
    """Both halves of the 64-bit FNV-1a hash, as the signed numbers that the engine takes."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    high, low = struct.unpack(">ii", value.to_bytes(8, "big"))
    return high, low
