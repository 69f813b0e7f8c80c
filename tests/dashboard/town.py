"""A microgrid with some days behind it: trades and published sums on a real chain, a home's readings, and the API on an
index of both. The API can be stopped and started again by a file, for a browser to see."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from zoneinfo import ZoneInfo

import numpy as np
import uvicorn
from fastapi import FastAPI
from nacl.signing import SigningKey
from numpy.typing import NDArray

from offchain.api.application import Rules, application
from offchain.api.followed import Chains, FollowedChain
from offchain.api.keys import KeyRing, Scope
from offchain.api.watch import json_log
from offchain.background import again_and_again
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.history.database import Database
from offchain.history.intake import MOST_AT_ONCE, Intake, Status
from offchain.history.meters import add_meter
from offchain.metering.profiles import weekly_consumption
from offchain.metering.signed_reading import sign
from offchain.metering.solar import clear_day_yield
from offchain.process import free_port
from offchain.sender import development_sender
from offchain.units import ETHER
from tests.history import opened
from tests.integration.grid import CHAIN, Grid

ZONE = ZoneInfo("Asia/Seoul")
INTERVAL, HOUR, DAY = 900, 3_600, 86_400
GRID_DAYS, HOME_WEEKS, YEAR_WEEKS = 2, 5, 58
HOMES, PANELS_KW = 12, 3.0
ETHER_PRICE = 7_000.0
"""In won: with the pool's first price a kWh costs about as much as under a tariff."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Town:
    """The chain, the API's URL, the file that stops it while it is there, and keys: of the home with readings, of
    one whose meter hasn't sent any, of one with more than a year of them."""

    grid: Grid
    node: str
    api: str
    stop: Path
    home: str
    new_home: str
    old_home: str


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    """The town, with everything in a folder, and a clock that is ours."""
    start = int(time.time()) // HOUR * HOUR - GRID_DAYS * DAY
    with (
        started(ChainSpec("plasma", CHAIN, 0), "--timestamp", str(start)) as chain,
        opened("sqlite", folder) as database,
    ):
        manifest = Manifest.open(CHAIN, folder / "deployments")
        deployer = development_sender(chain.web3, 0)
        list(PlatformDeployment(deployer, manifest, deployer.address).run())
        grid = Grid(chain.web3, manifest)
        _live(grid)
        keys = _homes(database)
        rules = Rules(per_minute=1_000_000, origins=("*",), zone=ZONE, eth_price=ETHER_PRICE)
        followed = FollowedChain.at(chain.url, manifest)
        app = application(database, rules, json_log(io.StringIO()), Chains(followed))
        with _following(grid, database), _switched(app, folder / "stop") as url:
            yield Town(grid, chain.url, url, folder / "stop", *keys)


def _live(grid: Grid) -> None:
    """Days of a microgrid up to now: sums are published each quarter of an hour, and somebody buys or sells."""
    random = np.random.default_rng(CHAIN)
    used, made = _hours(random, HOMES, GRID_DAYS)
    trader, token = development_sender(grid.web3, 1).address, grid.market.token("MG1").functions
    grid.register("MG1", HOMES)
    step = 0
    while (behind := int(time.time()) - _now(grid)) > 2 * INTERVAL:
        hour = max(0, min(len(used) - 1, len(used) - behind // HOUR - 1))
        noise = random.normal(1, 0.05, 2)
        grid.publish("MG1", int(made[hour] / 4 * noise[0]), int(used[hour] / 4 * noise[1]))
        step += 1
        if step % 4 == 1:
            grid.buy("MG1", int(random.uniform(0.02, 0.2) * ETHER))
        if step % 4 == 3:
            grid.sell("MG1", token.balanceOf(trader).call() * int(random.integers(1, 5)) // 6)


def _now(grid: Grid) -> int:
    return int(grid.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def _hours(random: np.random.Generator, homes: int, days: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wh that homes took and gave together in each hour up to now; the sun is that of the month's middle."""
    end = int(time.time()) // HOUR * HOUR
    clocks = [datetime.fromtimestamp(end - HOUR * back, ZONE) for back in range(days * 24, 0, -1)]
    offset = clocks[0].weekday() * 24 + clocks[0].hour
    drawn = weekly_consumption(random, homes, days // 7 + 2)[offset : offset + len(clocks)].sum(axis=1)
    middles = [clock.date().replace(day=15) for clock in clocks]
    yields = {day: clear_day_yield(day) for day in set(middles)}
    sun = np.array([yields[day][clock.hour] for day, clock in zip(middles, clocks, strict=True)])
    clouds = np.repeat(random.uniform(0.3, 1, days + 1), 24)[: len(clocks)]
    rest = drawn - sun * clouds * PANELS_KW * homes
    return np.maximum(rest, 0) * 1_000, np.maximum(-rest, 0) * 1_000


def _homes(database: Database) -> list[str]:
    """The keys of homes: with weeks of readings, with none, with more than a year of them by the hour."""
    ring, keys = KeyRing(database), []
    for number, weeks, interval in ((1, HOME_WEEKS, INTERVAL), (2, 0, INTERVAL), (3, YEAR_WEEKS, HOUR)):
        commitment = bytes([number]) * 32
        device = SigningKey(commitment)
        add_meter(database, commitment, bytes(device.verify_key), "MG1", 16_000, interval)
        if weeks:
            _send(database, device, weeks, interval)
        keys.append(ring.new(f"home-{number:02}", [Scope.OWN_READ], [commitment]))
    return keys


def _send(database: Database, device: SigningKey, weeks: int, interval: int) -> None:
    """Weeks of signed readings of a meter up to now, taken as any are; its commitment is its device's seed."""
    used, made = _hours(np.random.default_rng(1), 1, weeks * 7)
    first = int(time.time()) // HOUR * HOUR - len(used) * HOUR
    within = HOUR // interval
    readings = [
        sign(
            device,
            bytes(device),
            first + place * interval,
            interval,
            int(used[place // within] / within),
            int(made[place // within] / within),
            1,
        )
        for place in range(within * len(used))
    ]
    intake = Intake(database, (weeks + 1) * 7 * DAY)
    for start in range(0, len(readings), MOST_AT_ONCE):
        outcomes = intake.take([reading.model_dump() for reading in readings[start : start + MOST_AT_ONCE]])
        assert {outcome.status for outcome in outcomes} <= {Status.ACCEPTED, Status.LATE}, outcomes[0]


@contextmanager
def _following(grid: Grid, database: Database) -> Iterator[None]:
    follower = grid.follower(database)
    follower.catch_up()
    with again_and_again(follower.step, LOOK_SECONDS * 3):
        yield


@contextmanager
def _switched(app: FastAPI, stop: Path) -> Iterator[str]:
    """The application on one port of this machine, whenever there is no such file."""
    port, ending = free_port(), Event()
    app.state.ending = lambda: ending.is_set() or stop.exists()

    def work() -> None:
        while not ending.wait(LOOK_SECONDS):
            if stop.exists():
                continue
            server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False))
            server.config.timeout_graceful_shutdown = 5
            thread = Thread(target=server.run, daemon=True)
            thread.start()
            while not stop.exists() and not ending.wait(LOOK_SECONDS):
                pass
            server.should_exit = True
            thread.join(10)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        ending.set()
        thread.join(15)
