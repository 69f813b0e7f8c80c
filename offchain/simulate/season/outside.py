"""Who has no meter: an account of its own that trades in public, past the pool, its limits and its price bound."""

from __future__ import annotations

from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.sender import development_account
from offchain.simulate.season.chain import Call

ACCOUNT = 1
"""A development account without any role."""
FOREVER = 2**40
ENDLESS = 2**256 - 1


class Outside:
    """Makes that account's calls on the exchanges of microgrids by their names."""

    def __init__(self, web3: Web3, manifest: Manifest, names: list[str]) -> None:
        self.account = development_account(ACCOUNT).address
        self._exchanges = [manifest.contract(web3, f"{name}_exchange") for name in names]
        self._tokens = [manifest.contract(web3, name) for name in names]

    def approvals(self) -> list[Call]:
        """Lets the exchanges take energy that is sold."""
        return [
            self._call("approve", token.address, token.encode_abi("approve", [exchange.address, ENDLESS]))
            for token, exchange in zip(self._tokens, self._exchanges, strict=True)
        ]

    def swap(self, microgrid: int, sale: bool, given: int, minimum: int, *, fails: bool) -> Call:
        """Sells base units, or buys for wei."""
        exchange = self._exchanges[microgrid]
        function, amounts = ("tokenToEthSwapInput", [given]) if sale else ("ethToTokenSwapInput", [])
        data = exchange.encode_abi(function, [*amounts, minimum, FOREVER])
        return self._call("public trade", exchange.address, data, 0 if sale else given, fails=fails)

    def _call(self, kind: str, to: str, data: str, value: int = 0, *, fails: bool = False) -> Call:
        return Call(kind, to, bytes.fromhex(data[2:]), value, fails, self.account)
