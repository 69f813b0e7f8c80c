"""Pools of both kinds in use, for the exchange's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from offchain.wallet.request import Request
from tests.conftest import ENOUGH_GAS, Refused
from tests.unit.formulas import DEADLINE, ETHER
from tests.unit.meters import CORRECTION_WINDOW, EPOCH_LENGTH, MAX_DEVIATION, PRICE_WINDOW, Registry
from tests.unit.shielded import Shielded, arguments, deployed

SUPPLY = 10**30
FUNDS = 10**6 * ETHER
VARIANTS = ["createExchange", "createOracleExchange"]


@dataclass(frozen=True)
class Pool:
    """An exchange and its token, with their reserves as they stand."""

    exchange: Any
    token: Any

    @property
    def eth(self) -> int:
        return int(self.exchange.balance)

    @property
    def tokens(self) -> int:
        return int(self.token.balanceOf(self.exchange))

    @property
    def k(self) -> int:
        return self.eth * self.tokens


NewPool = Callable[..., Pool]


@pytest.fixture(scope="session")
def plain_token(deployer: Any, project: Any, liquidity_provider: Any, trader: Any) -> Any:
    """An ERC-20 that provider and trader hold."""
    return funded(deployer.deploy(project.Token, SUPPLY), deployer, liquidity_provider, trader)


@pytest.fixture(scope="session")
def oracle_token(deployer: Any, project: Any, liquidity_provider: Any, trader: Any) -> Any:
    """The token of the oracle exchange: while a module runs, the pools of both kinds exist."""
    return funded(deployer.deploy(project.Token, SUPPLY), deployer, liquidity_provider, trader)


@pytest.fixture(scope="session")
def second_token(deployer: Any, project: Any, liquidity_provider: Any, trader: Any) -> Any:
    """Another ERC-20 that provider and trader hold."""
    return funded(deployer.deploy(project.Token, SUPPLY), deployer, liquidity_provider, trader)


@pytest.fixture(scope="session")
def third_token(deployer: Any, project: Any, liquidity_provider: Any, trader: Any) -> Any:
    """A third ERC-20 that provider and trader hold."""
    return funded(deployer.deploy(project.Token, SUPPLY), deployer, liquidity_provider, trader)


@pytest.fixture(scope="session")
def wallet(deployer: Any, project: Any) -> Any:
    """A contract account that accepts ETH."""
    return deployer.deploy(project.Wallet)


@pytest.fixture(scope="session")
def reenterer(deployer: Any, project: Any) -> Any:
    """A contract account that can make a call while it is called."""
    return deployer.deploy(project.Reenterer)


@pytest.fixture(scope="session")
def yes(deployer: Any, project: Any) -> Any:
    """A verifier that says yes."""
    return deployer.deploy(project.YesVerifier)


@pytest.fixture(scope="session")
def energies(deployer: Any, project: Any) -> tuple[Any, Any]:
    """The tokens of two microgrids."""
    north, south = (deployer.deploy(project.EnergyToken, name, name, deployer) for name in ("North", "South"))
    return north, south


@pytest.fixture(scope="module")
def registry_contract(
    deployer: Any,
    project: Any,
    poseidons: tuple[str, str],
    yes: Any,
    factory: Any,
    energies: tuple[Any, Any],
    operator: Any,
    neighbour: Any,
) -> Any:
    """A registry with two microgrids, which takes any proof; the deployer owns it. It has no pool yet."""
    contract = deployer.deploy(project.MeterRegistry, deployer, *poseidons, yes, yes, factory)
    for token, runs in zip(energies, (operator, neighbour), strict=True):
        rules = (runs, EPOCH_LENGTH, CORRECTION_WINDOW, PRICE_WINDOW, MAX_DEVIATION)
        contract.addMicrogrid(token, rules, sender=deployer)
    return contract


@pytest.fixture
def registry(registry_contract: Any, energies: tuple[Any, Any], operator: Any, neighbour: Any) -> Registry:
    """The registry without meters, and its reference."""
    tokens, operators = (dict(enumerate(pair, start=1)) for pair in (energies, (operator, neighbour)))
    return Registry(registry_contract, tokens, operators)


@pytest.fixture(scope="session")
def new_pool(factory: Any, deployer: Any, liquidity_provider: Any, trader: Any) -> NewPool:
    """Makes the exchange of a token, found by the provider, both its users having approved it."""

    def make(
        token: Any,
        eth: int = 5 * ETHER + 3,
        tokens: int = 10 * ETHER + 7,
        create: str = "createExchange",
    ) -> Pool:
        receipt = getattr(factory, create)(token, sender=deployer)
        kind = "UniswapOracleExchange" if create == "createOracleExchange" else "UniswapExchange"
        known = deployer.chain_manager.contracts
        if receipt.return_value in known:  # from another test's chain, undone since
            del known[receipt.return_value]
        exchange = getattr(deployer.local_project, kind).at(receipt.return_value)
        for holder in (liquidity_provider, trader):
            token.approve(exchange, 2**255, sender=holder)
        if eth:
            exchange.addLiquidity(0, tokens, DEADLINE, sender=liquidity_provider, value=eth)
        return Pool(exchange, token)

    return make


@pytest.fixture(scope="session")
def shielded(deployer: Any, operator: Any, project: Any, factory: Any, prosumer: Any, consumer: Any) -> Shielded:
    """A shielded pool and a registry whose verifiers take every proof; prosumer and consumer hold energy."""
    return deployed(deployer, operator, project, factory, prosumer, consumer)


@pytest.fixture(scope="session")
def denied(shielded: Shielded, refused: Refused, stranger: Any) -> Refused:
    """As `refused`, for a shielded request; the stranger sends it unless another is named."""

    def check(request: Request, *, error: Any, sender: Any = None, time: int | None = None) -> None:
        refused(shielded.method(request), *arguments(request), error=error, sender=sender or stranger, time=time)

    return check


@pytest.fixture(scope="session", autouse=True)
def _gas(chain: Any) -> None:
    """Gives each transaction more gas than any needs: an estimate made in the block of an oracle exchange's last trade
    is too low for a trade that turns out to be the first of the next block."""
    chain.provider.network.__dict__["gas_limit"] = ENOUGH_GAS  # where Ape keeps the configured limit


@pytest.fixture(scope="session", autouse=True)
def _before_any_module(
    _gas: None,
    plain_token: Any,
    oracle_token: Any,
    second_token: Any,
    third_token: Any,
    wallet: Any,
    reenterer: Any,
    new_pool: NewPool,
    denied: Any,
    refused: Any,
    refused_data: Any,
    recipient: Any,
    stranger: Any,
    operator: Any,
    prosumer: Any,
    consumer: Any,
    guardian: Any,
    neighbour: Any,
    poseidons: Any,
    yes: Any,
    energies: Any,
) -> None:
    """Makes what lasts for the session before any module's state, so that Ape never has to make it again."""


@pytest.fixture(scope="module", params=VARIANTS)
def pool(request: pytest.FixtureRequest, new_pool: NewPool, plain_token: Any, oracle_token: Any) -> Pool:
    """A pool in use, of each kind."""
    return new_pool(plain_token if request.param == "createExchange" else oracle_token, create=request.param)


@pytest.fixture(scope="module")
def exchange(pool: Pool) -> Any:
    """The pool's exchange."""
    return pool.exchange


@pytest.fixture(scope="module")
def token(pool: Pool) -> Any:
    """The pool's token."""
    return pool.token


@pytest.fixture(scope="module")
def other_pool(new_pool: NewPool, second_token: Any) -> Pool:
    """Another token's pool, for swaps between tokens."""
    return new_pool(second_token, eth=7 * ETHER + 11, tokens=3 * ETHER + 13)


def funded(token: Any, deployer: Any, *holders: Any) -> Any:
    """The token, after its deployer gave each holder some."""
    for holder in holders:
        token.transfer(holder, FUNDS, sender=deployer)
    return token
