"""A season's market as its first hour begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from offchain.deployment.manifest import Manifest
from offchain.simulate.season.chain import SeasonChain
from offchain.simulate.season.founding import Meters, capital, founded
from offchain.simulate.season.households import Foresight, Households
from offchain.simulate.season.market import HOUR, RULES, Market
from offchain.simulate.season.outside import Outside
from offchain.simulate.season.protections import Protections
from offchain.simulate.season.season import Season
from offchain.simulate.season.trading import Party, Trading
from offchain.simulate.season.unproven import Unproven
from offchain.wallet.note import ETH

SETUP = 2 * HOUR
"""Before the season: time to deploy, and for the first average."""
ETH_NOTES = 4
"""In which a participant's ETH comes in."""
ZERO = "0x" + "00" * 20
LOOSEST = 10_000
"""The widest bound that a microgrid's rules can have, in ten-thousandths."""


def begun(
    season: Season, chain: SeasonChain, manifest: Manifest, foresight: Foresight, protections: Protections
) -> Market:
    """Deploys, registers and shields; from then on the chain makes blocks only for the market."""
    rules = RULES if protections.bound else replace(RULES, max_deviation=LOOSEST)
    exchanges = founded(season, chain, manifest, rules)
    reserve = exchanges[0].eth
    meters = Meters.of(season)
    unproven = Unproven(chain.web3, manifest, chain.operator.address)
    unproven.meters = meters.register(chain, manifest)
    names = [microgrid.name for microgrid in season.microgrids]
    tokens = [manifest.address(name) for name in names]
    if not protections.participation:
        for name in names:
            chain.operator.transact(manifest.contract(chain.web3, name).functions.setTransferPolicy(ZERO))
    outside = Outside(chain.web3, manifest, names)
    won, moved = season.won_per_eth, [0] * len(names)
    trading = Trading(exchanges, tokens, unproven, outside, rules, protections, won, moved=moved)
    homes = [Party(home.microgrid, home.capacity, place) for place, home in enumerate(season.homes)]
    lines = [Party(line.ends[0], ends[0].capacity) for line, ends in zip(season.lines, meters.lines, strict=True)]
    prices = np.array([exchange.price for exchange in exchanges]) * season.won_per_eth
    market = Market(
        chain,
        Households(season, foresight, prices),
        trading,
        homes,
        lines,
        meters,
        [manifest.address(f"{name}_exchange") for name in names],
        [0] * len(names),
        [0] * len(names),
    )
    chain.by_hand()
    trading.calls += trading.outside.approvals()
    for place, home in enumerate(homes):
        if home.capacity == 0:
            home.purse.receive(ETH, capital(season, place, reserve))
            continue
        note = capital(season, place, reserve) // ETH_NOTES
        for _ in range(ETH_NOTES):
            trading.queue(unproven.shield(note), 1)
            home.purse.receive(ETH, note)
    begin = int(season.start.timestamp())
    market.block(begin)
    market.accumulated = [exchange.accumulated(begin + HOUR) for exchange in exchanges]
    return market
