"""True and false statements for each circuit, and whether its constraints accept one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from tests.circuits.inference_statements import inference_lies, inference_truths
from tests.circuits.model import OTHER_KEY, OTHER_TOKEN, TOKEN, Case, Model, commitment, nullifier_key, public_key
from tests.circuits.system import System, Violated, named

MOST = 2**128 - 1
"""The largest amount."""
MOST_WH = 2**32 - 1
"""The largest reading and capacity."""
MOST_SUM = 2**52 - 1
"""The largest sum of a node's side."""

Named = Iterator[tuple[str, Case]]


def accepts(system: System, case: Case) -> bool:
    """Whether any prover can satisfy the constraints with these inputs and outputs, whatever it puts elsewhere."""
    try:
        values = system.assignment(case.inputs)
    except Violated:
        return False
    found = system.named_outputs(values)
    return all(found[name] == value for name, value in named(case.outputs))


def truths(model: Model, circuit: str) -> dict[str, Case]:
    """Statements at the edges of what is allowed."""
    found = {"typical": model.typical(circuit)}
    if circuit == "inference":
        return found | dict(inference_truths(model))
    if circuit != "issue":
        found |= dict(_note_truths(Spender(model, circuit)))
    if circuit in ("trade", "issue", "settle"):
        found |= dict(_meter_truths(model, circuit))
    return found | dict(
        {"trade": _trade_truths, "issue": _issue_truths, "settle": _settle_truths}.get(circuit, _none)(model)
    )


def lies(model: Model, circuit: str) -> dict[str, Case]:
    """Statements that no prover may get through."""
    found: dict[str, Case] = {}
    if circuit == "inference":
        return dict(inference_lies(model))
    if circuit != "issue":
        found |= dict(_note_lies(Spender(model, circuit)))
    if circuit in ("joinsplit", "trade"):
        found |= dict(_public_amount_lies(Spender(model, circuit)))
    if circuit in ("trade", "issue", "settle"):
        found |= dict(_meter_lies(model, circuit))
    if circuit in ("issue", "settle"):
        found |= dict(_reading_lies(model, circuit))
    own = {"trade": _trade_lies, "issue": _issue_lies, "settle": _settle_lies}.get(circuit, _none)
    return found | dict(own(model))


@dataclass(frozen=True)
class Spender:
    """Makes cases of the circuits that spend notes, whatever their number of notes."""

    model: Model
    circuit: str

    def __call__(self, spent: tuple[int, int], first: int, relayer: int, outflow: int = 0, **more: Any) -> Case:
        """Two notes into the first output, the relayer's, and what leaves; other inputs and outputs are 0."""
        if self.circuit == "consolidate":
            assert not outflow
            return self.model.consolidate(amounts=(0, *spent, 0), outputs=(first, relayer), **more)
        if self.circuit == "settle":
            return self.model.settle(amounts=spent, outputs=(first, relayer), burned=outflow, **more)
        make = getattr(self.model, self.circuit)
        case = make(amounts=spent, outputs=(first, 0, relayer), public_amount=outflow, **more)
        assert isinstance(case, Case)
        return case

    @property
    def first(self) -> int:
        """Place of the first note that is spent."""
        return int(self.circuit == "consolidate")

    @property
    def levels(self) -> int:
        return self.model.parameters.note_tree_depth


def _none(model: Model) -> Named:
    yield from ()


def _note_truths(spend: Spender) -> Named:
    last = 2**spend.levels - 1
    yield "largest amounts", spend((MOST, MOST), MOST, MOST)
    yield "nothing spent", spend((0, 0), 0, 0, void=True)
    yield "one note", spend((100, 0), 95, 5)
    yield "all for the relayer", spend((70, 30), 0, 100)
    yield "no relayer", spend((70, 30), 100, 0, void=True)
    yield "relayer paid nothing", spend((70, 30), 100, 0)
    yield "first and last place", spend((70, 30), 100, 0, indices=(1, 0, last, 2) if spend.first else (0, last))
    yield "first tree", spend((70, 30), 100, 0, tree_number=0)
    yield "late tree", spend((70, 30), 100, 0, tree_number=2**64)
    yield "largest key", spend((70, 30), 100, 0, spending_key=MODULUS - 1)
    yield "empty place of any path", spend((0, 0), 0, 0, indices=(last, last, 0, 0)[: 4 if spend.first else 2])
    if spend.circuit in ("joinsplit", "trade"):
        yield "all leaves", spend((70, 30), 0, 0, 100, void=True)
        yield "the largest amount leaves", spend((MOST, 1), 1, 0, MOST)
        yield "another asset if nothing leaves", spend((70, 30), 100, 0, public_asset=OTHER_TOKEN)


def _meter_truths(model: Model, circuit: str) -> Named:
    last = 2**model.parameters.registration_tree_depth - 1
    last_reading = 2**model.parameters.readings_tree_depth - 1
    yield "first places", model.of(index=0, reading_index=0, others=((1, 5, 5),), epoch=0).typical(circuit)
    yield "last places", model.of(index=last, reading_index=last_reading, epoch=2**64 - 1).typical(circuit)
    yield "largest secret", model.of(secret=MODULUS - 1, microgrid=2**64).typical(circuit)


def _trade_truths(model: Model) -> Named:
    for slot in range(2**model.parameters.slot_bits):
        most = model.meter.capacity // model.parameters.slot_shares[slot]
        yield f"all of slot {slot}", model.trade(slot=slot, cap=most)
        yield f"no cap in slot {slot}", model.trade(slot=slot, cap=0)
    yield "largest capacity", model.of(capacity=MOST_WH).trade(cap=0)
    yield "largest capacity, largest cap", model.of(capacity=MOST_WH).trade(slot=0, cap=MOST_WH // 2)


def _issue_truths(model: Model) -> Named:
    yield "nothing exported", model.of(exported=0, imported=0).issue(outputs=(0, 0), void=True)
    yield "capacity met", model.of(exported=MOST_WH, imported=MOST_WH, capacity=MOST_WH).issue()
    yield "all for the relayer", model.issue(outputs=(0, model.meter.exported * model.parameters.watt_hour))
    yield "largest sums", model.of(others=((0, MOST_SUM, MOST_SUM), (3, MOST_SUM, MOST_SUM))).issue()


def _settle_truths(model: Model) -> Named:
    unit = model.parameters.watt_hour
    whole = model.meter.imported * unit
    yield "nothing burned", model.of(imported=0).settle(burned=0)
    yield "all imported energy burned", model.settle(amounts=(whole, 1), outputs=(1, 0), burned=whole)
    full = model.of(exported=MOST_WH, imported=MOST_WH, capacity=MOST_WH)
    yield "capacity met", full.settle(amounts=(MOST_WH * unit, 0), outputs=(0, 0), burned=MOST_WH * unit, void=True)
    yield "largest sums", model.of(others=((0, MOST_SUM, MOST_SUM), (3, MOST_SUM, MOST_SUM))).settle()


def _note_lies(spend: Spender) -> Named:
    honest = spend((70, 30), 95, 5)
    first, levels = spend.first, spend.levels
    amounts, places = honest.inputs["inputAmounts"], honest.inputs["inputIndices"]
    siblings, blindings = honest.inputs["inputSiblings"], honest.inputs["inputBlindings"]

    # Amounts
    yield "more comes out", spend((70, 30), 96, 5)
    yield "less comes out", spend((70, 30), 94, 5)
    yield "the relayer gets more", spend((70, 30), 95, 6)
    yield "first output below zero, fee above the amount", spend((70, 30), -5, 105)
    yield "fee below zero", spend((70, 30), 105, -5)
    yield "halves of the modulus", spend((70, 30), (MODULUS + 1) // 2, (MODULUS - 1) // 2 + 100)
    yield "output of 2^128", spend((MOST, 1), MOST + 1, 0)
    yield "fee of 2^128", spend((MOST, 1), 0, MOST + 1)
    yield "spent amount below zero", spend((-1, 101), 95, 5)
    yield "spent amount of 2^128", spend((MOST + 1, 0), MOST, 1)
    yield "something from nothing", spend((0, 0), 1, 0)

    # Where the spent note is
    yield "other root", honest.but(root=honest.inputs["root"] + 1)
    yield "no root", honest.but(root=0)
    for place in (first, first + 1):
        at = f"note {place - first + 1}: "
        yield (
            at + "other amount",
            honest.but(
                inputAmounts=_at(_at(amounts, place, amounts[place] + 1), 2 * first + 1 - place, 99 - amounts[place])
            ).claiming_nothing(),
        )
        yield at + "other blinding", honest.but(inputBlindings=_at(blindings, place, 5)).claiming_nothing()
        moved = honest.but(inputIndices=_at(places, place, places[place] ^ 1))
        yield at + "other place", moved.claiming_nothing()
        far = honest.but(inputIndices=_at(places, place, places[place] + 2**levels))
        yield at + "place with a bit above the depth", far.claiming_nothing()
        other = _at(siblings, place, _at(siblings[place], levels - 1, 5))
        yield at + "other path", honest.but(inputSiblings=other).claiming_nothing()
        shifted = _at(siblings, place, [*siblings[place][1:], 0])
        inner = honest.but(inputSiblings=shifted, inputIndices=_at(places, place, places[place] >> 1))
        yield at + "an inner node's path", inner.claiming_nothing()
    dummy = spend((100, 0), 95, 5)
    outside = dummy.but(inputIndices=_at(dummy.inputs["inputIndices"], first + 1, 2**levels))
    yield "empty place with a bit above the depth", outside.claiming_nothing()

    # Whose it is, and what
    keys = [OTHER_KEY, honest.inputs["spendingKey"]]
    count = len(amounts)
    yield "another's first note", spend((70, 30), 95, 5, owners=[keys[place != first] for place in range(count)])
    yield "another's second note", spend((70, 30), 95, 5, owners=[keys[place == first] for place in range(count)])
    foreign = [
        poseidon([nullifier_key(OTHER_KEY), leaf, (honest.inputs["treeNumber"] << levels) + place])
        for leaf, place in zip(_spent(honest), places, strict=True)
    ]
    for place in range(count):
        nullifiers = honest.outputs["nullifiers"]
        yield f"nullifier {place} of another key", honest.claiming(nullifiers=_at(nullifiers, place, foreign[place]))
    yield "another tree", honest.but(treeNumber=honest.inputs["treeNumber"] + 1)
    yield "notes of two assets", spend((70, 30), 95, 5, assets=[(OTHER_TOKEN, TOKEN)[p == first] for p in range(count)])
    yield "notes of another asset", spend((70, 30), 95, 5, asset=OTHER_TOKEN, assets=[TOKEN] * count)

    # What is made
    yield from _output_lies(honest, spend((70, 30), 100, 0), spend((70, 30), 95, 5, void=True))


def _output_lies(honest: Case, unpaid: Case, void_but_paid: Case) -> Named:
    """Of one case with all outputs, one whose relayer gets 0, and one whose relayer's note is void and holds more."""
    made, amounts, keys = (honest.outputs["commitments"], honest.inputs["outputAmounts"], honest.inputs["outputKeys"])
    asset = honest.inputs["asset"]
    for place, (key, amount) in enumerate(zip(keys, amounts, strict=True)):
        richer = _at(made, place, commitment(key, asset, amount + 1))
        yield f"output {place} of another amount", honest.claiming(commitments=richer)
        of_other = _at(made, place, commitment(key, OTHER_TOKEN, amount))
        yield f"output {place} of another asset", honest.claiming(commitments=of_other)
    yield "void note with an amount", void_but_paid
    yield "neither void nor not", unpaid.but(relayerVoid=2).claiming_nothing()
    last = unpaid.outputs["commitments"][-1]
    forged = commitment(keys[-1], asset, 10**24)
    partly = (1 - forged * pow(last, -1, MODULUS)) % MODULUS
    yield (
        "forged note that is partly void",
        unpaid.but(relayerVoid=partly).claiming(commitments=[*unpaid.outputs["commitments"][:-1], forged]),
    )
    yield "void note with a commitment", unpaid.but(relayerVoid=1)


def _public_amount_lies(spend: Spender) -> Named:
    yield "another asset leaves", spend((70, 30), 85, 5, 10, public_asset=OTHER_TOKEN)
    yield "an amount below zero leaves", spend((70, 30), 105, 5, -10)
    yield "2^128 leave", spend((MOST, 1), 0, 0, MOST + 1)
    yield "more leaves", spend((70, 30), 85, 5, 11)
    yield "less leaves", spend((70, 30), 85, 5, 9)


def _meter_lies(model: Model, circuit: str) -> Named:
    honest = model.typical(circuit)
    depth, meter = model.parameters.registration_tree_depth, model.meter
    microgrid = "meterMicrogrid" if circuit == "trade" else "microgrid"
    siblings = honest.inputs["meterSiblings"]
    yield "another's meter", honest.but(meterSecret=meter.secret + 1)
    yield "another microgrid's meter", honest.but(**{microgrid: meter.microgrid + 1})
    yield "another capacity", honest.but(meterCapacity=meter.capacity + 1)
    yield "another place in the registration tree", honest.but(meterIndex=meter.index ^ 1)
    far = honest.but(meterIndex=meter.index + 2**depth)
    yield "place in the registration tree with a bit above the depth", far
    yield "another path in the registration tree", honest.but(meterSiblings=_at(siblings, depth - 1, 5))
    inner = honest.but(meterSiblings=[*siblings[1:], 0], meterIndex=meter.index >> 1)
    yield "an inner node of the registration tree", inner
    for name, other in (
        ("another meter", model.of(secret=meter.secret + 1)),
        ("another epoch", model.of(epoch=meter.epoch + 1)),
    ):
        nullifier = other.typical(circuit).outputs["meterNullifier"]
        yield f"nullifier of {name}", honest.claiming(meterNullifier=nullifier)


def _reading_lies(model: Model, circuit: str) -> Named:
    honest, meter, depth = model.typical(circuit), model.meter, model.parameters.readings_tree_depth
    root = honest.outputs["readingsRoot"]
    for name, other in (
        ("more exported", model.of(exported=meter.exported + 1)),
        ("more imported", model.of(imported=meter.imported + 1)),
        ("another epoch's reading", model.of(epoch=meter.epoch + 1)),
        ("less total", model.of(others=((0, 699, 20), (3, 40, 1_000)))),
    ):
        yield name, other.typical(circuit).claiming(readingsRoot=root)
    hashes, exported = honest.inputs["siblingHashes"], honest.inputs["siblingExported"]
    for level in (0, 1, depth - 1):
        yield f"another hash at level {level}", honest.but(siblingHashes=_at(hashes, level, 5))
        more = honest.but(siblingExported=_at(exported, level, exported[level] + 1))
        yield f"another sum at level {level}", more
    shifted = {name: [*honest.inputs[name][1:], 0] for name in ("siblingHashes", "siblingExported", "siblingImported")}
    yield "an inner node of the sum tree", honest.but(**shifted, readingIndex=meter.reading_index >> 1)
    yield "another place in the sum tree", honest.but(readingIndex=meter.reading_index ^ 1)
    yield "place in the sum tree with a bit above the depth", honest.but(readingIndex=meter.reading_index + 2**depth)
    for level, place in enumerate((0, 3)):  # a tree that lies in one branch: the total is less than its leaves
        for sums in ((-5, 20), (700, -5), (MOST_SUM + 1, 20), (700, MOST_SUM + 1)):
            lying = model.of(others=((place, *sums),)).typical(circuit)
            yield f"sums {sums} at level {level}", lying
    wide = model.of(capacity=MOST_WH + 1)
    yield "2^32 Wh exported", wide.of(exported=MOST_WH + 1).typical(circuit)
    yield "2^32 Wh imported", wide.of(imported=MOST_WH + 1).typical(circuit)


def _trade_lies(model: Model) -> Named:
    yield "fifth slot", model.trade(slot=2**model.parameters.slot_bits)
    yield "slot below zero", model.trade(slot=-1)
    for slot, share in enumerate(model.parameters.slot_shares):
        yield f"a Wh more than slot {slot} moves", model.trade(slot=slot, cap=model.meter.capacity // share + 1)
    odd = model.of(capacity=4_001)
    yield "a share rounded up", odd.trade(slot=0, cap=2_001)
    other = model.trade(slot=1).outputs["meterNullifier"]
    yield "nullifier of another slot", model.trade(slot=0).claiming(meterNullifier=other)


def _issue_lies(model: Model) -> Named:
    meter, unit = model.meter, model.parameters.watt_hour
    whole = meter.exported * unit
    yield "more than the capacity exported", model.of(exported=meter.capacity + 1).issue()
    yield "one base unit more", model.issue(outputs=(whole, 1))
    yield "one base unit less", model.issue(outputs=(whole - 2, 1))
    yield "first output below zero, fee above the amount", model.issue(outputs=(-5, whole + 5))
    yield "fee below zero", model.issue(outputs=(whole + 5, -5))
    yield "halves of the modulus", model.issue(outputs=((MODULUS + 1) // 2, (MODULUS - 1) // 2 + whole))
    borrowed = model.issue(outputs=(whole + unit, 0)).but(
        exported=meter.exported + 1,
        imported=(meter.imported - pow(2**model.parameters.sum_shift, -1, MODULUS)) % MODULUS,
    )
    yield "imported energy counted as exported", borrowed
    negative = model.of(exported=-1).issue(outputs=(MODULUS - unit, 0))
    yield "less than nothing exported", negative
    yield from _output_lies(
        model.issue(), model.issue(outputs=(whole, 0)), model.issue(outputs=(whole - 5, 5), void=True)
    )


def _settle_lies(model: Model) -> Named:
    meter, unit = model.meter, model.parameters.watt_hour
    whole = meter.imported * unit
    yield "more than the capacity imported", model.of(imported=meter.capacity + 1).settle()
    yield "more burned than imported", model.settle(amounts=(whole, 1), outputs=(0, 0), burned=whole + 1)
    yield "less than nothing burned", model.settle(amounts=(70, 30), outputs=(105, 5), burned=-10)
    yield "2^128 burned", model.settle(amounts=(MOST, 1), outputs=(0, 0), burned=MOST + 1)
    yield "more burned than spent", model.settle(amounts=(70, 30), outputs=(35, 5), burned=61)
    borrowed = model.settle(amounts=(whole + unit, 0), outputs=(0, 0), burned=whole + unit).but(
        exported=meter.exported - 2**model.parameters.sum_shift, imported=meter.imported + 1
    )
    yield "exported energy counted as imported", borrowed
    yield "receipt of another amount", model.settle().claiming(receipt=model.settle(burned=61).outputs["receipt"])
    other = model.of(secret=meter.secret + 1).settle().outputs["receipt"]
    yield "receipt of another meter", model.settle().claiming(receipt=other)


def _at(items: list[Any], place: int, item: Any) -> list[Any]:
    """The list with another item at a place."""
    return [*items[:place], item, *items[place + 1 :]]


def _spent(case: Case) -> list[int]:
    """Commitments of the notes that a case spends."""
    key = case.inputs["spendingKey"]
    owner = public_key(key)
    return [
        commitment(poseidon([owner, blinding]), case.inputs["asset"], amount)
        for blinding, amount in zip(case.inputs["inputBlindings"], case.inputs["inputAmounts"], strict=True)
    ]
