"""The two swap demos on a fresh market."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.errors import UserError
from offchain.exchange import Market, PoolState, input_price, input_price_without_fee
from offchain.sender import development_sender
from offchain.swap import swap_eth_to_token, swap_token_to_token
from offchain.units import ETHER


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        web3 = chain.web3
        manifest = Manifest.open(950327, tmp_path)
        deployer = development_sender(web3, 0)
        list(PlatformDeployment(deployer, manifest, deployer.address).run())
        yield Market(web3, manifest)


def test_the_worked_example_is_uniswap_v1_s(market: Market) -> None:
    """10 ETH x 500 kWh, a buyer with 1 ETH: 45.33 kWh with the fee, 45.45 without."""
    exact = Fraction(997 * 500, 10_000 + 997)
    assert input_price(ETHER, 10 * ETHER, 500 * ETHER) == int(exact * ETHER) == 45_330_544_694_007_456_579
    assert input_price_without_fee(ETHER, 10 * ETHER, 500 * ETHER) == int(Fraction(500, 11) * ETHER)

    buyer = development_sender(market.web3, 1)
    lines = list(swap_eth_to_token(market, development_sender(market.web3, 0), buyer, "MG1", ETHER))
    held = market.token("MG1").functions.balanceOf(buyer.address).call()
    assert held == 45_330_544_694_007_456_579
    assert market.state("MG1") == PoolState(11 * ETHER, 500 * ETHER - held)
    text = "\n".join(lines)
    for shown in ("10 ETH x 500 kWh", "45.330545", "45.454545", "gas ", "+20.97 %", "held"):
        assert shown in text
    assert "BROKEN" not in text


def test_energy_of_one_microgrid_for_the_other_s(market: Market) -> None:
    seller = development_sender(market.web3, 2)
    operator = development_sender(market.web3, 0)
    market.admit(operator, "MG2", seller.address)
    buy = market.exchange("MG2").functions.ethToTokenSwapOutput(10 * ETHER, market.deadline())
    seller.transact(buy, value=ETHER)
    before = {name: market.state(name) for name in ("MG1", "MG2")}
    lines = list(swap_token_to_token(market, operator, seller, "MG2", 10 * ETHER))
    eth = input_price(10 * ETHER, before["MG2"].tokens, before["MG2"].eth)
    received = input_price(eth, before["MG1"].eth, before["MG1"].tokens)
    assert market.token("MG1").functions.balanceOf(seller.address).call() == received
    assert market.token("MG2").functions.balanceOf(seller.address).call() == 0
    assert market.state("MG2") == PoolState(before["MG2"].eth - eth, before["MG2"].tokens + 10 * ETHER)
    assert market.state("MG1") == PoolState(before["MG1"].eth + eth, before["MG1"].tokens - received)
    assert "\n".join(lines).count("held") == 2


def test_what_can_t_be_swapped_is_refused_and_changes_nothing(market: Market) -> None:
    """P9: nothing to sell, more than there is, a pool without liquidity."""
    operator, buyer = (development_sender(market.web3, index) for index in (0, 1))
    before = market.state("MG1")
    with pytest.raises(UserError, match="nothing to sell"):
        list(swap_eth_to_token(market, operator, buyer, "MG1", 0))
    with pytest.raises(UserError, match="has less than"):
        list(swap_eth_to_token(market, operator, buyer, "MG1", 10**6 * ETHER))
    with pytest.raises(UserError, match="nothing to sell"):
        list(swap_token_to_token(market, operator, buyer, "MG1", 0))
    with pytest.raises(UserError, match="has less than"):
        list(swap_token_to_token(market, operator, buyer, "MG1", 500 * ETHER))
    assert market.state("MG1") == before


def test_an_empty_pool_is_named(tmp_path: Path) -> None:
    """P9: the command that fills it is told."""
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        manifest = Manifest.open(950327, tmp_path)
        deployer = development_sender(chain.web3, 0)
        list(PlatformDeployment(deployer, manifest, deployer.address, liquidity_eth=0, liquidity_tokens=0).run())
        with pytest.raises(UserError, match="has no liquidity: run"):
            list(swap_eth_to_token(Market(chain.web3, manifest), deployer, deployer, "MG1", ETHER))


def test_a_seller_without_energy_buys_it_first(market: Market) -> None:
    """The energy given is what was bought: the seller ends with none of it."""
    operator, seller = (development_sender(market.web3, index) for index in (0, 2))
    lines = list(swap_token_to_token(market, operator, seller, "MG1", 10 * ETHER))
    assert "first buys 10 kWh of MG1" in lines[0]
    assert market.token("MG1").functions.balanceOf(seller.address).call() == 0
    assert market.token("MG2").functions.balanceOf(seller.address).call() > 0
