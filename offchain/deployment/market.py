"""Deploys the market: two exchange templates, the factory, and per microgrid an energy token and its exchange with
liquidity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from offchain.artifacts import load
from offchain.blueprint import blueprint_transaction_data
from offchain.deployment.code import check_code
from offchain.deployment.deployment import Deployment, Step
from offchain.deployment.manifest import DeploymentError
from offchain.deployment.parts import BLUEPRINTS, MICROGRIDS, ROLES
from offchain.sender import Call
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
        yield from self._microgrids()

    def _factory(self) -> Iterator[Step]:
        def creation(name: str) -> dict[str, Any]:
            if name in BLUEPRINTS:
                return {"data": blueprint_transaction_data(load(BLUEPRINTS[name]).creation)}
            return self._creation("UniswapFactory")

        yield from self._ensure_all(BLUEPRINTS | {"factory": "UniswapFactory"}, creation)
        self.sender.transact_all(self._templates())

    def _templates(self) -> Iterator[Call]:
        factory = self.manifest.contract(self.web3, "factory").functions
        if int(factory.exchangeTemplate().call(), 16) == 0:
            yield factory.initializeFactory(self.manifest.address("exchange_template"))
        if int(factory.oracleTemplate().call(), 16) == 0:
            yield factory.initializeOracle(self.manifest.address("oracle_template"))

    def _microgrids(self) -> Iterator[Step]:
        """All microgrids at the same time: what doesn't depend on one another is sent together."""

        def creation(name: str) -> dict[str, Any]:
            return self._creation("EnergyToken", f"{name} energy", name, self.sender.address)

        yield from self._ensure_all(dict.fromkeys(self.microgrids, "EnergyToken"), creation)
        self._send(self.microgrids, self._rights)
        yield from self._exchanges()
        empty = [one for one in self.microgrids if self.liquidity_eth and not self._is_founded(one)]
        self._send(empty, self._minter)
        self._send(empty, self._stock)
        self._send(empty, self._liquidity, self.liquidity_eth)

    def _exchanges(self) -> list[Step]:
        names = {microgrid: f"{microgrid}_exchange" for microgrid in self.microgrids}
        found = {microgrid: self._found(name, "UniswapOracleExchange") for microgrid, name in names.items()}
        self._send(self.microgrids, self._exchange)
        return [
            found[microgrid] or self._recorded(name, "UniswapOracleExchange", self._created_exchange(microgrid))
            for microgrid, name in names.items()
        ]

    def _send(self, microgrids: Iterable[str], calls: Callable[[str], Iterable[Call]], value: int = 0) -> None:
        self.sender.transact_all((call for microgrid in microgrids for call in calls(microgrid)), value)

    def _rights(self, microgrid: str) -> Iterator[Call]:
        return self._grants(microgrid, ROLES, self.operator)

    def _grants(self, microgrid: str, roles: Iterable[str], account: str) -> Iterator[Call]:
        token = self.manifest.contract(self.web3, microgrid)
        for role in roles:
            role_id = token.functions[role]().call()
            if not token.functions.hasRole(role_id, account).call():
                yield token.functions.grantRole(role_id, account)

    def _exchange(self, microgrid: str) -> Iterator[Call]:
        if int(self._exchange_of(microgrid), 16) == 0:
            factory = self.manifest.contract(self.web3, "factory").functions
            yield factory.createOracleExchange(self.manifest.address(microgrid))

    def _exchange_of(self, microgrid: str) -> str:
        factory = self.manifest.contract(self.web3, "factory").functions
        return str(factory.getExchange(self.manifest.address(microgrid)).call())

    def _created_exchange(self, microgrid: str) -> str:
        exchange = self._exchange_of(microgrid)
        problem = check_code(self.web3, f"{microgrid}_exchange", "UniswapOracleExchange", exchange)
        if problem:
            raise DeploymentError(f"{problem}; somebody created another kind first: pass --redeploy for a new token")
        return exchange

    def _is_founded(self, microgrid: str) -> bool:
        exchange = self.manifest.contract(self.web3, f"{microgrid}_exchange").functions
        return bool(exchange.totalSupply().call() > 0)

    def _minter(self, microgrid: str) -> Iterator[Call]:
        return self._grants(microgrid, ("MINTER_ROLE",), self.sender.address)

    def _stock(self, microgrid: str) -> Iterator[Call]:
        token = self.manifest.contract(self.web3, microgrid).functions
        missing = self.liquidity_tokens - token.balanceOf(self.sender.address).call()
        if missing > 0:
            yield token.mint(self.sender.address, missing)
        yield token.approve(self.manifest.address(f"{microgrid}_exchange"), self.liquidity_tokens)

    def _liquidity(self, microgrid: str) -> Iterator[Call]:
        exchange = self.manifest.contract(self.web3, f"{microgrid}_exchange").functions
        yield exchange.addLiquidity(1, self.liquidity_tokens, FOREVER)
