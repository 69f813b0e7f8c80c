"""The page on a day's chain: what meters sent in a history, the API and the index on it, a relayer, the page itself."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import requests
from fastapi import FastAPI
from nacl.signing import SigningKey
from numpy.typing import NDArray

from offchain.api.application import Rules, application
from offchain.api.followed import Chains, FollowedChain
from offchain.api.keys import KeyRing, Scope
from offchain.api.watch import json_log
from offchain.background import again_and_again
from offchain.dashboard.site import Services, network_file, site
from offchain.deployment.parts import MICROGRIDS
from offchain.errors import UserError
from offchain.history.database import Database
from offchain.history.intake import MOST_AT_ONCE, Intake, Status
from offchain.history.meters import add_meter
from offchain.http_service import serving
from offchain.indexer.follower import Follower
from offchain.indexer.indexer import Indexer, only_writer
from offchain.metering.consumption import ConsumptionDay
from offchain.metering.publication import BUNDLES
from offchain.metering.signed_reading import SignedReading, sign
from offchain.metering.solar import JEJU
from offchain.ppdl.inference.served import ChainModels
from offchain.process import free_port
from offchain.rate import Rate
from offchain.relayer.service import service
from offchain.simulate.bridged_chain import BridgedChain
from offchain.simulate.market_day import Assumptions
from offchain.simulate.past_weeks import WEEKS, made_before, used_before
from offchain.simulate.private_day import CAPACITY, PrivateDay

HOST = "127.0.0.1"
API, RELAYER = 8640, 8650
"""The ports, where they are free."""

HOUR = 3600
WINDOW = timedelta(weeks=WEEKS + 1)
"""How late readings may come here: those of the weeks before are sent at once."""

PER_MINUTE = 6_000
ANSWER_SECONDS = 30
SECONDS = 1.0
"""Between two looks at the chains, and at notes that wait."""


class ServedPageError(UserError):
    """Says in one line what the page lacks."""


@dataclass(frozen=True)
class Visit:
    """Where page and API are, and what opens a home of the day: its wallet's words and its API key; the operator's."""

    page: str
    api: str
    home: str
    words: str
    home_key: str
    operator_key: str


@dataclass
class ServedPage:
    """On the chains of a day that was gone through. `port` is the page's, which the chain's node must know."""

    day: PrivateDay
    ground: BridgedChain
    consumption: ConsumptionDay
    data: Path | None
    models: ChainModels
    port: int

    @contextmanager
    def served(self) -> Iterator[Visit]:
        """Serves all of it until the block ends. Raises UserError if something can't be had."""
        page = f"http://{HOST}:{self.port}"
        with ExitStack() as stack:
            api = stack.enter_context(serving(self._api(stack, page), _listen(usual_or_free(API))))
            relaying = service(self.day.submitter.relayer, Rate(PER_MINUTE, PER_MINUTE), [page])
            relayer = stack.enter_context(serving(relaying, _listen(usual_or_free(RELAYER))))
            services = Services(self.ground.plasma.url, relayer, api=api, root=self.ground.above.url)
            network = network_file(self.day.manifest, services, self.ground.manifest, JEJU.tz)
            app = site(network, services, bundles=self.day.folder / "metering" / BUNDLES)
            stack.enter_context(serving(app, _listen(self.port)))
            stack.enter_context(again_and_again(partial(_once_more, self.day.flusher.flush), SECONDS))
            yield self._visit(page, api)

    def checks(self, visit: Visit) -> dict[str, bool]:
        """What must be true while it is served. Raises UserError if page or API don't answer."""
        document, network = _ask(visit.page).text, _ask(f"{visit.page}/network.json").json()
        names = [one["name"] for one in _ask(f"{visit.api}/v1/live/values").json()["microgrids"]]
        household = next(one for one in self.day.households if one.name == visit.home)
        published = [household.reading(place) for place in range(len(self.day.hours))]
        return {
            "the page is served and names its services": 'id="page"' in document and network["api"] == visit.api,
            "the API's index knows both microgrids": sorted(names) == sorted(MICROGRIDS),
            f"the API counts what was published of {visit.home}": self._counted(visit)
            == [(reading.exported, reading.imported) for reading in published],
        }

    def _counted(self, visit: Visit) -> list[tuple[int, int]]:
        """Wh fed in and taken in the day's hours, as the API tells the home."""
        found = []
        for hour in self.day.hours:
            moment = int((self.day.start + timedelta(hours=hour)).timestamp())
            query = f"by=interval&since={moment}&until={moment + HOUR}"
            for row in _ask(f"{visit.api}/v1/me/energy?{query}", visit.home_key).json()["energy"]:
                found.append((row["exported"], row["imported"]))
        return found

    @cached_property
    def database(self) -> Database:
        """The history."""
        return Database(f"sqlite:///{self.day.folder / 'history.db'}")

    def _api(self, stack: ExitStack, page: str) -> FastAPI:
        stack.callback(self.database.close)
        self._fill_history()
        plasma = FollowedChain.at(self.ground.plasma.url, self.day.manifest)
        root = FollowedChain.at(self.ground.above.url, self.ground.manifest)
        chains = Chains(plasma, root, self.models)
        indexer = Indexer([Follower(self.database, chain.node, chain.manifest) for chain in chains.followed])
        stack.enter_context(only_writer(self.database))
        indexer.step()
        stack.enter_context(again_and_again(partial(_once_more, indexer.step), SECONDS))
        log = json_log(stack.enter_context((self.day.folder / "api.log").open("w")))
        rules = Rules(per_minute=PER_MINUTE, origins=(page,), eth_price=Assumptions().won_per_eth)
        return application(self.database, rules, log, chains, self.ground.clock)

    def _fill_history(self) -> None:
        """Each meter sends what it counted, in the weeks before and on the day."""
        intake = Intake(self.database, int(WINDOW.total_seconds()), self.ground.clock)
        used, made = used_before(self.consumption, self.data), made_before(self.consumption.day)
        for column, (household, home) in enumerate(zip(self.day.households, self.day.homes, strict=True)):
            key = SigningKey.generate()
            meter, device = household.card.commitment.to_bytes(32, "big"), bytes(key.verify_key)
            add_meter(self.database, meter, device, household.microgrid, CAPACITY, HOUR)
            series = np.concatenate([1000 * (used[:, column] - home.pv_kw * made), home.used - home.made])
            readings = list(self._signed(key, meter, series))
            for first in range(0, len(readings), MOST_AT_ONCE):
                batch = readings[first : first + MOST_AT_ONCE]
                outcomes = intake.take([reading.model_dump() for reading in batch])
                refused = next((outcome for outcome in outcomes if outcome.status is Status.REJECTED), None)
                if refused is not None:
                    raise ServedPageError(f"a reading of {home.name} was refused: {refused.detail}")

    def _signed(self, key: SigningKey, meter: bytes, taken: NDArray[np.float64]) -> Iterator[SignedReading]:
        """Readings of the hours that are over; `taken` is Wh from the grid, less than 0 where fed in."""
        start = int((self.day.start - timedelta(weeks=WEEKS)).timestamp())
        over = int(self.ground.clock()) - HOUR
        for hour, watt_hours in enumerate(taken):
            if start + hour * HOUR <= over and not np.isnan(watt_hours):
                counted = round(float(watt_hours))
                yield sign(key, meter, start + hour * HOUR, HOUR, max(counted, 0), max(-counted, 0))

    def _visit(self, page: str, api: str) -> Visit:
        """A home with panels, if there is one: it has most to show."""
        home = max(self.day.homes, key=lambda home: home.pv_kw)
        household = next(household for household in self.day.households if household.name == home.name)
        keys, meter = KeyRing(self.database), household.card.commitment.to_bytes(32, "big")
        home_key = keys.new(home.name, [Scope.OWN_READ], [meter])
        return Visit(page, api, home.name, household.seed.words, home_key, keys.new("operator", [Scope.OPERATOR_READ]))


def _ask(url: str, key: str | None = None) -> requests.Response:
    try:
        answer = requests.get(url, headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise ServedPageError(f"{url} doesn't answer: {error}") from error
    return answer


def usual_or_free(port: int) -> int:
    """A port of this machine, another if it is taken."""
    try:
        with socket.create_server((HOST, port)):
            return port
    except OSError:
        return free_port()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ServedPageError(f"can't listen on port {port}: {error.strerror}") from error


def _once_more(step: Callable[[], object]) -> None:
    """Takes a step; what hinders it doesn't hinder the next."""
    with suppress(UserError):
        step()
