"""An hour of a microgrid with many meters in accelerated time, stage by stage, as one JSON object.

    .venv/bin/python benchmarks/load.py                  200 meters, a minute or two
    .venv/bin/python benchmarks/load.py --meters 10000   the full size

It is the embedded shape: a root chain, a plasma chain of four authorities in processes of their own (each executes
every block again before it signs), SQLite, and one process that does the operator's work, one stage after the other.
Each stage says how many items it took, in how many seconds, how often it fits into the hour that those items are of
(`times_real_time`), and this process's largest memory so far. `bottleneck` is the stage with the smallest of these
numbers among those that must be done within the hour.

Trades are of `--share` of the homes, each once in the hour: half of them sell (their metered energy is issued, then
swapped for ETH), half buy and settle what they bought. Proofs of these are zeros, for verifiers that take any; all else
is what the contracts check. What real proofs take is measured apart: homes make them, each its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
import requests
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from nacl.signing import SigningKey
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.stages import HOUR, Stages, timed
from benchmarks.zk import inputs_of
from offchain.artifacts import compile_contracts
from offchain.assets import Assets
from offchain.command import Command, Number
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import Rules
from offchain.history.database import Database
from offchain.history.energy import epoch_readings
from offchain.history.intake import MOST_AT_ONCE, Intake, Status
from offchain.history.tables import meters as meters_table
from offchain.indexer.follower import Follower
from offchain.journal import Journal
from offchain.metering.card import MeterCard
from offchain.metering.ledger import Ledger, Meter
from offchain.metering.publication import Publisher
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.metering.registration import Registration
from offchain.metering.signed_reading import sign
from offchain.node import Node
from offchain.ppdl.inference.integer_model import PERCEPTRON, IntegerModel
from offchain.ppdl.inference.served import Served
from offchain.ppdl.inference.service import MOST_ROWS, forecasts_of
from offchain.relayer.fees import Fees
from offchain.relayer.relayer import Relayer
from offchain.sender import TransactionError, development_account, key_sender
from offchain.simulate.bridged_chain import BridgedChain, bridged_chain
from offchain.simulate.season.chain import Call
from offchain.simulate.season.deployment import MockProofDeployment
from offchain.simulate.season.unproven import CIPHERTEXT_BYTES, FOREVER, PROOF, Unproven
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.keys import Seed
from offchain.wallet.meter import smallest_cap
from offchain.wallet.note import ETH
from offchain.wallet.request import Operation, Request, Terms, context_hash
from offchain.zk.field import MODULUS
from offchain.zk.prover import prove

EPOCH = 900
EPOCHS = HOUR // EPOCH
RULES = Rules(epoch_length=EPOCH, correction_window=60, price_window=60, max_deviation=5_000)
MICROGRID, CAPACITY = "MG1", 4_000
DEVICE = SigningKey(b"\1" * 32)
"""All made-up meters sign with it: what a signature costs doesn't depend on the key."""
MOVED = 250 * WATT_HOUR
CAP = smallest_cap(MOVED)
"""Energy of each trade: a home's surplus or need of a quarter of an hour at 1 kW."""
OPERATOR, RELAYER = 0, 1
GAS, FLUSH_GAS = 4_000_000, 16_000_000
AT_ONCE, FLUSHED = 100, 100
RELAYED, RELAYED_AT_ONCE, PROVEN = 96, 16, 3
"""Requests through a relayer, and real proofs of each circuit, as samples."""
PATIENCE_SECONDS = 900


@dataclass
class Load:
    """A microgrid with so many meters on a plasma chain, and its operator."""

    ground: BridgedChain
    folder: Path
    count: int
    trading: int
    stages: Stages = field(default_factory=Stages)
    flushed: int = 0

    def run(self) -> None:
        """All stages."""
        self._begin()
        self._register()
        readings = self._sign()
        self._take(readings)
        trees = self._publish()
        self._trade(trees)
        self._checkpoint()
        self._relay()
        self._index()
        self._prove()
        self._forecast()

    def _begin(self) -> None:
        """The platform, and money for it."""
        operator = self.account = development_account(OPERATOR)
        self.web3 = self.ground.web3
        self.ground.deposit({operator.address: 100 * ETHER})
        self.sender = key_sender(self.web3, operator)
        self.manifest = Manifest.open(self.ground.plasma.chain_id, self.folder)
        energy = max(100, self.trading) * ETHER
        deployment = MockProofDeployment(
            self.sender, self.manifest, operator.address, 20 * ETHER, energy, rules=RULES, microgrids=[MICROGRID]
        )
        list(deployment.run())
        self.unproven = Unproven(self.web3, self.manifest, operator.address)
        self.nonce = int(self.web3.eth.get_transaction_count(operator.address))
        self.cards = [MeterCard.of(1 + number) for number in range(self.count)]
        self.database = Database(f"sqlite:///{self.folder}/history.db")

    def _register(self) -> None:
        """Into the operator's book and onto the chain, and into the history."""
        self.ledger = Ledger(self.folder / "metering")
        registration = Registration(self.sender, self.manifest, self.ledger)
        self.microgrid = registration.microgrid(MICROGRID)
        meters = [Meter(card, self.microgrid, CAPACITY) for card in self.cards]
        with self.stages.stage("registration", self.count, "meters, once", within=False):
            registration.register(meters)
        rest = {"signing_key": bytes(DEVICE.verify_key), "microgrid": MICROGRID, "capacity": CAPACITY}
        rest |= {"interval": EPOCH, "added": 0, "erased_before": 0}
        rows = [{"commitment": card.commitment.to_bytes(32, "big")} | rest for card in self.cards]
        with self.database.write() as connection:
            connection.execute(insert(meters_table), rows)
        self.nonce = int(self.web3.eth.get_transaction_count(self.sender.address))
        self.unproven.meters = int(self._registry.registrationRoot().call())
        self.begin = (self._now() // HOUR + 1) * HOUR

    @property
    def _registry(self) -> Any:
        return self.manifest.contract(self.web3, "registry").functions

    def _now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def _sign(self) -> list[dict[str, Any]]:
        """What the devices send: half of the homes feed in, the others draw."""
        signed = []
        with self.stages.stage("signing", EPOCHS * self.count, "readings, by the devices", within=False):
            for epoch in range(EPOCHS):
                for number, card in enumerate(self.cards):
                    out, into = (300, 0) if number % 2 else (0, 300)
                    commitment, start = card.commitment.to_bytes(32, "big"), self.begin + epoch * EPOCH
                    signed.append(sign(DEVICE, commitment, start, EPOCH, into, out).model_dump())
        return signed

    def _take(self, readings: Sequence[dict[str, Any]]) -> None:
        """As the routes of HTTP and MQTT hand them over."""
        intake = Intake(self.database, 24 * HOUR, lambda: self.begin + HOUR)
        with self.stages.stage("intake", len(readings), "signed readings"):
            for first in range(0, len(readings), MOST_AT_ONCE):
                outcomes = intake.take(readings[first : first + MOST_AT_ONCE])
                if any(outcome.status not in (Status.ACCEPTED, Status.LATE) for outcome in outcomes):
                    raise click.ClickException("a reading was not taken")

    def _publish(self) -> list[ReadingsTree]:
        """Out of the history, into trees and bundles, onto the chain."""
        self.ground.set_time(self.begin + HOUR + 1)
        publisher = Publisher(self.sender, self.manifest, self.microgrid, self.ledger, self.folder / "metering")
        epochs = range(self.begin // EPOCH, self.begin // EPOCH + EPOCHS)
        with self.stages.stage("publication", EPOCHS * self.count, "readings in trees and bundles, 4 transactions"):
            for epoch in epochs:
                found = epoch_readings(self.database, MICROGRID, epoch * EPOCH, EPOCH)
                if found.missing:
                    raise click.ClickException(f"{len(found.missing)} meters have no reading")
                readings = [
                    Reading(int.from_bytes(meter, "big"), exported, imported)
                    for meter, imported, exported in found.readings
                ]
                publisher.publish(epoch, readings)
        self.nonce = int(self.web3.eth.get_transaction_count(self.sender.address))
        self.ground.set_time(self._now() + RULES.correction_window + 1)
        drafts = {epoch: self.ledger.drafts(self.microgrid, epoch)[-1] for epoch in epochs}
        return [ReadingsTree.in_order(epoch, draft.readings) for epoch, draft in drafts.items()]

    def _trade(self, trees: Sequence[ReadingsTree]) -> None:
        """Issues, swaps and settlements through the leader's public endpoint, flushed as they come."""
        token, half, unproven = self.manifest.address(MICROGRID), self.trading // 2, self.unproven
        self.first_block, self.waiting = self.web3.eth.block_number + 1, 0
        self._send([unproven.shield(10 * ETHER)], 1)
        self._flush_rest()
        flushed = self.manifest.contract(self.web3, "pool").events.Flushed().get_logs(from_block=self.first_block)
        unproven.notes = int(flushed[-1]["args"]["root"])
        price = 20 * ETHER // (max(100, self.trading) * ETHER // WATT_HOUR)
        issues = [unproven.issue(self.microgrid, token, trees[place % EPOCHS]) for place in range(half)]
        with self.stages.stage("issues", half, "issues"):
            self._send(issues, 1)
        with self.stages.stage("swaps", 2 * half, "private swaps"):
            for first in range(0, half, AT_ONCE // 2):
                self._in_one_epoch()
                swaps, epoch = [], self._now() // EPOCH
                for _ in range(first, min(first + AT_ONCE // 2, half)):
                    swaps.append(unproven.swap(token, MOVED, ETH, 1, epoch, CAP))
                    swaps.append(unproven.swap(ETH, price * MOVED // WATT_HOUR * 9 // 10, token, 1, epoch, CAP))
                self._send(swaps, 3)
        settlements = [unproven.settle(self.microgrid, token, trees[place % EPOCHS]) for place in range(half)]
        with self.stages.stage("settlements", half, "settlements"):
            self._send(settlements, 1)
            self._flush_rest()
        self.stages.figures["settlements"]["notes_flushed_since_the_first_issue"] = self.flushed - 1
        self._count(half)

    def _flush_rest(self) -> None:
        self.flushed, waiting, self.waiting = self.flushed + self.waiting, self.waiting, 0
        self._send([self.unproven.flush(waiting)], 0)

    def _count(self, half: int) -> None:
        """All went through. Raises ClickException."""
        events = {"pool": {"Swapped": 2 * half}, "registry": {"Issued": half, "Settled": half}}
        for name, expected in events.items():
            contract = self.manifest.contract(self.web3, name)
            for event, count in expected.items():
                found = len(contract.events[event]().get_logs(from_block=self.first_block))
                if found != count:
                    raise click.ClickException(f"of {count} {event} the chain has {found}")

    def _in_one_epoch(self) -> None:
        """A trade names its epoch: near an epoch's end those of the next one are made."""
        now = self._now()
        if EPOCH - now % EPOCH < EPOCH // 2:
            self.ground.set_time((now // EPOCH + 1) * EPOCH)

    def _send(self, calls: Sequence[Call], notes: int) -> None:
        """Signs and sends calls, each of which leaves so many notes waiting, with flushes; waits until they are mined.
        Raises ClickException if one failed."""
        raws: list[HexBytes] = []
        for call in calls:
            raws.append(self._signed(call))
            self.waiting += notes
            if self.waiting >= FLUSHED:
                raws.append(self._signed(self.unproven.flush(self.waiting)))
                self.flushed, self.waiting = self.flushed + self.waiting, 0
        session = requests.Session()
        for first in range(0, len(raws), AT_ONCE):
            part = raws[first : first + AT_ONCE]
            body = [
                {"jsonrpc": "2.0", "id": place, "method": "eth_sendRawTransaction", "params": [raw.to_0x_hex()]}
                for place, raw in enumerate(part)
            ]
            answers = session.post(self.ground.plasma.url, json=body, timeout=120).json()
            refused = next((answer["error"] for answer in answers if "error" in answer), None)
            if refused:
                raise click.ClickException(f"the leader takes no transaction: {refused}")
            self._mined(HexBytes(keccak(part[-1])))
        for raw, call in ((raws[0], calls[0]), (raws[-1], calls[-1])):
            if self.web3.eth.get_transaction_receipt(HexBytes(keccak(raw)))["status"] != 1:
                raise click.ClickException(f"a call of {call.kind} failed: {self._why(call)}")

    def _why(self, call: Call) -> str:
        """What the contract says to a call that failed."""
        try:
            self.sender.signed({"to": call.to, "data": "0x" + call.data.hex(), "value": call.value})
        except TransactionError as error:
            return str(error)
        return "it would work now"

    def _signed(self, call: Call) -> HexBytes:
        fields: dict[str, Any] = {"to": call.to, "data": "0x" + call.data.hex(), "value": call.value, "type": 2}
        fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "chainId": self.manifest.chain_id}
        fields["gas"] = FLUSH_GAS if call.kind == "flush" else GAS
        self.nonce += 1
        return HexBytes(self.account.sign_transaction(fields | {"nonce": self.nonce - 1}).raw_transaction)

    def _mined(self, transaction: HexBytes) -> None:
        self.web3.eth.wait_for_transaction_receipt(transaction, PATIENCE_SECONDS, 0.05)

    def _checkpoint(self) -> None:
        """Until the authorities have signed all of it: they execute every block again, beside the stages before."""
        last, root = self.web3.eth.block_number, self.ground.root
        blocks = last - self.first_block + 1
        with self.stages.stage("checkpoints", blocks, "blocks of trades, left after them", within=False):
            until(lambda: root.submission_of(last))
        self.stages.figures["checkpoints"]["submitted"] = len(root.submissions())

    def _relay(self) -> None:
        """A sample of transfers through a relayer, many at a time, each tried, signed, sent and waited for, when the
        authorities have caught up: in an hour of real time they do."""
        pool, registry = self.manifest.address("pool"), self.manifest.address("registry")
        account = key_sender(self.web3, development_account(RELAYER))
        assets = Assets(self.manifest)
        fees, journal = Fees.parse(["ETH=0"], assets), Journal(self.folder / "relayer.db")
        relayer = Relayer(account, Seed.new().keys().viewing, pool, registry, fees, assets, journal)
        requested = [self._transfer(number) for number in range(RELAYED)]
        before = self.web3.eth.block_number
        with (
            self.stages.stage("relayer", RELAYED, "transfers, a sample", within=False),
            ThreadPoolExecutor(RELAYED_AT_ONCE) as threads,
        ):
            outcomes = list(threads.map(relayer.take, requested))
        if any(outcome.status != "mined" for outcome in outcomes):
            raise click.ClickException("the relayer sent something that failed")
        journal.close()
        self.stages.figures["relayer"]["blocks"] = self.web3.eth.block_number - before
        tried = self._transfer(RELAYED).transaction | {"from": account.address, "gasPrice": 0}
        self.stages.figures["relayer"]["ms_to_try_a_call"] = timed(lambda: self.web3.eth.estimate_gas(tried))  # type: ignore[arg-type]
        sent = 4 * (self.trading // 2)
        rate = float(self.stages.figures["relayer"]["per_second"])
        self.stages.figures["relayer"]["times_real_time"] = round(HOUR * rate / sent, 1)

    def _transfer(self, number: int) -> Request:
        """A transfer whose proof is zeros."""
        numbers = [int.from_bytes(keccak(text=f"{number} {place}"), "big") % MODULUS for place in range(4)]
        terms = Terms(development_account(RELAYER).address, FOREVER, bytes(CIPHERTEXT_BYTES))
        pool, chain_id = self.manifest.address("pool"), self.manifest.chain_id
        context = context_hash(chain_id, pool, Operation.TRANSFER, terms)
        signals = (*numbers, 0, self.unproven.notes, 0, 0, 0, context)
        return Request(Operation.TRANSFER, chain_id, pool, PROOF, signals, terms)

    def _index(self) -> None:
        """All events of the chain into the tables of the API."""
        follower = Follower(self.database, Node(self.web3), self.manifest)
        blocks = self.web3.eth.block_number
        with self.stages.stage("index", blocks, "blocks from the beginning, registration included"):
            follower.catch_up()
        self.database.close()

    def _prove(self) -> None:
        """A sample of real proofs, one after the other, as each home makes its own."""
        for circuit in ("issue", "trade", "settle"):
            inputs = inputs_of(circuit)
            prove(circuit, inputs)  # loads the key
            with self.stages.stage(f"proof of {circuit}", PROVEN, "real proofs, each at its home", within=False):
                for _ in range(PROVEN):
                    prove(circuit, inputs)

    def _forecast(self) -> None:
        """The next hour of every home by the common model, from JSON to JSON as its service answers. The weights are
        made up: what an answer costs doesn't depend on them."""
        chance = np.random.default_rng(1)
        count = sum((into + 1) * out for into, out in pairwise(PERCEPTRON))
        model = Served.of(IntegerModel.from_lanes(chance.integers(-(2**20), 2**20, count)))

        class Only:
            """One model."""

            def head(self) -> int:
                return 0

            def model(self, number: int) -> Served:
                return model

        rows = chance.normal(size=(self.count, PERCEPTRON[0])).round(4).tolist()
        parts = [rows[first : first + MOST_ROWS] for first in range(0, len(rows), MOST_ROWS)]
        bodies = [json.dumps({"features": part}).encode() for part in parts]
        with self.stages.stage("forecasts", self.count, "homes, their next hour"):
            made = sum(len(forecasts_of(Only(), body).forecasts) for body in bodies)
        if made != self.count:
            raise click.ClickException("a home has no forecast")


def until(what: Callable[[], Any]) -> None:
    """Waits until something is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        if time.monotonic() > deadline:
            raise click.ClickException(f"nothing came within {PATIENCE_SECONDS} s")
        time.sleep(0.2)


@click.command(cls=Command)
@click.option("--meters", type=click.IntRange(20, 10_000), default=200, show_default=True)
@click.option("--share", type=Number(0.01, 1), default=0.5, show_default=True, help="Of homes that trade.")
def main(meters: int, share: float) -> None:
    """Runs the hour and prints its figures."""
    compile_contracts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        moment = int(time.time()) // HOUR * HOUR
        with bridged_chain(folder, moment) as ground:
            load = Load(ground, folder, meters, max(2, round(meters * share)))
            load.run()
    content = {"meters": meters, "share": share, "cores": os.cpu_count(), "load_average": round(os.getloadavg()[1], 1)}
    click.echo(json.dumps(content | {"stages": load.stages.figures, "bottleneck": load.stages.bottleneck}))


if __name__ == "__main__":
    main()
