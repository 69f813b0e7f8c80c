"""What waits at the leader: what it takes, in which order it comes into blocks, and what makes room."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from unittest.mock import patch

from rlp import encode

from offchain.plasma.envelope import MOST_GAS
from offchain.plasma.genesis import Genesis
from offchain.plasma.jsonrpc import Refusal
from offchain.plasma.leader import HEARTBEAT_SECONDS, MOST_WAITING
from offchain.plasma.waiting import MOST_BYTES, MOST_GAS_WAITING
from tests.integration.leader import chain_of, leader_of, running
from tests.plasma_operator import hash_of, transfer, write_genesis


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
        "Failed to decode tran": b"\x7e" + encode([bytes(32), b"a" * 20, b"b" * 20, 10**24, 0, 50_000, b"", b""]),
        "oversized data": bytes(2**17 + 1),
        "gas limit too high": transfer(1, 0, gas=MOST_GAS + 1),
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
            heavy = await leader.submit([transfer(0, 0, gas=MOST_GAS)] * (MOST_GAS_WAITING // MOST_GAS + 1))
            assert {one.message for one in heavy if isinstance(one, Refusal)} == {
                "gas limits of more than 1,800,000,000 at once"
            }
            assert [one.code for one in large if isinstance(one, Refusal)] == [-32005] * 2

    asyncio.run(send())


def test_a_full_pool_drops_what_cannot_be_in_a_block_yet(tmp_path: Path) -> None:
    """E7 nonces with a gap before them cost nothing and never get into a block: they don't keep others out."""
    genesis = write_genesis(tmp_path)
    gaps = [transfer(0, nonce) for nonce in range(1, 29)]

    async def send() -> None:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            with patch("offchain.plasma.leader.MOST_WAITING", len(gaps) + 2):
                many = [*gaps, transfer(2, 0), transfer(2, 2)]  # one of them can be in a block
                assert await leader.submit(many) == [hash_of(one) for one in many]
                (refusal,) = await leader.submit([transfer(1, 0)])
                assert isinstance(refusal, Refusal)
                while not isinstance((await leader.submit([transfer(1, 0)]))[0], bytes):
                    await asyncio.sleep(0.05)
                assert await leader.submit([transfer(0, 0), transfer(2, 1)])
                while len(leader._waiting):
                    await asyncio.sleep(0.05)

    asyncio.run(send())
    blocks, waiting = chain_of(tmp_path / "leader", genesis)
    taken = [raw for block in blocks for raw in block.transactions]
    assert sorted(taken) == sorted([transfer(2, 0), transfer(2, 1), transfer(1, 0), transfer(0, 0)])
    assert waiting == []


def test_heavy_transactions_do_not_keep_the_operator_out(tmp_path: Path) -> None:
    """E5 P5 whatever gas strangers reserve, at whatever nonce: only some blocks' worth stands before a delivery."""
    genesis, most = write_genesis(tmp_path, gas_limit=2 * MOST_GAS), 4 * MOST_GAS
    behind = [transfer(0, nonce, gas=MOST_GAS) for nonce in range(1, 20)]
    heavy = [transfer(1, nonce, gas=MOST_GAS) for nonce in range(20)]

    async def send() -> int:
        async with leader_of(tmp_path / "leader", genesis) as leader, running(leader):
            strangers = [asyncio.create_task(leader.submit([one])) for one in (*behind, *heavy)]
            await strangers[len(behind)]
            begin = leader.height
            assert await leader.inject([transfer(5, 0)]) == [hash_of(transfer(5, 0))]
            blocks = leader.height - begin
            assert not strangers[-1].done()
            await strangers[-1]
            return blocks

    with (
        patch("offchain.plasma.leader.MOST_GAS_WAITING", most),
        patch("offchain.plasma.waiting.MOST_GAS_WAITING", most),
    ):
        assert asyncio.run(send()) <= 5


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
