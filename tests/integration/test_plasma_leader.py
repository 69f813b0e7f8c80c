"""The leader: what it acknowledged outlives any crash, blocks come out the same, and it takes nothing it shouldn't."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests
from rlp import encode

from offchain.plasma.engine import AnvilEngine, embedded
from offchain.plasma.feed import FeedClient
from offchain.plasma.genesis import Genesis, GenesisError
from offchain.plasma.jsonrpc import Refusal
from offchain.plasma.leader import HEARTBEAT_SECONDS, MOST_BYTES, MOST_WAITING, Leader, LeaderError
from offchain.plasma.log import BLOCK_KIND, Log, LogError, SealedBlock
from offchain.plasma.public_node import PublicNode
from offchain.plasma.replay import Divergence
from tests.plasma_operator import (
    ACCOUNTS,
    FAULT_STATUS,
    Client,
    Fault,
    Process,
    hash_of,
    start_leader,
    transfer,
    write_genesis,
)

Run = Callable[[Leader, AnvilEngine], Coroutine[Any, Any, None]]


@asynccontextmanager
async def leader_of(folder: Path, genesis: Path, log: type[Log] = Log, **options: Any) -> AsyncIterator[Leader]:
    """A leader that was started in this process and doesn't run yet."""
    with embedded(genesis) as engine:
        journal = log(folder, (await engine.block(0)).hash)
        try:
            leader = Leader(engine, journal, **options)
            await leader.start()
            yield leader
        finally:
            await engine.close()
            journal.close()


@asynccontextmanager
async def running(leader: Leader) -> AsyncIterator[Leader]:
    work = asyncio.create_task(leader.run())
    try:
        yield leader
    finally:
        leader.stop()
        await work


def chain_of(folder: Path, genesis: Path) -> tuple[list[SealedBlock], list[bytes]]:
    """A log's blocks and waiting transactions, after a replay."""

    async def read() -> tuple[list[SealedBlock], list[bytes]]:
        async with leader_of(folder, genesis) as leader:
            return leader.blocks(1, leader.height), [raw for _, raw in leader._log.waiting()]

    return asyncio.run(read())


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


def test_what_the_engine_refuses_is_answered_and_not_logged(tmp_path: Path) -> None:
    """E6 P9 what can't be executed is refused and leaves no trace."""
    genesis = write_genesis(tmp_path)
    bad = {
        "nonce too low": transfer(0, 0, value=2),
        "Insufficient funds": transfer(1, 0, value=10**24),
        "invalid chain id": transfer(1, 0, chainId=1),
        "max fee per gas less than block base fee": transfer(1, 0, maxFeePerGas=1),
        "intrinsic gas too low": transfer(1, 0, gas=20_000),
        "Failed to decode": b"\x02rubbish",
        "Failed to decode ": b"",
        "Failed to decode t": transfer(1, 0) + b"\0",
        "Failed to decode tr": transfer(1, 0)[:-1],
        "Failed to decode tra": b"\xff" * 12,
        "op-stack deposit": b"\x7e" + encode([bytes(32), b"a" * 20, b"b" * 20, 10**24, 0, 50_000, b"", b""]),
        "oversized data": bytes(2**17 + 1),
    }

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            good = transfer(0, 0)
            assert await leader.submit([good, good]) == [hash_of(good)] * 2  # again, while it waits
            await leader.news(0)
            outcomes = await leader.submit([*bad.values(), transfer(2, 0)])
            for reason, outcome in zip(bad, outcomes, strict=False):
                assert isinstance(outcome, Refusal)
                assert reason in outcome.message
            assert outcomes[-1] == hash_of(transfer(2, 0))
            (again,) = await leader.submit([good])
            assert isinstance(again, Refusal)  # it is in a block
            assert await leader.submit([]) == []
            await leader.news(1)

    asyncio.run(send())
    blocks, waiting = chain_of(tmp_path / "leader", genesis)
    assert [block.transactions for block in blocks] == [(transfer(0, 0),), (transfer(2, 0),)]
    assert waiting == []


def test_limits_of_what_waits(tmp_path: Path) -> None:
    """E7 nobody fills the leader."""
    genesis = write_genesis(tmp_path)

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader:  # it doesn't run: nothing is taken
            many = await leader.submit([b"x"] * (MOST_WAITING + 1))
            large = await leader.submit([bytes(MOST_BYTES), b"x"])
            assert {(one.code, one.message[:23]) for one in many if isinstance(one, Refusal)} == {
                (-32005, "too many transactions w")
            }
            assert len(many) == MOST_WAITING + 1
            assert [one.code for one in large if isinstance(one, Refusal)] == [-32005] * 2

    asyncio.run(send())


def test_a_gap_waits_and_survives_a_restart_and_a_replaced_one_does_not(tmp_path: Path) -> None:
    """E1 what is in no block yet outlives a restart."""
    genesis = write_genesis(tmp_path)

    async def first() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit([transfer(0, 1), transfer(1, 0)])
            await leader.news(0)
            await leader.submit([transfer(2, 0), transfer(2, 0, maxFeePerGas=2 * 10**11, value=5)])
            await leader.news(1)

    asyncio.run(first())
    blocks, waiting = chain_of(tmp_path / "leader", genesis)
    assert waiting == [transfer(0, 1)]
    assert [len(block.transactions) for block in blocks] == [1, 1]
    assert blocks[1].transactions == (transfer(2, 0, maxFeePerGas=2 * 10**11, value=5),)

    async def second() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit([transfer(0, 0)])
            await leader.news(2)
            (block,) = leader.blocks(3, 9)
            assert block.transactions == (transfer(0, 0), transfer(0, 1))

    asyncio.run(second())


def test_what_cannot_be_paid_any_more_is_dropped(tmp_path: Path) -> None:
    """E1 what can never be executed doesn't wait for ever."""
    genesis = write_genesis(tmp_path)
    most = 600 * 10**18

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit([transfer(0, 0, value=most), transfer(0, 1, value=most), transfer(0, 2)])
            await leader.news(0)
            (block,) = leader.blocks(1, 1)
            assert block.transactions == (transfer(0, 0, value=most),)

    asyncio.run(send())
    assert chain_of(tmp_path / "leader", genesis)[1] == []


def test_small_blocks_leave_the_rest_for_the_next_and_replay_the_same(tmp_path: Path) -> None:
    """E3 full blocks replay to the same hashes."""
    genesis = write_genesis(tmp_path, gas_limit=60_000)
    raws = [transfer(sender, nonce, gas=21_000) for nonce in range(2) for sender in range(3)]

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit(raws)
            await leader.news(2)

    asyncio.run(send())
    blocks, _ = chain_of(tmp_path / "leader", genesis)
    assert [len(block.transactions) for block in blocks] == [2, 2, 2]
    assert sorted(raw for block in blocks for raw in block.transactions) == sorted(raws)


def test_the_operators_own_transactions_come_first(tmp_path: Path) -> None:
    """E5 deposits stand at the beginning of a block."""
    genesis = write_genesis(tmp_path)

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit([transfer(0, 0)])
            await leader.news(0)  # a second before the next block
            await leader.submit([transfer(0, 1), transfer(1, 0)])
            own = asyncio.create_task(leader.inject([transfer(5, 0), transfer(5, 1)]))
            await leader.submit([transfer(2, 0)])
            await leader.news(1)
            assert await own == [hash_of(transfer(5, 0)), hash_of(transfer(5, 1))]
            await leader.submit([transfer(3, 0)])
            await leader.news(2)

    asyncio.run(send())
    blocks, _ = chain_of(tmp_path / "leader", genesis)
    assert [block.transactions for block in blocks[1:]] == [
        (transfer(0, 1), transfer(1, 0), transfer(2, 0)),
        (transfer(5, 0), transfer(5, 1), transfer(3, 0)),
    ]


def test_full_blocks_do_not_keep_the_operator_out(tmp_path: Path) -> None:
    """E5 while strangers send without end."""
    genesis = write_genesis(tmp_path, gas_limit=60_000)
    raws = [transfer(sender, nonce, gas=21_000) for nonce in range(2) for sender in range(4)]

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            await leader.submit(raws[:4])
            own = asyncio.create_task(leader.inject([transfer(5, 0, gas=21_000)]))
            await leader.news(0)
            more = asyncio.create_task(leader.submit(raws[4:]))
            await own
            assert not more.done()
            await more
            await leader.news(leader.height)

    asyncio.run(send())
    blocks, _ = chain_of(tmp_path / "leader", genesis)
    assert [block.transactions for block in blocks[:2]] == [tuple(raws[:2]), tuple(raws[2:4])]
    assert blocks[2].transactions[0] == transfer(5, 0, gas=21_000)


def test_blocks_are_a_second_apart_and_a_heartbeat_comes_each_minute(tmp_path: Path) -> None:
    """E5 time goes forward, and never faster than the clock."""
    genesis = write_genesis(tmp_path, age=0)
    begin = Genesis.read(genesis).timestamp
    clock = [float(begin)]

    async def beat() -> None:
        async with leader_of(tmp_path / "leader", genesis, clock=lambda: clock[0]) as leader, running(leader):
            await leader.submit([transfer(0, 0)])
            await asyncio.sleep(0.3)
            assert leader.height == 0  # the genesis block has this second
            clock[0] += 1.5
            await leader.news(0)
            await leader.submit([transfer(0, 1)])
            clock[0] -= 1  # a clock that was set back
            await asyncio.sleep(0.3)
            assert leader.height == 1
            clock[0] += 2
            await leader.news(1)
            clock[0] += HEARTBEAT_SECONDS - 1
            await asyncio.sleep(0.3)
            assert leader.height == 2
            clock[0] += 1
            async with asyncio.timeout(5):  # nothing wakes the leader: it looks at the clock
                await leader.news(2)
            await leader.submit([transfer(0, 3)])  # waits for nonce 2

    asyncio.run(beat())
    blocks, waiting = chain_of(tmp_path / "leader", genesis)
    assert [block.timestamp - begin for block in blocks] == [1, 2, 62]
    assert [len(block.transactions) for block in blocks] == [1, 1, 0]
    assert waiting == [transfer(0, 3)]


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


def test_a_start_takes_no_more_blocks_than_time_has_seconds(tmp_path: Path) -> None:
    """E5 at most one block a second."""
    genesis, begin = write_genesis(tmp_path, age=2), time.time()

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            for nonce in range(3):
                await leader.submit([transfer(0, nonce)])
                await leader.news(nonce)

    asyncio.run(send())
    blocks, _ = chain_of(tmp_path / "leader", genesis)
    assert all(begin - 1 <= block.timestamp <= time.time() for block in blocks)
    assert len({block.timestamp for block in blocks}) == 3
