"""The operator registers meters: in its own book, then on chain."""

from __future__ import annotations

from collections.abc import Sequence

from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS
from offchain.errors import UserError
from offchain.metering.ledger import Ledger, Meter
from offchain.metering.readings_tree import READING_LIMIT
from offchain.node import Node
from offchain.sender import Sender

AT_ONCE = 64
"""Meters that one transaction registers."""


class RegistrationError(UserError):
    """Says in one line why a meter can't be registered."""


class Registration:
    """Registers meters with the operator's account."""

    def __init__(self, sender: Sender, manifest: Manifest, ledger: Ledger) -> None:
        self._sender, self._ledger = sender, ledger
        self._registry = manifest.contract(sender.web3, "registry")
        self._microgrid_of = {
            name: self._registry.functions.microgridOf(manifest.address(name)).call()
            for name in MICROGRIDS
            if name in manifest.contracts
        }
        self._first_block = Node(sender.web3).first_block_with_code(self._registry.address)

    def microgrid(self, name: str) -> int:
        """The number of a microgrid by its name. Raises RegistrationError."""
        number = int(self._microgrid_of.get(name, 0))
        if not number:
            raise RegistrationError(f"there is no microgrid {name} here: there are {', '.join(self._microgrid_of)}")
        return number

    def register(self, meters: Sequence[Meter]) -> int:
        """Registers those of the meters that the chain doesn't have yet; returns how many those were.

        The encryption keys are in the book first, so that no registered meter is ever without one; doing it again after
        a crash registers the rest. Raises RegistrationError before anything is changed, TransactionError.
        """
        self._check(meters)
        self._ledger.add_meters(meters)
        known = self.registered()
        missing = [meter for meter in meters if meter.card.commitment not in known]
        for microgrid in sorted({meter.microgrid for meter in missing}):
            ours = [meter for meter in missing if meter.microgrid == microgrid]
            for start in range(0, len(ours), AT_ONCE):
                part = ours[start : start + AT_ONCE]
                commitments, capacities = [[*column] for column in zip(*_columns(part), strict=True)]
                self._sender.transact(self._registry.functions.registerMeters(microgrid, commitments, capacities))
        return len(missing)

    def registered(self) -> dict[int, tuple[int, int]]:
        """Microgrid and capacity (Wh) of every meter that stands in the registration tree, by commitment."""
        events = self._registry.events
        logs = [
            *events.MeterRegistered().get_logs(from_block=self._first_block),
            *events.MeterRemoved().get_logs(from_block=self._first_block),
        ]
        found: dict[int, tuple[int, int]] = {}
        for log in sorted(logs, key=lambda log: (log["blockNumber"], log["logIndex"])):
            values = log["args"]
            if log["event"] == "MeterRegistered":
                found[values["commitment"]] = (values["microgrid"], values["capacity"])
            else:
                found.pop(values["commitment"], None)
        return found

    def _check(self, meters: Sequence[Meter]) -> None:
        known = self.registered()
        seen: set[int] = set()
        for meter in meters:
            commitment, named = meter.card.commitment, f"meter {meter.card.commitment:#066x}"
            if not 0 < meter.capacity < READING_LIMIT:
                raise RegistrationError(f"{named}: the capacity must be more than 0 and below {READING_LIMIT} Wh")
            if commitment in seen:
                raise RegistrationError(f"{named} stands there twice")
            seen.add(commitment)
            if commitment in known and known[commitment] != (meter.microgrid, meter.capacity):
                microgrid, capacity = known[commitment]
                raise RegistrationError(
                    f"{named} is registered in microgrid {microgrid} with {capacity} Wh an epoch: remove it first"
                )


def _columns(meters: Sequence[Meter]) -> list[tuple[int, int]]:
    return [(meter.card.commitment, meter.capacity) for meter in meters]
