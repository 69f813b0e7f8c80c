"""A participant whose mind another package has: what goes wrong in it, or is no answer, ends the season in one line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from operator import index

from offchain.errors import UserError
from offchain.extensions import told
from offchain.simulate.season.behaviour import Behaviour, Order, Own, Plan, Side, View


class ParticipantError(UserError):
    """Says in one line what went wrong in another package's participant."""


@dataclass
class Added:
    """Hands everything on to the mind within."""

    kind: str
    inner: Behaviour

    def plan(self, own: Own, view: View) -> Plan:
        """In whole Wh."""
        with self._told(view):
            plan = self.inner.plan(own, view)
            return Plan(index(plan.battery), index(plan.car))

    def orders(self, own: Own, view: View, exported: int, imported: int) -> Sequence[Order]:
        """In whole Wh."""
        with self._told(view):
            return [*map(_whole, self.inner.orders(own, view, exported, imported))]

    def around(self, own: Own, view: View, seen: Order) -> tuple[Sequence[Order], Sequence[Order]]:
        """In whole Wh."""
        with self._told(view):
            before, behind = self.inner.around(own, view, seen)
            return [*map(_whole, before)], [*map(_whole, behind)]

    def _told(self, view: View) -> AbstractContextManager[None]:
        return told(f"a participant of kind {self.kind} fails in hour {view.hour}", ParticipantError)


def _whole(order: Order) -> Order:
    """With numbers of the right kinds, of whatever library."""
    turn = None if order.turn is None else float(order.turn)
    return Order(Side(order.side), index(order.wh), float(order.limit), index(order.microgrid), turn)
