"""Moves waiting notes into the tree. Anybody may; somebody must, or what waits can't be spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import requests
from web3.exceptions import Web3Exception

from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.health import health
from offchain.sender import Sender, TransactionError

FULL = 16
"""Waiting notes at which a watcher flushes at once."""

PATIENCE_SECONDS = 10.0
"""How long it lets fewer of them wait."""

MOST_AT_ONCE = 128
"""Notes of one transaction: about 7 million gas."""

POLL_SECONDS = 0.5

PART = "flush"
"""What its health goes by."""


class Flusher:
    """Flushes the pool of a manifest with one account. Raises DeploymentError if there is none."""

    def __init__(self, sender: Sender, manifest: Manifest) -> None:
        self._sender = sender
        self._pool = manifest.contract(sender.web3, "pool").functions

    def waiting(self) -> int:
        """How many notes wait."""
        return int(self._pool.queued().call()) - int(self._pool.flushed().call())

    def flush(self) -> list[tuple[int, str]]:
        """Flushes all that waits now; returns how many notes each transaction moved, and its hash."""
        done = []
        left = self.waiting()
        while left > 0:
            count = min(left, MOST_AT_ONCE)
            receipt = self._sender.transact(self._pool.flush(count))
            done.append((count, str(receipt["transactionHash"].to_0x_hex())))
            left -= count
        return done

    def watch(self, stop: Event, flushed: Callable[[int, str], None], failed: Callable[[str], None]) -> None:
        """Flushes when `FULL` notes wait, or some have waited for a while, until it is told to stop. A failure is told
        and tried again."""
        since: float | None = None
        while not stop.wait(POLL_SECONDS):
            try:
                waiting = self.waiting()
                since = (since or time.monotonic()) if waiting else None
                if since and (waiting >= FULL or time.monotonic() - since >= PATIENCE_SECONDS):
                    for count, transaction in self.flush():
                        flushed(count, transaction)
                    since = None
                health.works(PART)
            except TransactionError as error:
                if self._is_done():  # somebody else was faster
                    continue
                health.fails(PART, str(error))
                failed(str(error))
            except (UserError, requests.RequestException, Web3Exception) as error:
                problem = f"the chain can't be asked ({type(error).__name__}); trying again"
                health.fails(PART, problem)
                failed(problem)
                stop.wait(PATIENCE_SECONDS)

    def _is_done(self) -> bool:
        try:
            return self.waiting() == 0
        except (requests.RequestException, Web3Exception):
            return False
