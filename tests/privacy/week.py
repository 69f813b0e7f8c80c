"""A week of private trading on the real contracts with real wallets, and beside it the truth that only a test knows.

Keys, notes, ciphertexts, nullifiers and their order are real, and so is the witness of every proof. The proof itself is
left out, by `unproven` below: a Groth16 proof is blinded with fresh randomness whatever its witness, so there is
nothing in it to find. Homes are alike in what they make, use and trade, and act in random order: what is tested is
whether the protocol tells them apart, not whether their habits would.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web3 import Web3

from offchain.chains import PLASMA, ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS, VERIFIERS
from offchain.deployment.platform import PlatformDeployment
from offchain.node import Node
from offchain.sender import development_sender
from offchain.simulate import private_day
from offchain.simulate.household import Household, Measured
from offchain.simulate.market_day import Home
from offchain.simulate.private_day import RULES, Part, PrivateDay
from offchain.units import WATT_HOUR
from offchain.wallet import transaction
from offchain.wallet.note import ETH
from offchain.zk.circuits import TABLE_OF_PROJECT
from offchain.zk.proof import Proof
from offchain.zk.prover import Inputs, Progress, ProvenSignals
from offchain.zk.witness import witness

START = datetime(2026, 5, 15, tzinfo=UTC)
PAYER = 2
KINDS = ("issue", "sell", "pay", "settle")
Readings = dict[str, Part]


class Metered(Measured):
    """A meter that counted both ways."""

    @property
    def exported(self) -> int:
        return self.made

    @property
    def imported(self) -> int:
        return self.used


@dataclass
class Seen:
    """One transaction as the chain shows it: everything else it shows (storage, traces) follows from this."""

    data: bytes
    """Calldata, then topics and data of all logs."""
    numbers: list[int]
    """Field elements in it: nullifiers and commitments."""
    sender: str
    block: int
    time: int
    gas: int
    deadline: int
    ciphertexts: int
    """Their length."""
    amounts: list[int]
    """What is public."""


@dataclass
class Deed:
    """A transaction and the truth about it: who (a home's number), to whom, in which epoch."""

    kind: str
    epoch: int
    home: int
    seen: Seen
    other: int = -1
    sources: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Of the notes it spends: the deed that made it (kind, epoch, home), and its place there."""


@dataclass
class Week:
    """All deeds, and what the chain shows of meters and shields. Homes are numbered."""

    deeds: list[Deed]
    meters: list[Seen]
    shields: list[Deed]
    microgrids: list[str]
    households: list[Household]
    relayer: str

    def of(self, kind: str, epoch: int, microgrid: str = "") -> list[Deed]:
        """Deeds of a kind and an epoch, in the order in which they were mined."""
        return [
            deed
            for deed in self.deeds
            if (deed.kind, deed.epoch) == (kind, epoch) and microgrid in ("", self.microgrids[deed.home])
        ]

    @property
    def epochs(self) -> list[int]:
        return sorted({deed.epoch for deed in self.deeds})


def unproven(circuit: str, inputs: Inputs, progress: Progress | None = None) -> ProvenSignals:
    """Stands in for `prove` in these tests alone: the real witness' signals, and eight random numbers for a proof."""
    if progress:
        progress("witness")
    found = TABLE_OF_PROJECT.circuit(circuit)
    signals = witness(found.wasm, inputs).signals(len(found.public_names))
    return ProvenSignals(Proof.from_numbers([secrets.randbits(253) for _ in range(8)]), tuple(signals))


class UncheckedPlatform(PlatformDeployment):
    """The platform with verifiers that say yes, which no deployment of the project would take."""

    def _check_keys(self) -> None:
        """Their keys are none."""


@dataclass
class BareChain:
    """A chain without a bridge: who has a deposit gets the ETH from a development account that has some."""

    web3: Web3

    def deposit(self, amounts: Mapping[str, int]) -> None:
        payer = development_sender(self.web3, PAYER)
        for address, amount in amounts.items():
            payer.send({"to": address, "value": amount})

    def set_time(self, moment: int) -> None:
        Node(self.web3).call("evm_setNextBlockTimestamp", moment)
        Node(self.web3).call("evm_mine")


@contextmanager
def played(
    homes: int, epochs: int, folder: Path, seed: int, seal: Callable[..., bytes] | None = None
) -> Iterator[Week]:
    """A week of so many homes and epochs, gone through; `seal` replaces what encrypts notes."""
    flags = ["--timestamp", str(int(START.timestamp()) - 7200), "--block-base-fee-per-gas", "0"]
    flags.append("--disable-min-priority-fee")
    with pytest.MonkeyPatch.context() as patch, started(ChainSpec("plasma", PLASMA.chain_id, 0), *flags) as chain:
        patch.setattr(transaction, "prove", unproven)
        patch.setattr(private_day, "PlatformDeployment", UncheckedPlatform)
        patch.setattr("offchain.deployment.platform.VERIFIERS", dict.fromkeys(VERIFIERS, "YesVerifier"))
        if seal:
            patch.setattr(transaction, "seal", seal)
        nothing = np.zeros(24, np.int64)
        named = [Home(f"home-{number}", MICROGRIDS[number % 2], 0.0, nothing, nothing) for number in range(homes)]
        manifest = Manifest.open(chain.chain_id, folder)
        ground = BareChain(chain.web3)
        yield Player(PrivateDay(ground, manifest, named, list(range(epochs)), START, folder, seed)).play()


class Player:
    """Goes through a week; `day` does what a household can do."""

    def __init__(self, day: PrivateDay) -> None:
        self.day = day
        self.notes: dict[int, int] = {}

    def play(self) -> Week:
        """The week, with all that is to be known about it."""
        day = self.day
        for _ in day.prepare():
            pass
        draw = np.random.default_rng(day.seed)
        for household in day.households:
            household.measured = [Metered(*draw.integers(2_000, 3_000, 2).tolist()) for _ in day.hours]
        self._keep_notes()
        for epoch in day.hours:
            self._epoch(epoch)
        return self._told(day.web3, day.households)

    def _epoch(self, interval: int) -> None:
        day = self.day
        epoch = int(START.timestamp()) // RULES.epoch_length + interval
        day.ground.set_time((epoch + 1) * RULES.epoch_length + 1)
        day._observe()
        day._publish(interval, epoch)
        day.ground.set_time(day._time() + RULES.correction_window)
        readings = day._deliver(epoch)
        for kind in KINDS:
            for household in day._shuffled(day.households):
                getattr(self, f"_{kind}")(interval, epoch, household, readings)
            day._flush()
            self._keep_notes()

    def _issue(self, interval: int, epoch: int, household: Household, readings: Readings) -> None:
        (meter,) = household.wallet.meters()
        reading, path = readings[household.name]
        sent = household.wallet.issue(meter, epoch, reading, path, self.day.submitter, self.day.stopwatch.tell)
        self.day._note(interval, "issue", household, self.day.tokens[household.microgrid], 0, sent)

    def _sell(self, interval: int, epoch: int, household: Household, readings: Readings) -> None:
        token = self.day.tokens[household.microgrid]
        self.day._swap(interval, household, token, self.day.random.randrange(300, 900) * WATT_HOUR, ETH)

    def _pay(self, interval: int, epoch: int, household: Household, readings: Readings) -> None:
        others = [other for other in self.day.households if other is not household]
        amount = self.day.random.randrange(10**12, 10**13)
        self.day._send(interval, "pay", household, self.day.random.choice(others), ETH, amount)

    def _settle(self, interval: int, epoch: int, household: Household, readings: Readings) -> None:
        household.wallet.sync()
        (meter,) = household.wallet.meters()
        amount = self.day.random.randrange(500, 1_000) * WATT_HOUR
        reading, path = readings[household.name]
        progress = self.day.stopwatch.tell
        sent = household.wallet.settle(meter, epoch, reading, path, amount, self.day.submitter, progress)
        self.day._note(interval, "settle", household, self.day.tokens[household.microgrid], amount, sent)

    def _keep_notes(self) -> None:
        """The position of every note by its nullifier: what nobody but its owner knows."""
        for household in self.day.households:
            for note in household.wallet.store.unspent(household.wallet.viewing.public_key):
                self.notes[note.nullifier] = note.position

    def _told(self, web3: Web3, households: Sequence[Household]) -> Week:
        reader = ChainReader(web3, self.day.manifest)
        numbers = {household.name: number for number, household in enumerate(households)}
        deeds: list[Deed] = []
        made: dict[int, tuple[str, int, int, int]] = {}
        for act in self.day.acts:
            seen, positions, nullifiers = reader.transaction(act.block)
            home = numbers[act.home]
            deed = Deed(act.kind, act.interval, home, seen, numbers.get(act.other, -1))
            deed.sources = [made[self.notes[spent]] for spent in nullifiers if spent in self.notes]
            made |= {position: (act.kind, act.interval, home, place) for place, position in enumerate(positions)}
            deeds.append(deed)
        return Week(
            [deed for deed in deeds if deed.kind != "shield"],
            [_meter_seen(household) for household in households],
            [deed for deed in deeds if deed.kind == "shield"],
            [household.microgrid for household in households],
            list(households),
            self.day.submitter.relayer.account,
        )


def _meter_seen(household: Household) -> Seen:
    """A meter as its registration shows it."""
    word = household.card.commitment.to_bytes(32, "big")
    return Seen(word, [household.card.commitment], "", 0, 0, 0, 0, 0, [])


class ChainReader:
    """Reads whole transactions."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        self._node = Node(web3)
        self._pool = manifest.contract(web3, "pool")
        self._registry = manifest.contract(web3, "registry")

    def transaction(self, block: int) -> tuple[Seen, list[int], list[int]]:
        """The transaction of a block; positions of the notes it made, and the nullifiers it spent."""
        found = self._node.call("eth_getBlockByNumber", hex(block), True)
        (sent,) = found["transactions"]
        receipt = self._node.call("eth_getTransactionReceipt", sent["hash"])
        calldata = bytes.fromhex(sent["input"][2:])
        words = [bytes.fromhex(part[2:]) for log in receipt["logs"] for part in (*log["topics"], log["data"])]
        target = self._pool if int(sent["to"], 16) == int(self._pool.address, 16) else self._registry
        _, arguments = target.decode_function_input(calldata)
        terms = arguments.get("terms")
        events = self._pool.events
        logs = self._node.web3.eth.get_transaction_receipt(sent["hash"])
        queued = [event["args"] for event in events.NotesQueued().process_receipt(logs, errors=_quiet())]
        spent = [event["args"] for event in events.NullifiersSpent().process_receipt(logs, errors=_quiet())]
        swapped = [event["args"] for event in events.Swapped().process_receipt(logs, errors=_quiet())]
        (notes,) = queued
        nullifiers = [number for event in spent for number in event["nullifiers"]]
        seen = Seen(
            b"".join([calldata, *words]),
            [*nullifiers, *notes["commitments"]],
            Web3.to_checksum_address(sent["from"]),
            block,
            int(found["timestamp"], 16),
            int(receipt["gasUsed"], 16),
            terms["deadline"] if terms else 0,
            len(notes["ciphertexts"]),
            [event[side] for event in swapped for side in ("amountIn", "amountOut")],
        )
        first = int(notes["firstPosition"])
        return seen, list(range(first, first + len(notes["commitments"]))), nullifiers


def _quiet() -> Any:
    from web3.logs import DISCARD

    return DISCARD
