"""A bridged plasma chain for a day that takes place in simulated time.

It is run as any other: four authorities, each a process of its own, one of which leads, delivers deposits and submits
checkpoints. But all of them go by a clock that runs ten times as fast as the wall's and is set forward over hours in
which nobody trades. The root chain's clock begins after the day: no block may be ahead of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from web3 import Web3

from offchain.chains import PLASMA, ROOT, Chain, ChainSpec, started
from offchain.deployment.bridge import DAY
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.plasma.clock import SimulatedClock
from offchain.plasma.local import PAGE_PORT, ROOT_FLAGS, deposit, local_network
from offchain.plasma.root_chain import RootChain

INTERVAL = 10.0
"""Seconds between checkpoints, by the wall's clock."""

LATER = 7 * DAY
"""By how much the root chain's clock is ahead at the beginning."""

BLOCK_SECONDS = 60.0
"""How long to wait for a block, by the wall's clock."""


class BridgedChainError(UserError):
    """Says in one line that the chain makes no blocks."""


@dataclass
class BridgedChain:
    """The plasma chain, whose accounts start empty, and the root chain above it. `deposits` are wei by account."""

    plasma: Chain
    above: Chain
    manifest: Manifest
    """Of the root chain's contracts."""

    clock: SimulatedClock
    deposits: dict[str, int] = field(default_factory=dict)

    @cached_property
    def web3(self) -> Web3:
        """The plasma chain's public endpoint."""
        return self.plasma.web3

    @cached_property
    def root(self) -> RootChain:
        """The bridge's contracts."""
        return RootChain(self.above.web3, self.manifest)

    def deposit(self, amounts: Mapping[str, int]) -> None:
        """Has wei deposited for accounts; returns once they have it. Raises UserError if they don't get it."""
        deposit(self.above, self.plasma, self.manifest, amounts)
        for account, amount in amounts.items():
            self.deposits[account] = self.deposits.get(account, 0) + amount

    def set_time(self, moment: int) -> None:
        """Sets the nodes' clock forward to a Unix time, if it isn't later already; returns once a block has that time.
        Raises BridgedChainError if none does."""
        self.clock.set(moment)
        deadline = time.monotonic() + BLOCK_SECONDS
        while self.web3.eth.get_block("latest")["timestamp"] < moment:
            if time.monotonic() > deadline:
                raise BridgedChainError(f"the plasma chain made no block within {BLOCK_SECONDS:g} s")
            time.sleep(0.05)


@contextmanager
def bridged_chain(folder: Path, moment: int, page_port: int = PAGE_PORT) -> Iterator[BridgedChain]:
    """Starts both chains, the plasma chain at a Unix time; ends them with the block or with this process. Manifests and
    the clock are in `folder`; `page_port` is that of the page on it. Raises UserError if something doesn't come up."""
    clock = SimulatedClock(folder / "clock")
    clock.set(moment)
    flags = (*ROOT_FLAGS, "--timestamp", str(moment + LATER))
    with started(ChainSpec("root", ROOT.chain_id, 0), *flags) as above:
        manifest = Manifest.open(above.chain_id, folder)
        spec = ChainSpec("plasma", PLASMA.chain_id, 0)
        with local_network(above, manifest, spec, INTERVAL, 0, clock, page_port) as network:
            yield BridgedChain(network.chain, above, manifest, clock)
