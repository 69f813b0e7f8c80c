"""Whether the chain holds what was computed: reserves, supply, the turnstile, notes, the average's snapshots."""

from __future__ import annotations

from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.simulate.season.chain import SeasonChainError
from offchain.simulate.season.market import Market
from offchain.wallet.note import ETH

WORD_224 = 2**224


def check(market: Market, web3: Web3, manifest: Manifest) -> None:
    """Raises SeasonChainError if anything is a wei or a base unit other than computed."""
    found, computed = _found(market, web3, manifest), _computed(market)
    for what, amount in computed.items():
        if found[what] != amount:
            raise SeasonChainError(f"{what}: the chain has {found[what]}, computed were {amount}")


def _computed(market: Market) -> dict[str, int]:
    parties = [*market.homes, *market.lines]
    eth = sum(party.purse.total(ETH) for party in parties if party.capacity)
    numbers = {"ETH in the pool": eth, "ETH that may leave": eth, "notes that wait": market.trading.waiting}
    for microgrid, token, exchange, credited, moved in zip(
        market.season.microgrids,
        market.trading.tokens,
        market.trading.exchanges,
        market.credited,
        market.trading.moved,
        strict=True,
    ):
        name = microgrid.name
        time, cumulative = exchange.snapshots[-1]
        numbers |= {
            f"{name}: reserve of ETH": exchange.eth,
            f"{name}: reserve of energy": exchange.tokens,
            f"{name}: supply": exchange.tokens + sum(one.purse.total(token) for one in parties if not one.capacity),
            f"{name}: energy that may leave": credited - moved,
            f"{name}: last snapshot": time,
            f"{name}: accumulated price": cumulative % WORD_224,
        }
    return numbers


def _found(market: Market, web3: Web3, manifest: Manifest) -> dict[str, int]:
    pool = manifest.contract(web3, "pool").functions
    numbers = {
        "ETH in the pool": web3.eth.get_balance(Web3.to_checksum_address(manifest.address("pool"))),
        "ETH that may leave": pool.inside(ETH).call(),
        "notes that wait": pool.queued().call() - pool.flushed().call(),
    }
    for microgrid in market.season.microgrids:
        name = microgrid.name
        exchange, token = manifest.contract(web3, f"{name}_exchange"), manifest.contract(web3, name)
        last = exchange.functions.observationCount().call() - 1
        time, cumulative = exchange.functions.observation(last).call()
        numbers |= {
            f"{name}: reserve of ETH": web3.eth.get_balance(exchange.address),
            f"{name}: reserve of energy": token.functions.balanceOf(exchange.address).call(),
            f"{name}: supply": token.functions.totalSupply().call(),
            f"{name}: energy that may leave": pool.inside(token.address).call(),
            f"{name}: last snapshot": time,
            f"{name}: accumulated price": cumulative,
        }
    return numbers
