"""What commands share, whether Ape runs them or `openmg`: how amounts are given, and errors that end in one line."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

import click

from offchain.errors import UserError
from offchain.units import ETHER

MOST = 10**9


def amount_of(text: str) -> int | None:
    """An amount with up to 18 decimals, in units of the 18th; None if the text is no number from 0 to `MOST`."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    fits = amount.is_finite() and 0 <= amount <= MOST and not amount * ETHER % 1
    return int(amount * ETHER) if fits else None


class Amount(click.ParamType):
    """An amount of ETH or kWh, given with up to 18 decimals, taken as wei or token base units."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        amount = amount_of(str(value))
        if amount is not None:
            return amount
        try:
            Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value} is not a number", param, ctx)
        self.fail(f"{value} is not between 0 and {MOST:,} with at most 18 decimals", param, ctx)


class Number(click.FloatRange):
    """A finite number within a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


class Command(click.Command):
    """A command whose foreseeable errors end in one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            # requests' errors are OSErrors; the import of requests itself would cost every command its time
            if type(error).__module__.startswith("requests"):
                raise click.ClickException(f"the connection to the chain was lost: {error}") from error
            if error.strerror is None or isinstance(error, BrokenPipeError):
                raise
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{place}{error.strerror}") from error


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command
