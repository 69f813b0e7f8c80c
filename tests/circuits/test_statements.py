"""What circuits accept and refuse, whoever proves (`system` says how that is decided), and how large they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.zk.circuits import CIRCUITS
from offchain.zk.compiler import SNAPSHOT, Compiled
from offchain.zk.field import ELEMENT_BYTES, MODULUS
from offchain.zk.witness import witness
from tests.circuits.inference_statements import LEAST_FEATURE, LEAST_WEIGHT, MOST_FEATURE, MOST_WEIGHT
from tests.circuits.model import Case, Meter, Model
from tests.circuits.statements import MOST, MOST_SUM, MOST_WH, Spender, accepts, lies, truths
from tests.circuits.system import System, named

MODEL = Model()
elements = st.integers(0, MODULUS - 1)
readings = st.integers(0, MOST_WH)


def test_size_is_as_last_accepted(circuit: str, system: System) -> None:
    """Z5 no circuit has more constraints than its limit, nor another number than last accepted."""
    count = len(system.constraints)
    assert count <= CIRCUITS[circuit].max_constraints
    assert count == json.loads(SNAPSHOT.read_text())[circuit]


def test_true_statements_are_accepted(circuit: str, compiled: Compiled, system: System) -> None:
    """Z1 from the smallest to the largest amounts, places, epochs and readings: the circuit's own witness satisfies
    every constraint, has the outputs of the model, and is the only one."""
    for name, case in truths(MODEL, circuit).items():
        content = witness(compiled.wasm, case.inputs).values
        values = [
            int.from_bytes(content[at : at + ELEMENT_BYTES], "little") for at in range(0, len(content), ELEMENT_BYTES)
        ]
        assert system.violated(values) is None, name
        assert system.named_outputs(values) == dict(named(case.outputs)), name
        assert system.assignment(case.inputs) == values, name


def test_inputs_determine_everything_else(system: System) -> None:
    """Z2 no wire of any circuit is left to the prover's choice, and no output depends on anything but inputs."""
    assert system.undetermined == []


def test_false_statements_are_refused(circuit: str, system: System) -> None:
    """Z3 amounts from nothing, notes, meters and readings of others, wrong places, outputs and nullifiers: whatever a
    prover puts elsewhere, a constraint is violated."""
    found = lies(MODEL, circuit)
    assert len(found) > 40
    assert [name for name, case in found.items() if accepts(system, case)] == []


def test_every_public_signal_is_bound(circuit: str, system: System) -> None:
    """Z4 no public signal of a proof can be swapped for another, the context hash in particular."""
    assert system.unbound == []
    honest = system.assignment(MODEL.typical(circuit).inputs)
    for wire in range(1, 1 + system.outputs + system.public_inputs):
        swapped = [*honest[:wire], (honest[wire] + 1) % MODULUS, *honest[wire + 1 :]]
        assert system.violated(swapped) is not None, system.names[wire]


@st.composite
def spent(draw: st.DrawFn, circuit: str) -> Case:
    """A case of a circuit that spends notes, with any keys, places and amounts."""
    depth = MODEL.parameters.note_tree_depth
    first, second = draw(st.integers(0, MOST)), draw(st.integers(0, MOST))
    fee = draw(st.integers(0, min(MOST, first + second)))
    outflow = 0
    if circuit != "consolidate":
        burnable = MODEL.meter.imported * MODEL.parameters.watt_hour if circuit == "settle" else MOST
        outflow = draw(st.integers(0, min(burnable, first + second - fee)))
    least = first + second - fee - outflow - MOST
    if least > 0:  # more than the first output holds
        fee = min(MOST, fee + least)
        least = first + second - fee - outflow - MOST
        first -= max(least, 0)
    more = {
        "indices": draw(st.lists(st.integers(2, 2**depth - 1), min_size=4, max_size=4, unique=True)),
        "tree_number": draw(st.integers(0, 2**64)),
        "asset": draw(st.integers(1, 2**160 - 1)),
        "spending_key": draw(elements),
        "void": fee == 0 and draw(st.booleans()),
    }
    model = Model(context=draw(elements), meter=draw(meters()))
    return Spender(model, circuit)((first, second), first + second - fee - outflow, fee, outflow, **more)


@st.composite
def meters(draw: st.DrawFn) -> Meter:
    """Any meter that imported as much as the usual one at least, and any reading."""
    exported, imported = draw(readings), draw(st.integers(MODEL.meter.imported, MOST_WH))
    sums = st.integers(0, MOST_SUM // 2)  # both others lie below one sibling
    depth = MODEL.parameters.readings_tree_depth
    return Meter(
        secret=draw(elements),
        microgrid=draw(st.integers(1, 2**64)),
        capacity=draw(st.integers(max(exported, imported, MODEL.meter.capacity), MOST_WH)),
        index=draw(st.integers(0, 2**MODEL.parameters.registration_tree_depth - 1)),
        epoch=draw(st.integers(0, 2**64)),
        exported=exported,
        imported=imported,
        reading_index=draw(st.integers(4, 2**depth - 1)),
        others=((0, draw(sums), draw(sums)), (3, draw(sums), draw(sums))),
    )


@st.composite
def asked(draw: st.DrawFn) -> Case:
    """Any model and any request, with many numbers at their ends."""
    honest = MODEL.inference().inputs
    weight = st.sampled_from([LEAST_WEIGHT, 0, MOST_WEIGHT]) | st.integers(LEAST_WEIGHT, MOST_WEIGHT)
    feature = st.sampled_from([LEAST_FEATURE, 0, MOST_FEATURE]) | st.integers(LEAST_FEATURE, MOST_FEATURE)
    drawn = (
        draw(st.lists(number, min_size=len(honest[name]), max_size=len(honest[name])))
        for name, number in (("weights", weight), ("features", feature))
    )
    return MODEL.inference(weights=next(drawn), features=next(drawn), salt=draw(elements), node=draw(elements))


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_outputs_are_those_of_the_model(circuit: str, system: System, data: st.DataObject) -> None:
    """Z1 for any inputs."""
    if circuit == "inference":
        case = data.draw(asked())
    else:
        case = Model(meter=data.draw(meters())).issue() if circuit == "issue" else data.draw(spent(circuit))
    assert accepts(system, case)
    assert system.outputs == len(dict(named(case.outputs)))


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_circuit_is_modelled(name: str) -> None:
    """Z1 the model has the inputs and outputs of the table."""
    circuit, case = CIRCUITS[name], MODEL.typical(name)
    assert {signal.name for signal in circuit.public_inputs} <= case.inputs.keys()
    assert {signal.name for signal in circuit.outputs} == case.outputs.keys()
