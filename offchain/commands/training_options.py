"""What options of training mean that say more than one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from offchain.ppdl.plan import Private

MOST_HIDDEN, WIDEST = 6, 4096


class Shape(click.ParamType):
    """A model: `16,8` (hidden layers of a perceptron), or one by its name. Becomes its layers, its window and its kind,
    as a task has them."""

    name = "MODEL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from offchain.errors import UserError
        from offchain.ppdl.learning.model import FEATURES
        from offchain.ppdl.learning.models import MODELS, model_of, shape_of

        if not isinstance(value, str):
            return value
        if value in MODELS.names():
            try:
                return shape_of(value, model_of(value))
            except UserError as error:
                self.fail(str(error), param, ctx)
        sizes = value.split(",")
        if len(sizes) > MOST_HIDDEN or not all(size.isascii() and size.isdigit() for size in sizes):
            named = " or ".join(MODELS.names())
            self.fail(f"{value!r} is no model: give hidden sizes such as 16,8 (up to {MOST_HIDDEN}), {named}")
        if not all(1 <= int(size) <= WIDEST for size in sizes):
            self.fail(f"{value!r} is no model: a hidden layer has 1 to {WIDEST} units")
        return (FEATURES, *map(int, sizes), 1), 0, ""


class PrivateBudget(click.ParamType):
    """A budget: epsilon, then perhaps delta, then perhaps the length that updates are shortened to."""

    name = "EPSILON[,DELTA[,LENGTH]]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._private([float(part) for part in value.split(",")])
        except (ValueError, TypeError):
            self.fail(f"{value!r} is no budget: give epsilon, such as 8, or epsilon and delta, such as 8,1e-3")

    def _private(self, parts: list[float]) -> Private:
        from offchain.ppdl.plan import Private

        return Private(*parts)
