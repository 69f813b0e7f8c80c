"""What a relayer asks for: an amount per asset, perhaps another one for some operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from offchain.assets import Assets
from offchain.command import amount_of
from offchain.errors import UserError
from offchain.wallet.request import Operation


class FeeError(UserError):
    """Says in one line why a fee can't be asked for."""


@dataclass(frozen=True)
class Fees:
    """Base units per asset (checksummed address) and operation. What isn't listed is not taken."""

    amounts: Mapping[str, Mapping[Operation, int]]

    @classmethod
    def parse(cls, texts: Iterable[str], assets: Assets) -> Fees:
        """From `ASSET=AMOUNT` for all operations and `ASSET:OPERATION=AMOUNT` for one. Raises FeeError, AssetError."""
        general: dict[str, int] = {}
        single: dict[tuple[str, Operation], int] = {}
        for text in texts:
            what, equals, number = text.partition("=")
            name, colon, function = what.partition(":")
            amount = amount_of(number)
            if not equals or amount is None:
                raise FeeError(f"--fee {text}: give ASSET=AMOUNT or ASSET:OPERATION=AMOUNT, e.g. ETH=0.001")
            asset = assets.parse(name)
            units = asset.base_units(amount) if amount else 0
            if not colon:
                general[asset.address] = units
                continue
            operation = next((operation for operation in Operation if operation.function == function), None)
            if operation is None:
                known = ", ".join(operation.function for operation in Operation)
                raise FeeError(f"--fee {text}: there is no operation {function}, but {known}")
            single[asset.address, operation] = units
        amounts = {address: dict.fromkeys(Operation, units) for address, units in general.items()}
        for (address, operation), units in single.items():
            amounts.setdefault(address, {})[operation] = units
        if not amounts:
            raise FeeError("a relayer takes a fee in some asset: give --fee ASSET=AMOUNT, 0 to take none")
        return cls(amounts)

    def of(self, operation: Operation, asset: str) -> int | None:
        """Base units for an operation, None if that asset is not taken for it."""
        return self.amounts.get(asset, {}).get(operation)

    def is_free(self, operation: Operation) -> bool:
        """Whether the operation costs nothing, whatever its asset: a transfer doesn't show which it is."""
        return any(fees.get(operation) == 0 for fees in self.amounts.values())

    def to_content(self) -> dict[str, dict[str, str]]:
        """As JSON has it: base units as decimal strings."""
        return {
            address: {operation.function: str(units) for operation, units in fees.items()}
            for address, fees in self.amounts.items()
        }
