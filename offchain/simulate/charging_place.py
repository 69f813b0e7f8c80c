"""A place to charge at: a chain with the platform, a relayer and a station over HTTP, and cars with money."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from nacl.signing import SigningKey
from web3 import Web3

from offchain.assets import Assets
from offchain.background import again_and_again
from offchain.charging.cashier import Cashier
from offchain.charging.incoming import Incoming
from offchain.charging.journal import StationJournal
from offchain.charging.once import Once, Sent
from offchain.charging.outlet import SimulatedOutlet
from offchain.charging.service import service as station_service
from offchain.charging.station import Offer, Station
from offchain.commands.session import listen
from offchain.deployment.manifest import Manifest
from offchain.flusher import Flusher
from offchain.http_service import serving
from offchain.journal import Journal
from offchain.node import Node
from offchain.rate import Rate
from offchain.relayer.client import RelayerClient
from offchain.relayer.fees import Fees
from offchain.relayer.relayer import Relayer
from offchain.relayer.service import service as relayer_service
from offchain.sender import Sender, development_sender
from offchain.units import ETHER
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.note import ETH
from offchain.wallet.request import Operation
from offchain.wallet.shielding import Shielding, approval
from offchain.wallet.wallet import Wallet

OPERATOR, RELAYER = range(2)
"""Development accounts."""
FLUSH_SECONDS = 0.25
FEES = ("ETH=0.00001", "MG1=0.01")
PRICES = {"ETH": 4 * ETHER // 100_000, "MG1": 12 * ETHER // 10}
"""Base units a kWh: about 160 won at 4 million won an ETH, and 1.2 kWh of a neighbour's roof."""
KILOWATT = 1000.0


@dataclass
class Place:
    """`speed`: how many seconds the outlet counts in one."""

    web3: Web3
    manifest: Manifest
    folder: Path
    slice: int = 500
    power: float = 11 * KILOWATT
    speed: float = 1.0
    station_keys: Keys = field(default_factory=lambda: Seed.new().keys())
    relayer_keys: Keys = field(default_factory=lambda: Seed.new().keys())
    hindrances: list[str] = field(default_factory=list)
    """Why refunds had to wait."""
    relayer_url: str = ""
    station_url: str = ""

    @cached_property
    def operator(self) -> Sender:
        """Runs both microgrids, and flushes."""
        return development_sender(self.web3, OPERATOR)

    @property
    def wallets(self) -> Path:
        """Where wallets keep what they have read."""
        return self.folder / "wallets"

    @cached_property
    def station(self) -> Station:
        """The station's rules, over its journal."""
        key, meter = (self.signing_key(what) for what in ("station", "outlet"))
        fees = Fees.parse(FEES, Assets(self.manifest))
        prices = {self.asset(name): units // 1000 for name, units in PRICES.items()}
        offer = Offer(
            station=bytes(key.verify_key).hex(),
            meter=bytes(meter.verify_key).hex(),
            chain_id=self.manifest.chain_id,
            pool=self.manifest.address("pool"),
            address=str(self.station_keys.address),
            prices=prices,
            refund_fees={asset: fees.of(Operation.TRANSFER, asset) or 0 for asset in prices},
            slice=self.slice,
            most=100_000,
        )
        return Station(offer, key, self.incoming, StationJournal(self.journal))

    @property
    def journal(self) -> Path:
        """The station's file."""
        return self.folder / "station.db"

    @cached_property
    def incoming(self) -> Incoming:
        """The station's notes."""
        return Incoming(Node(self.web3), self.manifest.address("pool"), self.station_keys.viewing)

    @cached_property
    def outlet(self) -> SimulatedOutlet:
        """Where the car is plugged in. Its clock runs faster than the others'."""
        begin = time.time()
        return SimulatedOutlet(
            self.station, self.signing_key("outlet"), self.power, lambda: begin + (time.time() - begin) * self.speed
        )

    @property
    def submitter(self) -> RelayerClient:
        """The relayer, as everybody's wallet asks it."""
        pool, registry = (self.manifest.address(name) for name in ("pool", "registry"))
        node, assets = Node(self.web3), Assets(self.manifest)
        return RelayerClient(self.relayer_url, node, self.manifest.chain_id, pool, registry, assets)

    def signing_key(self, what: str) -> SigningKey:
        """The station's, or its outlet's."""
        return SigningKey(self.station_keys.secret(f"charging {what}"))

    def asset(self, name: str) -> str:
        """The address of an asset."""
        return ETH if name == "ETH" else self.manifest.address(name)

    def wallet(self, keys: Keys) -> Wallet:
        """A wallet of this place's chain; for one thread."""
        return Wallet(keys, self.web3, self.manifest, self.wallets)

    def give(self, keys: Keys, amounts: Mapping[str, list[int]]) -> None:
        """Notes of the operator's money; energy is bought at the exchange first."""
        pool = self.manifest.address("pool")
        for name, notes in amounts.items():
            asset = self.asset(name)
            if asset != ETH:
                exchange = self.manifest.contract(self.web3, f"{name}_exchange").functions
                cost = exchange.getEthToTokenOutputPrice(sum(notes)).call()
                deadline = int(self.web3.eth.get_block("latest")["timestamp"]) + 600
                self.operator.transact(exchange.ethToTokenSwapOutput(sum(notes), deadline), value=cost)
                self.operator.send(approval(asset, pool, sum(notes)))
            for amount in notes:
                self.operator.send(Shielding.to(keys.address, asset, amount).transaction(pool))

    @contextmanager
    def flushing(self) -> Iterator[None]:
        """Somebody flushes, as on every chain that is in use."""
        with again_and_again(Flusher(self.operator, self.manifest).flush, FLUSH_SECONDS):
            yield

    @contextmanager
    def relaying(self) -> Iterator[None]:
        """The relayer answers."""
        assets, sender = Assets(self.manifest), development_sender(self.web3, RELAYER)
        pool, registry = (self.manifest.address(name) for name in ("pool", "registry"))
        fees, journal = Fees.parse(FEES, assets), Journal(self.folder / "relayer.db")
        relayer = Relayer(sender, self.relayer_keys.viewing, pool, registry, fees, assets, journal)
        with serving(relayer_service(relayer, Rate(6000, 600)), listen("127.0.0.1", 0)) as self.relayer_url:
            yield
        journal.close()

    @contextmanager
    def selling(self, *, settles: bool = True) -> Iterator[None]:
        """The station answers, and switches; it pays refunds unless it denies them."""

        @cache
        def cashier() -> Cashier:
            """Of the thread that settles."""
            once = Once(Sent(self.wallet(self.station_keys), self.journal), self.submitter)
            return Cashier(self.station, self.incoming, once, self.hindrances.append)

        with ExitStack() as stack:
            stack.enter_context(again_and_again(self.outlet.step, 0.1))
            if settles:
                stack.enter_context(again_and_again(lambda: cashier().step(), 0.25))
            app = station_service(self.station, rate=Rate(60_000, 6_000))
            self.station_url = stack.enter_context(serving(app, listen("127.0.0.1", 0)))
            yield
