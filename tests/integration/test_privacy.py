"""What the chain shows of a week of private trading links nobody to anything, and a leak would be noticed."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offchain.wallet.ciphertext import Content, seal
from tests.privacy.linker import Linker, Result
from tests.privacy.week import Week, played

HOMES, EPOCHS, SEED = 6, 7, 20260515
UNLIKELY = 1e-6
"""Pure guessing is right as often in one of a million tries; some hundred results are held against it."""


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    with played(HOMES, EPOCHS, tmp_path_factory.mktemp("week"), SEED) as found:
        yield found


def noticed(week: Week) -> list[Result]:
    """What the linker gets right more often than guessing would."""
    return [result for result in Linker(week).results() if result.chance < UNLIKELY]


def test_the_linker_does_no_better_than_guessing(week: Week) -> None:
    """P3 issues and meters, swaps and issues, payments and who pays or is paid, nullifiers and notes: no way of
    guessing is right more often than chance."""
    results = Linker(week).results()
    assert len({result.task for result in results}) == 11
    assert all(result.asked == EPOCHS * HOMES for result in results if "nullifier" not in result.task)
    assert sum(result.asked for result in results if "nullifier" in result.task) > 12 * 2 * EPOCHS * HOMES
    assert noticed(week) == []


def test_nothing_of_an_owner_stands_in_a_transaction(week: Week) -> None:
    """P3 no key, address, meter or hidden number of any household is in calldata or logs of any private operation."""
    for household in week.households:
        viewing = household.wallet.viewing
        known = [
            viewing.public_key.to_bytes(32, "big"),
            viewing.nullifier_key.to_bytes(32, "big"),
            viewing.address.encryption_key,
            household.keys.spending_key.to_bytes(32, "big"),
            household.keys.meter_secret(0).to_bytes(32, "big"),
            household.card.commitment.to_bytes(32, "big"),
            household.card.encryption_key,
            bytes.fromhex(household.keys.account.address[2:]),
        ]
        for deed in week.deeds:
            for secret in known:
                parts = [secret[start : start + 8] for start in range(0, len(secret) - 7, 4)]
                assert not any(part in deed.seen.data for part in parts), deed.kind


def test_operations_of_a_kind_look_alike(week: Week) -> None:
    """P3 ciphertexts of a kind of operation have one length, calldata too; deadlines are round; one account sends."""
    shapes = defaultdict(set)
    later = [deed for deed in week.deeds if deed.epoch > 0]  # the first sale of all has the pool approve the exchange
    for deed in later:
        shapes[deed.kind].add((len(deed.seen.data), deed.seen.ciphertexts, len(deed.seen.numbers)))
    assert {kind: len(found) for kind, found in shapes.items()} == dict.fromkeys(("issue", "sell", "pay", "settle"), 1)
    assert {deed.seen.sender for deed in week.deeds} == {week.relayer}
    assert {deed.seen.deadline % 600 for deed in week.deeds} == {0}


def test_a_transfer_shows_neither_amount_nor_asset(week: Week) -> None:
    """P3 no public amount, and the token's or ETH's address in no byte of a transfer."""
    assets = {
        household.wallet.asset(name)[2:].lower() for household in week.households for name in ("ETH", "MG1", "MG2")
    }
    transfers = [deed.seen for deed in week.deeds if deed.kind == "pay"]
    assert len(transfers) == HOMES * EPOCHS
    assert not any(seen.amounts or any(bytes.fromhex(asset) in seen.data for asset in assets) for seen in transfers)


def planted(week: Week, change: Callable[[Week], None]) -> list[Result]:
    """What the linker notices after a change of what the chain shows."""
    leaking = copy.copy(week)
    leaking.deeds, leaking.shields = copy.deepcopy(week.deeds), copy.deepcopy(week.shields)
    change(leaking)
    return noticed(leaking)


def key_in_ciphertext(week: Week) -> None:
    for deed in (*week.deeds, *week.shields):
        deed.seen.data += week.households[deed.home].wallet.viewing.address.encryption_key


def receiver_in_ciphertext(week: Week) -> None:
    for deed in week.deeds:
        named = deed.other if deed.kind == "pay" else deed.home
        deed.seen.data += week.households[named].wallet.viewing.address.encryption_key[:8]


def length_by_home(week: Week) -> None:
    for deed in week.deeds:
        deed.seen.ciphertexts += deed.home


def slow_homes(week: Week) -> None:
    for deed in week.deeds:
        deed.seen.deadline = deed.seen.time + 600 - 3 * deed.home


def fixed_order(week: Week) -> None:
    week.deeds.sort(key=lambda deed: (deed.epoch, deed.kind, deed.home))


def amounts_by_home(week: Week) -> None:
    for deed in week.deeds:
        deed.seen.amounts = [10**18 * (deed.home + 1)]


@pytest.mark.parametrize(
    ("change", "way"),
    [
        (key_in_ciphertext, "shared bytes"),
        (receiver_in_ciphertext, "shared bytes"),
        (length_by_home, "length of ciphertexts"),
        (slow_homes, "time to the deadline"),
        (fixed_order, "same order"),
        (amounts_by_home, "amounts"),
    ],
)
def test_a_planted_leak_is_noticed(week: Week, change: Callable[[Week], None], way: str) -> None:
    """P3 the linker would find a leak: each kind of it, planted in what the chain shows, is noticed for what it is."""
    found = planted(week, change)
    assert way in {result.way for result in found}
    assert {result.way for result in found} <= {way, "reverse order"}


def test_a_wallet_that_leaks_is_noticed(tmp_path: Path) -> None:
    """P3 a wallet that puts its owner's key behind the ciphertexts still works, and is found out within two epochs."""

    def leaking(contents: list[Content]) -> bytes:
        """What seals an own note is its owner's key."""
        (own, *_) = [key for key, content in contents if isinstance(content, tuple)]
        return seal(contents) + own

    with played(HOMES, 2, tmp_path, SEED, leaking) as found:
        assert {result.way for result in noticed(found)} == {"shared bytes"}
