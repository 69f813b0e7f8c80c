"""How many transfers a second the plasma chain's operator takes, as one JSON object.

    .venv/bin/python benchmarks/plasma.py                        everything, some minutes
    .venv/bin/python benchmarks/plasma.py --transactions 20000   a shorter log to restart from

`bare_per_second` is an engine alone, fed with batches of 500 raw transfers and told to seal every second.
`operated_per_second` is the same batches through the public endpoint, admission, the log's sync and the sealing of an
operator in a process of its own. Both took turns; figures are medians, `ratio` that of the rounds. Then another
operator takes `--transactions` transfers, a replica executes its blocks again, and the operator is started again.
`network` is of four nodes below a root chain (`benchmarks/network.py`).
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.network import measure as measure_network
from offchain.chains import ChainSpec, started
from offchain.plasma.connection import Connections
from offchain.plasma.engine import RpcEngine, embedded
from offchain.plasma.feed import FeedClient
from offchain.plasma.genesis import Genesis
from offchain.plasma.log import Log
from offchain.plasma.proxy import Access
from offchain.plasma.replica import Replica
from offchain.plasma.service import run_leader
from offchain.sender import development_account
from offchain.units import ETHER

CHAIN_ID = 950327
SENDERS, RECEIVERS, BATCH = 20, 1000, 500
CONSOLE = Console(stderr=True)


def signed(count: int) -> list[str]:
    """Raw transfers of the senders in turn, in hex. Another Anvil signs them, since that is fast."""
    addresses = [development_account(index).address for index in range(SENDERS)]

    def request(place: int) -> dict[str, Any]:
        fields = {"from": addresses[place % SENDERS], "to": f"0x{place % RECEIVERS + 2**80:040x}", "value": "0x1"}
        fields |= {"gas": "0x5208", "maxFeePerGas": hex(10**11), "maxPriorityFeePerGas": "0x0", "type": "0x2"}
        fields |= {"nonce": hex(place // SENDERS), "chainId": hex(CHAIN_ID)}
        return {"jsonrpc": "2.0", "id": place, "method": "eth_signTransaction", "params": [fields]}

    async def ask(url: str) -> list[str]:
        bodies = [
            json.dumps([request(place) for place in range(start, min(start + BATCH, count))]).encode()
            for start in range(0, count, BATCH)
        ]
        connections = Connections(url)
        answers = [json.loads(await connections.exchange(body)) for body in bodies]
        return [one["result"] for answer in answers for one in answer]

    with started(ChainSpec("signing", CHAIN_ID, 0), "--accounts", str(SENDERS)) as chain:
        return asyncio.run(ask(chain.url))


def batches(raws: Sequence[str]) -> list[bytes]:
    """Bodies of requests."""

    def call(place: int, raw: str) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": place, "method": "eth_sendRawTransaction", "params": [raw]}

    parts = [raws[start : start + BATCH] for start in range(0, len(raws), BATCH)]
    return [json.dumps([call(place, raw) for place, raw in enumerate(part)]).encode() for part in parts]


async def fed(url: str, bodies: Sequence[bytes]) -> float:
    """Sends batches one after the other; returns the seconds until the last was answered."""
    connections = Connections(url)
    begin = time.perf_counter()
    for body in bodies:
        text = await connections.exchange(body)
        if b'"error"' in text:
            raise click.ClickException(f"a transfer was refused: {text[:300].decode()}")
    seconds = time.perf_counter() - begin
    await connections.close()
    return seconds


def bare(genesis: Path, bodies: Sequence[bytes]) -> float:
    """Seconds that an engine alone takes."""

    async def measure() -> float:
        with embedded(genesis) as engine:

            async def seal() -> None:
                while True:
                    await asyncio.sleep(1)
                    await engine.seal(int(time.time()))

            sealing = asyncio.create_task(seal())
            seconds = await fed(engine.url, bodies)
            sealing.cancel()
            return seconds

    return asyncio.run(measure())


def _operate(folder: Path, genesis: Path, rpc: socket.socket, blocks: socket.socket, ready: Any) -> None:
    run_leader(folder, genesis, rpc, blocks, lambda leader, waiting: ready.set(), Access(per_minute=None))


@contextmanager
def operator(folder: Path, genesis: Path) -> Iterator[tuple[str, str, float]]:
    """An operator in a process of its own: URLs of its endpoint and of its feed, seconds that it took to start."""
    rpc, blocks = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_operate, args=(folder, genesis, rpc, blocks, ready))
    begin = time.perf_counter()
    process.start()
    try:
        while not ready.wait(0.05):
            if not process.is_alive():
                raise click.ClickException("the operator did not start")
        seconds = time.perf_counter() - begin
        urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in (rpc, blocks)]
        yield urls[0], urls[1], seconds
    finally:
        process.terminate()
        process.join()
        rpc.close()
        blocks.close()


def operated(folder: Path, genesis: Path, bodies: Sequence[bytes]) -> float:
    """Seconds that a new operator takes."""
    with operator(folder, genesis) as (url, _, _):
        return asyncio.run(fed(url, bodies))


async def sealed(url: str, count: int) -> None:
    """Waits until transfers are in blocks."""
    engine = RpcEngine(url)
    last = [development_account(index).address for index in range(SENDERS)]
    while sum([int(await engine.call("eth_getTransactionCount", one, "latest"), 16) for one in last]) < count:
        await asyncio.sleep(0.1)
    await engine.close()


async def replicated(folder: Path, genesis: Path, url: str, height: int) -> float:
    """Seconds in which a new replica executes and logs the leader's blocks."""
    with embedded(genesis) as engine:
        journal = Log(folder, (await engine.block(0)).hash)
        replica = Replica(engine, journal, FeedClient(url))
        await replica.start()
        begin = time.perf_counter()
        running = asyncio.create_task(replica.run())
        await replica.news(height - 1)
        seconds = time.perf_counter() - begin
        replica.stop()
        await running
        journal.close()
        return seconds


def write_genesis(path: Path) -> None:
    """A chain on which the senders hold something; its genesis block is an hour old."""
    holder = {"balance": hex(10**6 * ETHER)}
    holders = {str(development_account(index).address): holder for index in range(SENDERS)}
    Genesis(CHAIN_ID, int(time.time()) - 3600, f"0x{2**80:040x}", accounts=holders).write(path)


@click.command(help=__doc__)
@click.option("--rounds", default=5, show_default=True, help="Rounds of the comparison.")
@click.option("--transfers", default=20_000, show_default=True, help="Transfers of a round.")
@click.option("--transactions", default=100_000, show_default=True, help="Transfers of the log to restart from.")
@click.option("--network-transfers", default=5_000, show_default=True, help="Transfers on a network of four nodes.")
def main(rounds: int, transfers: int, transactions: int, network_transfers: int) -> None:
    CONSOLE.print("signing")
    raws = signed(max(transfers, transactions))
    bodies, long = batches(raws[:transfers]), batches(raws[:transactions])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        genesis = folder / "genesis.json"
        write_genesis(genesis)
        alone, whole = [], []
        for place in range(rounds):
            CONSOLE.print(f"round {place + 1} of {rounds}")
            alone.append(transfers / bare(genesis, bodies))
            whole.append(transfers / operated(folder / f"round-{place}", genesis, bodies))
        CONSOLE.print(f"{transactions:,} transfers for a log")
        with operator(folder / "leader", genesis) as (url, feed, _):
            producing = asyncio.run(fed(url, long))
            asyncio.run(sealed(url, transactions))
            height = FeedClient(feed).page(1, 1).height
            CONSOLE.print("a replica")
            replaying = asyncio.run(replicated(folder / "replica", genesis, feed, height))
        CONSOLE.print("a restart")
        with operator(folder / "leader", genesis) as (_, _, restarting):
            pass
        figures = {
            "bare_per_second": median(alone),
            "operated_per_second": median(whole),
            "ratio": median(b / a for a, b in zip(alone, whole, strict=True)),
            "rounds": [{"bare": a, "operated": b} for a, b in zip(alone, whole, strict=True)],
            "log": {
                "transactions": transactions,
                "blocks": height,
                "bytes": (folder / "leader" / "plasma.log").stat().st_size,
                "produced_per_second": transactions / producing,
                "replica_per_second": transactions / replaying,
                "restart_seconds": restarting,
            },
        }
    CONSOLE.print("four nodes and a root chain")
    figures["network"] = measure_network(network_transfers)
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
