"""Deploys the market: two exchange templates, the factory, and per microgrid an energy token and its exchange with
liquidity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from web3.contract import Contract

from offchain.artifacts import load
from offchain.blueprint import blueprint_transaction_data
from offchain.deployment.code import check_code
from offchain.deployment.deployment import Deployment, Step
from offchain.deployment.manifest import DeploymentError
from offchain.deployment.parts import BLUEPRINTS, MICROGRIDS, ROLES
from offchain.units import ETHER

FOREVER = 2**64
LOCAL_LIQUIDITY_ETH = 10 * ETHER
LOCAL_LIQUIDITY_TOKENS = 500 * ETHER


def check_liquidity(eth: int, tokens: int) -> None:
    """Raises DeploymentError if there is one without the other."""
    if bool(eth) != bool(tokens):
        raise DeploymentError("liquidity needs both ETH and tokens, or neither")


@dataclass
class MarketDeployment(Deployment):
    """Deploys the market with one sender. Amounts are wei and token base units; zero liquidity leaves pools empty."""

    operator: str
    liquidity_eth: int = LOCAL_LIQUIDITY_ETH
    liquidity_tokens: int = LOCAL_LIQUIDITY_TOKENS
    redeploy: bool = False
    microgrids: Sequence[str] = MICROGRIDS

    def __post_init__(self) -> None:
        check_liquidity(self.liquidity_eth, self.liquidity_tokens)
        if self.redeploy:
            self.manifest.put_aside()

    def run(self) -> Iterator[Step]:
        """Brings the chain to the state of a whole market, a step at a time. Raises DeploymentError or
        TransactionError; what was done until then stays and is found again."""
        yield from self._factory()
        for microgrid in self.microgrids:
            yield from self._microgrid(microgrid)

    def _factory(self) -> Iterator[Step]:
        for name, contract in BLUEPRINTS.items():
            yield self._ensure(name, contract, partial(self._blueprint, contract))
        yield self._ensure("factory", "UniswapFactory", partial(self._deploy, "UniswapFactory"))
        self._initialize_factory()

    def _microgrid(self, microgrid: str) -> Iterator[Step]:
        arguments = (f"{microgrid} energy", microgrid, self.sender.address)
        yield self._ensure(microgrid, "EnergyToken", partial(self._deploy, "EnergyToken", *arguments))
        self._grant_roles(microgrid)
        create = partial(self._create_exchange, microgrid)
        yield self._ensure(f"{microgrid}_exchange", "UniswapOracleExchange", create)
        self._add_liquidity(microgrid)

    def _blueprint(self, contract: str) -> str:
        data = blueprint_transaction_data(load(contract).creation)
        return str(self.sender.send({"data": data})["contractAddress"])

    def _initialize_factory(self) -> None:
        factory = self.manifest.contract(self.web3, "factory")
        calls = factory.functions
        if int(calls.exchangeTemplate().call(), 16) == 0:
            self.sender.transact(calls.initializeFactory(self.manifest.address("exchange_template")))
        if int(calls.oracleTemplate().call(), 16) == 0:
            self.sender.transact(calls.initializeOracle(self.manifest.address("oracle_template")))

    def _grant_roles(self, microgrid: str) -> None:
        token = self.manifest.contract(self.web3, microgrid)
        self._grant(token, ROLES, self.operator)
        if self.liquidity_tokens:
            self._grant(token, ("MINTER_ROLE",), self.sender.address)

    def _grant(self, token: Contract, roles: Iterable[str], account: str) -> None:
        for role in roles:
            role_id = token.functions[role]().call()
            if not token.functions.hasRole(role_id, account).call():
                self.sender.transact(token.functions.grantRole(role_id, account))

    def _create_exchange(self, microgrid: str) -> str:
        factory = self.manifest.contract(self.web3, "factory")
        token = self.manifest.address(microgrid)
        exchange = str(factory.functions.getExchange(token).call())
        if int(exchange, 16) == 0:
            self.sender.transact(factory.functions.createOracleExchange(token))
            exchange = str(factory.functions.getExchange(token).call())
        problem = check_code(self.web3, f"{microgrid}_exchange", "UniswapOracleExchange", exchange)
        if problem:
            raise DeploymentError(f"{problem}; somebody created another kind first: pass --redeploy for a new token")
        return exchange

    def _add_liquidity(self, microgrid: str) -> None:
        token = self.manifest.contract(self.web3, microgrid)
        exchange = self.manifest.contract(self.web3, f"{microgrid}_exchange")
        if not self.liquidity_eth or exchange.functions.totalSupply().call() > 0:
            return
        missing = self.liquidity_tokens - token.functions.balanceOf(self.sender.address).call()
        if missing > 0:
            self.sender.transact(token.functions.mint(self.sender.address, missing))
        self.sender.transact(token.functions.approve(exchange.address, self.liquidity_tokens))
        self.sender.transact(
            exchange.functions.addLiquidity(1, self.liquidity_tokens, FOREVER), value=self.liquidity_eth
        )
