"""The same use under several tariffs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from offchain.advice.bill import CONTRACT_KW, Bill, bill
from offchain.advice.tariff import Tariff, TariffError
from offchain.advice.usage import Period, Usage


@dataclass(frozen=True)
class Compared:
    """What the periods cost together under a tariff, and how much more than under the one that a home has."""

    tariff: Tariff
    total: Decimal
    more: Decimal
    bills: tuple[Bill, ...]


def compared(
    own: Tariff, others: Iterable[Tariff], usage: Usage, periods: list[Period], contract_kw: Decimal = CONTRACT_KW
) -> list[Compared]:
    """The cheapest first. The use is as it was: who shifts it under another tariff pays less than is shown. Raises
    TariffError for other currencies."""
    found = []
    for tariff in (own, *others):
        if tariff.currency != own.currency:
            raise TariffError(f"{tariff.name} is in {tariff.currency}, {own.name} in {own.currency}")
        bills = tuple(bill(tariff, usage, period, contract_kw) for period in periods)
        found.append((tariff, sum((one.total for one in bills), Decimal(0)), bills))
    first = found[0][1]
    rows = [Compared(tariff, total, total - first, bills) for tariff, total, bills in found]
    return sorted(rows, key=lambda row: row.total)
