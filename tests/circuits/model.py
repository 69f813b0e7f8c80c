"""What the circuits must say, in plain Python: valid inputs for each of them, and the outputs that follow.

Written from the protocol, not from the circuits. Source: docs/concepts/protocol.md,
docs/reference/ppdl-protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from offchain.zk.circuits import PARAMETERS, Parameters
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from tests.inference import perceptron

TOKEN = 0x00E4E26705E4E26705E4E26705E4E26705E4E267
OTHER_TOKEN = 0xEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE
SPENDING_KEY = 0x5EED << 200
OTHER_KEY = 0x07E5 << 200
METER_SECRET = 0x3E7E << 200


@dataclass(frozen=True)
class Case:
    """Inputs of a circuit, and the outputs that belong to them, by name."""

    circuit: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    def but(self, **changed: Any) -> Case:
        """The same outputs from some other inputs."""
        assert changed.keys() <= self.inputs.keys()
        return replace(self, inputs=self.inputs | changed)

    def claiming(self, **changed: Any) -> Case:
        """Some other outputs from the same inputs."""
        assert changed.keys() <= self.outputs.keys()
        return replace(self, outputs=self.outputs | changed)

    def claiming_nothing(self) -> Case:
        """The same inputs with whatever outputs."""
        return replace(self, outputs={})


def tree_path(leaves: Mapping[int, int], index: int, depth: int) -> tuple[list[int], int]:
    """Siblings of a leaf, lowest level first, and the root; all leaves that aren't given are 0."""
    level, empty, siblings = dict(leaves), 0, []
    for _ in range(depth):
        siblings.append(level.get(index ^ 1, empty))
        parents = {place >> 1 for place in level}
        level = {place: poseidon([level.get(2 * place, empty), level.get(2 * place + 1, empty)]) for place in parents}
        empty, index = poseidon([empty, empty]), index >> 1
    return siblings, level[0]


@dataclass(frozen=True)
class Reading:
    """What a node of the sum tree shows of its side: a hash, Wh exported, Wh imported."""

    hash: int
    exported: int
    imported: int


def reading_path(leaves: Mapping[int, Reading], index: int, depth: int) -> tuple[list[Reading], Reading]:
    """Siblings of a leaf of a sum tree, lowest level first, and the root."""
    level, empty, siblings = dict(leaves), Reading(0, 0, 0), []

    def above(left: Reading, right: Reading) -> Reading:
        total = Reading(0, left.exported + right.exported, left.imported + right.imported)
        sides = [part for side in (left, right) for part in (side.hash, packed(side.exported, side.imported))]
        return replace(total, hash=poseidon(sides))

    for _ in range(depth):
        siblings.append(level.get(index ^ 1, empty))
        parents = {place >> 1 for place in level}
        level = {place: above(level.get(2 * place, empty), level.get(2 * place + 1, empty)) for place in parents}
        empty, index = above(empty, empty), index >> 1
    return siblings, level[0]


def packed(exported: int, imported: int) -> int:
    """Both sums in one field element."""
    return (exported + (imported << PARAMETERS.sum_shift)) % MODULUS


def public_key(spending_key: int) -> int:
    return poseidon([PARAMETERS.tags.spending_key, spending_key])


def nullifier_key(spending_key: int) -> int:
    return poseidon([PARAMETERS.tags.nullifier_key, spending_key])


def commitment(npk: int, asset: int, amount: int) -> int:
    return poseidon([npk, asset, amount % MODULUS])


@dataclass(frozen=True)
class Meter:
    """A registered meter and its reading of one epoch. The registration tree holds other meters too."""

    secret: int = METER_SECRET
    microgrid: int = 1
    capacity: int = 4_000
    index: int = 2
    epoch: int = 1_900_000
    exported: int = 1_500
    imported: int = 900
    reading_index: int = 1
    others: tuple[tuple[int, int, int], ...] = ((0, 700, 20), (3, 40, 1_000))
    """Index, exported and imported Wh of other meters of the sum tree."""

    @property
    def commitment(self) -> int:
        return poseidon([PARAMETERS.tags.meter, self.secret])


@dataclass(frozen=True)
class Model:
    """Makes cases for circuits with those parameters. Amounts of notes may be out of range, for lies about them."""

    parameters: Parameters = PARAMETERS
    meter: Meter = field(default_factory=Meter)
    context: int = 0xC0DE << 220

    def of(self, **changed: Any) -> Model:
        """The same with another meter."""
        return replace(self, meter=replace(self.meter, **changed))

    def joinsplit(self, *, public_amount: int = 10, public_asset: int | None = None, **notes: Any) -> Case:
        """Two notes into three and a public amount."""
        inputs, outputs = self._notes(**{"amounts": (70, 30), "outputs": (45, 50 - public_amount, 5)} | notes)
        asset = inputs["asset"] if public_asset is None else public_asset
        return Case("joinsplit", inputs | {"publicAsset": asset, "publicAmount": public_amount}, outputs)

    def consolidate(self, **notes: Any) -> Case:
        """Four notes into two."""
        inputs, outputs = self._notes(**{"amounts": (70, 30, 1, 9), "outputs": (100, 10)} | notes)
        return Case("consolidate", inputs, outputs)

    def trade(self, *, slot: int = 3, cap: int = 500, **notes: Any) -> Case:
        """A joinsplit in a trade slot of a meter."""
        case = self.joinsplit(**notes)
        inputs, outputs = self._registered()
        inputs["meterMicrogrid"] = inputs.pop("microgrid")
        nullifier = poseidon([self.parameters.tags.trade, self.meter.secret, self.meter.epoch, slot % MODULUS])
        return Case(
            "trade",
            case.inputs | inputs | {"slot": slot, "cap": cap, "epoch": self.meter.epoch},
            case.outputs | outputs | {"meterNullifier": nullifier},
        )

    def issue(self, *, outputs: Sequence[int] | None = None, void: bool = False, asset: int = TOKEN) -> Case:
        """A meter's exported energy into two notes."""
        meter, tags = self.meter, self.parameters.tags
        fee = min(7, meter.exported)
        made = self._outputs(asset, outputs or (meter.exported * self.parameters.watt_hour - fee, fee), void)
        registered, read = self._registered(), self._read()
        nullifier = poseidon([tags.issue, meter.secret, meter.epoch])
        return Case(
            "issue",
            made[0] | registered[0] | read[0] | {"asset": asset, "contextHash": self.context},
            made[1] | registered[1] | read[1] | {"meterNullifier": nullifier},
        )

    def settle(self, *, burned: int = 60, receipt_blinding: int = 1 << 250, **notes: Any) -> Case:
        """Two notes into two, and what is burned."""
        meter, tags = self.meter, self.parameters.tags
        spent = self._notes(**{"amounts": (70, 30), "outputs": (95 - burned, 5)} | notes)
        registered, read = self._registered(), self._read()
        outputs = {
            "meterNullifier": poseidon([tags.settle, meter.secret, meter.epoch]),
            "receipt": poseidon([tags.receipt, meter.commitment, burned % MODULUS, receipt_blinding]),
        }
        return Case(
            "settle",
            spent[0] | registered[0] | read[0] | {"burned": burned, "receiptBlinding": receipt_blinding},
            spent[1] | registered[1] | read[1] | outputs,
        )

    def inference(self, **changed: Any) -> Case:
        """A model's answer; `weights`, `features`, `salt` and `node` may be others."""
        parameters = self.parameters
        sizes = (parameters.model_inputs, parameters.first_layer, parameters.second_layer, 1)
        inputs: dict[str, Any] = {
            "node": 0xA0DE << 144,
            "weights": [number * 37 % 1601 - 800 for number in range(perceptron.weights_of(sizes))],
            "features": [number * 211 % 1999 - 999 for number in range(parameters.model_inputs)],
            "salt": 0x5A17 << 220,
        } | changed
        answer = perceptron.forecast(inputs["weights"], inputs["features"], sizes)
        outputs = {
            "weightHash": perceptron.weight_hash(inputs["weights"]),
            "featuresHash": perceptron.features_hash(inputs["features"], inputs["salt"]),
            "answerHash": perceptron.answer_hash(answer, inputs["salt"]),
            "ciphertext": perceptron.ciphertext(answer, inputs["salt"]),
        }
        return Case("inference", inputs, outputs)

    def typical(self, circuit: str) -> Case:
        """The case that all defaults make."""
        case = getattr(self, circuit)()
        assert isinstance(case, Case)
        return case

    def _notes(
        self,
        *,
        amounts: Sequence[int],
        outputs: Sequence[int],
        indices: Sequence[int] = (5, 2, 6, 3),
        void: bool = False,
        tree_number: int = 3,
        asset: int = TOKEN,
        assets: Sequence[int] | None = None,
        spending_key: int = SPENDING_KEY,
        owners: Sequence[int] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Inputs and outputs of the notes' part. `assets` and `owners` (their spending keys) are those of the notes in
        the tree, by default those that are spent. Notes of amount 0 are not in the tree."""
        depth, count = self.parameters.note_tree_depth, len(amounts)
        blindings = [poseidon([number, 99]) for number in range(count)]
        places = indices[:count]

        def leaf(number: int, asset: int, owner: int) -> int:
            return commitment(poseidon([public_key(owner), blindings[number]]), asset, amounts[number])

        spent = [leaf(number, asset, spending_key) for number in range(count)]
        leaves = {1: poseidon([1, 2, 3])}
        for number, amount in enumerate(amounts):
            if amount:
                leaves[places[number]] = leaf(
                    number, assets[number] if assets else asset, owners[number] if owners else spending_key
                )
        root = tree_path(leaves, 0, depth)[1]
        siblings = [
            tree_path(leaves, place, depth)[0] if amount else [poseidon([number, level]) for level in range(depth)]
            for number, (place, amount) in enumerate(zip(places, amounts, strict=True))
        ]
        inputs = {
            "root": root,
            "treeNumber": tree_number,
            "contextHash": self.context,
            "asset": asset,
            "spendingKey": spending_key,
            "inputAmounts": list(amounts),
            "inputBlindings": blindings,
            "inputIndices": list(places),
            "inputSiblings": siblings,
        }
        nullifiers = [
            poseidon([nullifier_key(spending_key), spent[number], (tree_number << depth) + places[number]])
            for number in range(count)
        ]
        made, commitments = self._outputs(asset, outputs, void)
        return inputs | made, {"nullifiers": nullifiers} | commitments

    def _outputs(self, asset: int, amounts: Sequence[int], void: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        keys = [poseidon([public_key(OTHER_KEY), number]) for number in range(len(amounts))]
        commitments = [commitment(key, asset, amount) for key, amount in zip(keys, amounts, strict=True)]
        if void:
            commitments[-1] = 0
        inputs = {"outputKeys": keys, "outputAmounts": list(amounts), "relayerVoid": int(void)}
        return inputs, {"commitments": commitments}

    def _registered(self) -> tuple[dict[str, Any], dict[str, Any]]:
        meter, depth = self.meter, self.parameters.registration_tree_depth
        others = {index: poseidon([poseidon([3, index]), 1, 2_000]) for index in (0, 3) if index != meter.index}
        leaves = others | {meter.index: poseidon([meter.commitment, meter.microgrid, meter.capacity])}
        siblings, root = tree_path(leaves, meter.index, depth)
        inputs = {
            "meterSecret": meter.secret,
            "microgrid": meter.microgrid,
            "meterCapacity": meter.capacity,
            "meterIndex": meter.index,
            "meterSiblings": siblings,
        }
        return inputs, {"registrationRoot": root}

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        meter, depth = self.meter, self.parameters.readings_tree_depth

        def leaf(commitment: int, exported: int, imported: int) -> Reading:
            hashed = poseidon([commitment, meter.epoch, packed(exported, imported)])
            return Reading(hashed, exported, imported)

        leaves = {index: leaf(poseidon([8, index]), *sums) for index, *sums in meter.others}
        leaves[meter.reading_index] = leaf(meter.commitment, meter.exported, meter.imported)
        siblings, root = reading_path(leaves, meter.reading_index, depth)
        inputs = {
            "epoch": meter.epoch,
            "exported": meter.exported,
            "imported": meter.imported,
            "readingIndex": meter.reading_index,
            "siblingHashes": [sibling.hash for sibling in siblings],
            "siblingExported": [sibling.exported for sibling in siblings],
            "siblingImported": [sibling.imported for sibling in siblings],
        }
        return inputs, {"readingsRoot": poseidon([root.hash, packed(root.exported, root.imported)])}
