"""Whether a private day adds up: on chain, in the wallets, and between both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from offchain.deployment.parts import MICROGRIDS
from offchain.simulate.household import Household
from offchain.simulate.onlooker import PRIVATE, Sight
from offchain.simulate.private_day import PrivateDay
from offchain.units import WATT_HOUR
from offchain.wallet.note import ETH
from offchain.wallet.wallet import Wallet
from offchain.zk.circuits import PARAMETERS
from offchain.zk.poseidon import poseidon


def checks(day: PrivateDay, sights: Sequence[Sight]) -> dict[str, bool]:
    """What must hold at the end of a day, and whether it does."""
    found: dict[str, bool] = {}
    for name in MICROGRIDS:
        found |= dict(_of_energy(day, sights, name))
    found |= dict(_of_eth(day, sights))
    homes = day.households
    assets = [*day.tokens.values(), ETH]
    found["every wallet's history gives its balance"] = all(
        home.book(asset).balance == home.held(asset) for home in homes for asset in assets
    )
    found["a wallet restored from its words alone finds the same"] = _is_restored(day, homes[0])
    found["receipts opened to the operator are those on the chain"] = _receipts_hold(day)
    accounts = {sight.sender for sight in sights if sight.function in PRIVATE and sight.function != "shield"}
    found["all else than bringing ETH in was sent by the relayer"] = accounts == {day.submitter.relayer.account}
    nullifiers = [nullifier for sight in sights for nullifier in sight.nullifiers]
    found["no note was spent twice"] = len(set(nullifiers)) == len(nullifiers)
    return found


def _of_energy(day: PrivateDay, sights: Sequence[Sight], name: str) -> Iterator[tuple[str, bool]]:
    """Turnstile, supply and conservation of one microgrid's energy."""
    token = day.manifest.contract(day.web3, name)
    registry, pool = (day.manifest.contract(day.web3, contract).functions for contract in ("registry", "pool"))
    microgrid = registry.microgridOf(token.address).call()
    epochs = {sight.epoch for sight in sights if sight.microgrid == microgrid and sight.function == "issue"}
    published = [registry.readingsOf(microgrid, epoch).call() for epoch in epochs]
    metered = sum(exported for _, exported, _, _, credited in published if credited) * WATT_HOUR
    went_in, came_out = (sum(getattr(sight, side).get(token.address, 0) for sight in sights) for side in SIDES)
    inside = pool.inside(token.address).call()
    yield f"{name}: turnstile = metered + bought in - sold out", inside == metered + went_in - came_out

    exchange = token.functions.balanceOf(day.manifest.address(f"{name}_exchange")).call()
    opening = day.liquidity
    yield (
        f"{name}: tokens on chain = exchange's = founded + sold to it - bought from it",
        (token.functions.totalSupply().call() == exchange == opening + came_out - went_in),
    )

    issued = _acted(day, "issue", name)
    settled = _acted(day, "settle", name)
    held = sum(home.held(token.address) for home in day.households) + _earned(day, token.address)
    yield f"{name}: issued + bought - sold - settled = held in wallets", (issued + went_in - came_out - settled == held)
    yield f"{name}: nothing that was not metered", issued <= metered and held <= inside


def _of_eth(day: PrivateDay, sights: Sequence[Sight]) -> Iterator[tuple[str, bool]]:
    went_in, came_out = (sum(getattr(sight, side).get(ETH, 0) for sight in sights) for side in SIDES)
    pool = day.manifest.contract(day.web3, "pool")
    held = sum(home.held(ETH) for home in day.households) + _earned(day, ETH)
    inside = pool.functions.inside(ETH).call()
    yield (
        "ETH: in the pool = turnstile = brought in + sold for - bought with - taken out = held in wallets",
        (day.web3.eth.get_balance(pool.address) == inside == went_in - came_out == held),
    )


SIDES = ("went_in", "came_out")


def _acted(day: PrivateDay, kind: str, asset: str) -> int:
    return sum(act.amount for act in day.acts if (act.kind, act.asset) == (kind, asset))


def _earned(day: PrivateDay, asset: str) -> int:
    """What the relayer holds."""
    return sum(note.amount for note in day.relayer_wallet.notes(asset)[0])


def _is_restored(day: PrivateDay, household: Household) -> bool:
    folder = Path(day.folder) / "restored"
    again = Wallet(household.seed.keys(), day.web3, day.manifest, folder)
    again.sync()
    old = household.wallet
    return again.balances() == old.balances() and again.history() == old.history()


def _receipts_hold(day: PrivateDay) -> bool:
    """Owners open what they settled; the operator adds it up per home and epoch for the bill."""
    on_chain = _receipts_on_chain(day)
    billed: dict[str, int] = defaultdict(int)
    for home in day.households:
        for opened in home.wallet.receipts():
            parts = [PARAMETERS.tags.receipt, home.card.commitment, opened.burned, opened.blinding]
            if (opened.microgrid, opened.epoch, poseidon(parts)) not in on_chain:
                return False
            billed[home.name] += opened.burned
    settled: dict[str, int] = defaultdict(int)
    for act in day.acts:
        if act.kind == "settle":
            settled[act.home] += act.amount
    return billed == settled


def _receipts_on_chain(day: PrivateDay) -> set[tuple[int, int, int]]:
    events = day.manifest.contract(day.web3, "registry").events.Settled()
    found = [log["args"] for log in events.get_logs(from_block=day.first_block)]
    return {(values["microgrid"], values["epoch"], values["receipt"]) for values in found}
