"""The leader: what it acknowledged outlives any crash, blocks come out the same, and it takes nothing it shouldn't."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
import requests

from offchain.plasma.engine import embedded
from offchain.plasma.feed import FeedClient
from offchain.plasma.genesis import Genesis, GenesisError
from offchain.plasma.leader import LeaderError
from offchain.plasma.log import BLOCK_KIND, Log, LogError
from offchain.plasma.public_node import PublicNode
from offchain.plasma.replay import Divergence
from tests.integration.leader import chain_of, leader_of, running
from tests.plasma_operator import (
    ACCOUNTS,
    FAULT_STATUS,
    Client,
    Fault,
    Process,
    start_leader,
    transfer,
    write_genesis,
)


class Witness:
    """A client that remembers what it was told: hashes of accepted transactions, and receipts."""

    def __init__(self) -> None:
        self.accepted: list[str] = []
        self.receipts: dict[str, tuple[str, str, str]] = {}
        self.heads: dict[int, str] = {}

    def use(self, process: Process, most: int) -> None:
        """Sends and asks until the process dies, or `most` transactions were accepted."""
        client = Client(process.url)
        try:
            nonces = [int(client.call("eth_getTransactionCount", one.address, "pending"), 16) for one in ACCOUNTS[:3]]
            for turn in range(most):
                sender = turn % 3
                self.accepted.append(client.send(transfer(sender, nonces[sender])))
                nonces[sender] += 1
                head = client.call("eth_getBlockByNumber", "latest", False)
                self.heads[int(head["number"], 16)] = head["hash"]
                self._ask(client, self.accepted[-5:])
        except requests.RequestException:
            return

    def check(self, client: Client) -> None:
        """All that was accepted is in a block, or comes into one; what was seen is as it was."""
        for sent in self.accepted:
            found = client.receipt(sent)
            seen = (found["blockNumber"], found["blockHash"], found["transactionIndex"])
            assert self.receipts.setdefault(sent, seen) == seen
        for number, digest in self.heads.items():
            assert client.call("eth_getBlockByNumber", hex(number), False)["hash"] == digest

    def _ask(self, client: Client, sent: list[str]) -> None:
        for one in sent:
            if one not in self.receipts and (found := client.call("eth_getTransactionReceipt", one)):
                self.receipts[one] = (found["blockNumber"], found["blockHash"], found["transactionIndex"])


def test_nothing_that_was_told_is_lost_wherever_the_leader_dies(tmp_path: Path) -> None:
    """E1 P6 it dies inside writes, before and after syncs, between engine and log."""
    genesis, folder, witness = write_genesis(tmp_path), tmp_path / "leader", Witness()
    faults = [Fault("half", 12), Fault("sealed", 1), Fault("admitted", 9), Fault("write", 4), Fault("written", 7)]
    for fault in [*faults, Fault("synced", 10), Fault("sealed", 2), Fault("half", 1)]:
        process = start_leader(folder, genesis, fault)
        witness.use(process, 200)
        assert process.wait() == FAULT_STATUS, fault
        process.end()
    process = start_leader(folder, genesis)
    try:
        witness.use(process, 3)
        witness.check(Client(process.url))
        assert len(witness.receipts) == len(witness.accepted) > 30
        height = int(Client(process.url).call("eth_blockNumber"), 16)
        page = FeedClient(process.urls[1]).page(1)
        assert len(page.blocks) == page.height == height
    finally:
        process.end()
    assert process.wait() == 0
    blocks, waiting = chain_of(folder, genesis)
    assert blocks == list(page.blocks)
    assert waiting == []
    times = [block.timestamp for block in blocks]
    assert times == sorted(set(times))


def test_nothing_that_was_told_is_lost_when_the_leader_is_killed(tmp_path: Path) -> None:
    """E1 P6 kill -9 at any moment."""
    genesis, folder, witness = write_genesis(tmp_path), tmp_path / "leader", Witness()
    chance = random.Random(5)
    for _ in range(3):
        process = start_leader(folder, genesis)
        witness.use(process, chance.randrange(15, 40))
        process.kill()
    process = start_leader(folder, genesis)
    try:
        witness.check(Client(process.url))
        assert len(witness.receipts) == len(witness.accepted) >= 45
    finally:
        process.end()


def test_a_block_that_comes_out_differently_is_told(tmp_path: Path) -> None:
    """E3 a restart compares every hash."""
    genesis = write_genesis(tmp_path)

    async def seal() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit([transfer(0, 0), transfer(1, 0)])
            await leader.news(0)

    asyncio.run(seal())
    (block,), _ = chain_of(tmp_path / "leader", genesis)
    changes: dict[str, Callable[[Log], None]] = {
        "hash": lambda log: log.add_block(1, block.timestamp, bytes(32), log.add_transactions(block.transactions)),
        "time": lambda log: log.add_block(1, block.timestamp - 1, block.hash, log.add_transactions(block.transactions)),
        "order": lambda log: log.add_block(
            1, block.timestamp, block.hash, log.add_transactions(block.transactions[::-1])
        ),
        "less": lambda log: log.add_block(1, block.timestamp, block.hash, log.add_transactions(block.transactions[:1])),
    }
    for name, change in changes.items():
        log = Log(tmp_path / name, block.parent)
        change(log)
        log.commit()
        log.close()
        with pytest.raises(Divergence, match=r"^block 1 is 0x[0-9a-f]{64}, executed here it is 0x[0-9a-f]{64}$"):
            chain_of(tmp_path / name, genesis)
    log = Log(tmp_path / "refused", block.parent)
    log.add_block(1, block.timestamp, block.hash, log.add_transactions([transfer(0, 0, chainId=5)]))
    log.commit()
    log.close()
    with pytest.raises(Divergence, match="block 1: transaction 0 is refused here: invalid chain id"):
        chain_of(tmp_path / "refused", genesis)


def test_a_leader_that_cannot_log_stops_and_acknowledges_nothing(tmp_path: Path) -> None:
    """E1 no acknowledgement without a sync."""

    class Full(Log):
        def _sync(self) -> None:
            raise OSError(28, "No space left on device")

    genesis = write_genesis(tmp_path)

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis, log=Full) as leader:
            work = asyncio.create_task(leader.run())
            with pytest.raises(LogError, match="No space left"):
                await leader.submit([transfer(0, 0)])
            with pytest.raises(LogError, match="No space left"):
                await work
            for wait in (leader.submit([transfer(0, 0)]), leader.settled(), leader.news(0), leader.inject([b""])):
                with pytest.raises(LogError, match="No space left"):
                    await wait

    asyncio.run(send())


def test_nobody_sees_a_block_that_the_log_does_not_have(tmp_path: Path) -> None:
    """E4 an answer waits for the log."""
    genesis, let_go, waits = write_genesis(tmp_path), Event(), Event()

    class Slow(Log):
        def _sync(self) -> None:
            if any(kind == BLOCK_KIND for kind, _ in self._added):
                waits.set()
                assert let_go.wait(20)
            super()._sync()

    async def look() -> None:
        async with leader_of(tmp_path / "leader", genesis, log=Slow) as leader, running(leader):
            node, call = PublicNode(leader), b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}'
            await leader.submit([transfer(0, 0)])
            await asyncio.to_thread(waits.wait, 20)
            assert (await leader.engine.block()).number == 1
            answers = [asyncio.create_task(node.answer(call, lambda: True)) for _ in range(3)]
            done, _ = await asyncio.wait(answers, timeout=0.5)
            assert not done
            assert leader.height == 0
            let_go.set()
            assert {await answer for answer in answers} == {b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'}
            assert leader.height == 1

    asyncio.run(look())


def test_nobody_else_may_use_the_engine(tmp_path: Path) -> None:
    """E3 a block of unknown transactions stops the leader."""
    genesis = write_genesis(tmp_path, age=120)

    async def intrude() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader:
            await leader.engine.submit([transfer(1, 0)])
            work = asyncio.create_task(leader.run())
            with pytest.raises(LeaderError, match="which was not accepted here"):
                await work

    asyncio.run(intrude())


def test_no_account_holds_more_than_the_genesis_file_says(tmp_path: Path) -> None:
    """E6 no development account holds anything."""
    genesis = write_genesis(tmp_path)

    async def look() -> None:
        with embedded(genesis) as engine:
            assert await engine.call("eth_accounts") == []
            for address in ("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", f"0x{7:040x}"):
                assert await engine.call("eth_getBalance", address, "latest") == "0x0"
            assert await engine.call("eth_getCode", "0x4e59b44847b379578588920cA78FbF26c0B4956C", "latest") == "0x"
            for address in (ACCOUNTS[0].address,):
                assert int(await engine.call("eth_getBalance", address, "latest"), 16) == 1000 * 10**18

    asyncio.run(look())


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"config": {"chainId": 1}, "alloc": {}}', "\xff"])
def test_a_genesis_file_must_say_all_that_makes_the_chain(tmp_path: Path, content: str) -> None:
    """P9 nothing is left to the engine's choice."""
    path = tmp_path / "genesis.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(GenesisError, match="is no genesis file with"):
        Genesis.read(path)
    with pytest.raises(GenesisError, match="can't be read"):
        Genesis.read(tmp_path / "none.json")
