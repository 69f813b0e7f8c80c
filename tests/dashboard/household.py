"""A household with a meter on the scene: what its meter counted in an epoch is published, and the bundle is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from offchain.metering.card import MeterCard
from offchain.metering.ledger import Ledger, Meter
from offchain.metering.publication import BUNDLES, Publisher
from offchain.metering.readings_tree import Reading
from offchain.metering.registration import Registration
from offchain.node import Node
from offchain.wallet.keys import Keys
from tests.dashboard.scene import OPERATOR, Scene, served

EXPORTED, IMPORTED = 3_000, 2_000
"""In Wh."""
CAPACITY = 4_000
EPOCH, CORRECTION = 900, 60
"""Seconds, as the platform's rules for a local chain are."""


@dataclass(frozen=True)
class Household:
    """The epoch that can be issued and settled, and where its bundle is."""

    epoch: int
    bundles: str


@contextmanager
def household(stage: Scene, keys: Keys, folder: Path) -> Iterator[Household]:
    """A meter of the wallet's in MG1, whose reading of an epoch can't be corrected any more."""
    operator, ledger = stage.sender(OPERATOR), Ledger(folder)
    registration = Registration(operator, stage.manifest, ledger)
    number = registration.microgrid("MG1")
    registration.register([Meter(MeterCard.of(keys.meter_secret(0)), number, CAPACITY)])
    _wait(stage, 2 * EPOCH)
    epoch = Node(stage.web3).time() // EPOCH - 1
    publisher = Publisher(operator, stage.manifest, number, ledger, folder)
    publisher.publish(epoch, [Reading(keys.meter_commitment(0), EXPORTED, IMPORTED)])
    exchange = stage.manifest.contract(stage.web3, "MG1_exchange").functions
    operator.transact(exchange.observe())
    _wait(stage, CORRECTION)
    operator.transact(exchange.observe())
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    app.mount("/", StaticFiles(directory=folder / BUNDLES))
    with served(app) as url:
        yield Household(epoch, url)


def _wait(stage: Scene, seconds: int) -> None:
    stage.call("evm_increaseTime", seconds)
    stage.call("anvil_mine", "0x1")
