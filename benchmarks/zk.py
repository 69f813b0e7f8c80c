"""How long proofs, payments, scans and trees take, as one JSON object.

    .venv/bin/python benchmarks/zk.py               everything, some minutes
    .venv/bin/python benchmarks/zk.py --only proof  one part: proof, send, scan, tree, chain

Seconds depend on the machine and what else it does; ratios are of medians of runs that took turns. `proof` compares
with the snarkjs command on the same witness. `send` is the whole command `openmg wallet send`, from its start to the
receipt. `chain` is what one local chain executes, without making the proofs.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from web3 import Web3
from web3.types import RPCEndpoint

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.inference import example
from offchain import artifacts
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.sender import Sender, development_sender, unsigned
from offchain.units import ETHER
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.request import Request
from offchain.wallet.shielding import Shielding
from offchain.wallet.transaction import Builder, Send
from offchain.wallet.wallet import Wallet
from offchain.zk.circuits import CIRCUITS, PARAMETERS, Circuit
from offchain.zk.field import MODULUS
from offchain.zk.prover import prove, prove_witness
from offchain.zk.snarkjs import snarkjs
from offchain.zk.witness import witness

ROUNDS = 5
NOTES = 10_000
METERS = 100_000
TRANSFERS = 24
FLUSHED = 64
CONSOLE = Console(stderr=True)
CHAIN = ChainSpec("plasma", 950327, 0)
FLAGS = ("--gas-limit", "1000000000", "--prune-history", "16")


def inputs_of(circuit: str) -> dict[str, Any]:
    """A valid witness's inputs, with all that is hashed at random: dummies are spent, notes of amount 0 are made."""
    if circuit == "inference":
        return example()
    chance = random.Random(circuit)
    spent, made = {"consolidate": (4, 2), "issue": (0, 2), "settle": (2, 2)}.get(circuit, (2, 3))

    def elements(*shape: int) -> Any:
        return [elements(*shape[1:]) for _ in range(shape[0])] if shape else chance.randrange(MODULUS)

    common = {"asset": int(ETH, 16), "contextHash": elements(), "relayerVoid": 0}
    common |= {"outputKeys": elements(made), "outputAmounts": [0] * made}
    spending = {"root": elements(), "treeNumber": 0, "spendingKey": elements(), "inputAmounts": [0] * spent}
    spending |= {"inputBlindings": elements(spent), "inputIndices": [5] * spent}
    spending |= {"inputSiblings": elements(spent, PARAMETERS.note_tree_depth)}
    meter = {"meterSecret": elements(), "meterCapacity": 4_000, "meterIndex": 5, "epoch": 1_944_444}
    meter |= {"meterSiblings": elements(PARAMETERS.registration_tree_depth)}
    depth = PARAMETERS.readings_tree_depth
    reading = {"microgrid": 1, "exported": 0, "imported": 2_000, "readingIndex": 5, "siblingHashes": elements(depth)}
    reading |= {"siblingExported": [chance.randrange(2**40) for _ in range(depth)]}
    reading |= {"siblingImported": [chance.randrange(2**40) for _ in range(depth)]}
    shown = {"publicAsset": 0, "publicAmount": 0}
    parts: Mapping[str, list[dict[str, Any]]] = {
        "joinsplit": [spending, shown],
        "consolidate": [spending],
        "trade": [spending, shown, meter, {"cap": 500, "slot": 3, "meterMicrogrid": 1}],
        "issue": [meter, reading],
        "settle": [spending, meter, reading, {"burned": 0, "receiptBlinding": elements()}],
    }
    return {name: value for part in [common, *parts[circuit]] for name, value in part.items()}


def measure_proof() -> dict[str, Any]:
    """Per circuit, medians: a whole proof from its inputs; the proof (and its verification) of a witness that is
    there, and the snarkjs command for the same witness."""
    figures = {}
    for name, circuit in track(CIRCUITS.items(), "proofs", console=CONSOLE):
        inputs = inputs_of(name)
        first = timed(lambda name=name, inputs=inputs: prove(name, inputs))  # type: ignore[misc]
        whole, ours, theirs = [], [], []
        with tempfile.TemporaryDirectory() as folder:
            wtns = Path(folder) / "witness.wtns"
            found = witness(circuit.wasm, inputs)
            wtns.write_bytes(found.to_wtns())
            for _ in range(ROUNDS):
                whole.append(timed(lambda name=name, inputs=inputs: prove(name, inputs)))  # type: ignore[misc]
                ours.append(timed(lambda circuit=circuit, found=found: prove_witness(circuit, found)))  # type: ignore[misc]
                theirs.append(timed(lambda circuit=circuit, wtns=wtns: snarkjs_proof(circuit, wtns)))  # type: ignore[misc]
        figures[name] = {
            "first_seconds": first,
            "seconds": median(whole),
            "proof_seconds": median(ours),
            "snarkjs_seconds": median(theirs),
            "times_faster": median(theirs) / median(ours),
        }
    return figures


def snarkjs_proof(circuit: Circuit, wtns: Path) -> None:
    """The peer's command on a witness that is there already."""
    proof, public = wtns.with_name("proof.json"), wtns.with_name("public.json")
    snarkjs("groth16", "prove", circuit.zkey, wtns, proof, public)


def measure_send() -> dict[str, Any]:
    """Seconds of the command, payer and receiver being wallets made before; a flush between payments."""
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder)) as (web3, operator, manifest):
        shell = Shell(Path(folder), str(web3.provider.endpoint_uri))  # type: ignore[attr-defined]
        for name in ("payer", "receiver"):
            shell.run("new", "--wallet", name)
        receiver = shell.run("address", "--wallet", "receiver")["address"]
        account = shell.run("address", "--wallet", "payer")["account"]
        operator.send({"to": account, "value": 100 * ETHER})
        pool = manifest.contract(web3, "pool").functions
        shell.run("shield", "10", "ETH", "--wallet", "payer")
        seconds = []
        for _ in track(range(ROUNDS), "payments", console=CONSOLE):
            operator.transact(pool.flush(FLUSHED))
            seconds.append(timed(lambda: shell.run("send", "0.01", "ETH", receiver, "--wallet", "payer")))
        return {"first_seconds": seconds[0], "seconds": median(seconds), "fastest_seconds": min(seconds)}


def measure_scan() -> dict[str, Any]:
    """A wallet that owns every tenth of the notes reads the whole pool; then only what is new."""
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder)) as (web3, operator, manifest):
        reader, other = (Seed(bytes([number]) * 16).keys() for number in (1, 2))
        pool = manifest.address("pool")
        calls = manifest.contract(web3, "pool").functions

        def shield(number: int) -> dict[str, Any]:
            owner = reader if number % 10 == 0 else other
            return Shielding.to(owner.address, ETH, ETHER // 10**6).transaction(pool)

        for start in track(range(0, NOTES, 500), "notes", console=CONSOLE):
            mine(web3, operator, [shield(number) for number in range(start, start + 500)])
            flushes = [unsigned(calls.flush(FLUSHED)) for _ in range(-(-500 // FLUSHED))]
            mine(web3, operator, flushes)
        wallet = Wallet(reader, web3, manifest, Path(folder) / "wallet")
        whole = timed(wallet.sync)
        found = wallet.balances()[0].notes
        mine(web3, operator, [shield(0)])
        return {"notes": NOTES, "own": found, "seconds": whole, "next_note_seconds": timed(wallet.sync)}


def measure_tree() -> dict[str, Any]:
    """The readings tree of many meters, and one owner's path."""
    chance = random.Random(1)
    readings = [Reading(chance.randrange(MODULUS), chance.randrange(5_000), 0) for _ in range(METERS)]
    ReadingsTree(1, readings[:2])  # loads the compiled hash
    tree: list[ReadingsTree] = []
    seconds = timed(lambda: tree.append(ReadingsTree(1, readings)))
    return {"meters": METERS, "seconds": seconds, "path_seconds": timed(lambda: tree[0].path(METERS // 2))}


def measure_chain() -> dict[str, Any]:
    """Transfers and flushed notes per second of execution on the local chain."""
    with tempfile.TemporaryDirectory() as folder, platform(Path(folder)) as (web3, operator, manifest):
        keys = Seed(bytes([1]) * 16).keys()
        pool = manifest.address("pool")
        calls = manifest.contract(web3, "pool").functions
        shields = [Shielding.to(keys.address, ETH, ETHER // 100).transaction(pool) for _ in range(8 * FLUSHED)]
        mine(web3, operator, shields)
        flushing = mine(web3, operator, [unsigned(calls.flush(FLUSHED)) for _ in range(8)])
        wallet = Wallet(keys, web3, manifest, Path(folder) / "wallet")
        wallet.sync()
        builder = Builder(keys, manifest.chain_id, pool, manifest.address("registry"), wallet.scanner.trees)
        spendable, _ = wallet.notes(ETH)
        requests: list[Request] = [
            builder.transfer([note], keys.address, note.amount, Send(2**40))
            for note in track(spendable[:TRANSFERS], "transfers", console=CONSOLE)
        ]
        executing = mine(web3, operator, [request.transaction for request in requests])
        return {
            "transfers": TRANSFERS,
            "transfers_per_second": TRANSFERS / executing,
            "notes_flushed_per_second": 8 * FLUSHED / flushing,
        }


def mine(web3: Web3, sender: Sender, transactions: list[dict[str, Any]]) -> float:
    """Puts transactions into one block; returns the seconds that the chain took to execute and seal it."""
    request = web3.provider.make_request
    request(RPCEndpoint("evm_setAutomine"), [False])
    nonce = web3.eth.get_transaction_count(sender.address)
    for place, transaction in enumerate(transactions):
        fields = {"from": sender.address, "gas": hex(4_500_000), "nonce": hex(nonce + place)}
        fields |= {"to": transaction["to"], "data": transaction["data"], "value": hex(transaction.get("value", 0))}
        sent = request(RPCEndpoint("eth_sendTransaction"), [fields])
    seconds = timed(lambda: request(RPCEndpoint("evm_mine"), []))
    request(RPCEndpoint("evm_setAutomine"), [True])
    receipt = web3.eth.get_transaction_receipt(sent["result"])
    if receipt["status"] != 1 or receipt["transactionIndex"] != len(transactions) - 1:
        raise click.ClickException("the chain did not execute all transactions in one block")
    return seconds


@contextmanager
def platform(folder: Path) -> Iterator[tuple[Web3, Sender, Manifest]]:
    """A chain with the platform on it, its operator and its manifest in `folder`."""
    with started(CHAIN, *FLAGS) as chain:
        operator = development_sender(chain.web3, 0)
        manifest = Manifest.open(chain.chain_id, folder)
        list(PlatformDeployment(operator, manifest, operator.address).run())
        yield chain.web3, operator, manifest


class Shell:
    """Runs `openmg wallet` as its user does."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.environment = os.environ | {
            "OPENMG_DEPLOYMENTS": str(folder),
            "OPENMG_WALLETS": str(folder / "wallets"),
            "OPENMG_PASSWORD": "benchmark",
        }

    def run(self, *words: str) -> dict[str, Any]:
        """What the command says with `--json`."""
        command = [str(Path(sys.executable).with_name("openmg")), "wallet", *words, "--json"]
        if words[0] not in ("new", "address"):
            command += ["--rpc", self.url]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise click.ClickException(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def timed(action: Callable[[], Any]) -> float:
    """Seconds that it takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "proof": measure_proof,
    "send": measure_send,
    "scan": measure_scan,
    "tree": measure_tree,
    "chain": measure_chain,
}


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(PARTS)), multiple=True, help="A part; can be given again.")
def main(only: tuple[str, ...]) -> None:
    artifacts.compile_contracts()
    figures = {name: measure() for name, measure in PARTS.items() if not only or name in only}
    click.echo(json.dumps(figures, indent=2, default=float))


if __name__ == "__main__":
    main()
