"""What is traded, by the names people use: ETH, a microgrid's energy, or the address of a token."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from eth_utils.address import is_address, is_checksum_address, to_checksum_address

from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS
from offchain.errors import UserError
from offchain.node import Node, NodeRefusal
from offchain.units import shown
from offchain.wallet.note import AMOUNT_LIMIT, ETH

DECIMALS = 18
MOST_DECIMALS = 36
DECIMALS_CALL = "0x313ce567"
"""Calldata of `decimals()`."""


class AssetError(UserError):
    """Says in one line why a name or an amount is none of an asset."""


@dataclass(frozen=True)
class Asset:
    """A token, or ETH, as notes name it."""

    address: str
    name: str
    decimals: int = DECIMALS

    @property
    def unit(self) -> str:
        """What its amounts count."""
        return "kWh" if self.name in MICROGRIDS else self.name

    def base_units(self, amount: int) -> int:
        """Base units of an amount given with 18 decimals. Raises AssetError if it has more decimals than the asset, or
        is 0 or more than a note can hold."""
        scaled = Decimal(amount).scaleb(self.decimals - DECIMALS)
        if scaled != int(scaled):
            raise AssetError(f"{self.name} has {self.decimals} decimals: give no more")
        if not 0 < scaled < AMOUNT_LIMIT:
            raise AssetError("the amount must be more than 0" if not scaled else "the amount is more than a note holds")
        return int(scaled)

    def shown(self, amount: int) -> str:
        """An amount of base units as people read it, with its unit."""
        if self.decimals == DECIMALS:
            return f"{shown(amount)} {self.unit}{f' of {self.name}' if self.unit == 'kWh' else ''}"
        return f"{Decimal(amount).scaleb(-self.decimals).normalize():f} {self.unit}"


class Assets:
    """The assets of one chain. Asks the node for the decimals of tokens that the project didn't deploy."""

    def __init__(self, manifest: Manifest, node: Node | None = None) -> None:
        self._known = {"ETH": ETH} | {name: manifest.address(name) for name in MICROGRIDS if name in manifest.contracts}
        self._node = node
        self._found: dict[str, Asset] = {}

    def parse(self, text: str) -> Asset:
        """The asset of a name or a token's address. Raises AssetError for anything else."""
        known = {name.lower(): address for name, address in self._known.items()}
        if text.lower() in known:
            return self.at(known[text.lower()])
        return self.at(checked_address(text, f"unknown asset {text}: there are {', '.join(self._known)}, or a token's"))

    def at(self, address: str) -> Asset:
        """The asset at an address."""
        if address not in self._found:
            name = next((name for name, known in self._known.items() if known == address), "")
            self._found[address] = Asset(address, name) if name else Asset(address, address, self._decimals(address))
        return self._found[address]

    def _decimals(self, address: str) -> int:
        if self._node is None:
            return DECIMALS
        try:
            answer = self._node.call("eth_call", {"to": address, "data": DECIMALS_CALL}, "latest")
            decimals = int(answer, 16)
        except (NodeRefusal, ValueError, TypeError):
            raise AssetError(f"unknown asset {address}: there is no token at that address") from None
        if decimals > MOST_DECIMALS:
            raise AssetError(f"the token at {address} says it has {decimals} decimals: it can't be used")
        return decimals


def checked_address(text: str, otherwise: str = "") -> str:
    """A checksummed address. Raises AssetError if it is none, or mixed letters don't fit the checksum of EIP-55."""
    if not is_address(text) or not text.startswith("0x"):
        raise AssetError(f"{otherwise} address" if otherwise else f"{text} is no address")
    if text[2:] not in (text[2:].lower(), text[2:].upper()) and not is_checksum_address(text):
        raise AssetError(f"the checksum of {text} is wrong: a letter or digit was mistyped")
    return to_checksum_address(text)
