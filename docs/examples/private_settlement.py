"""Private settlement for a platform that reads meters and writes bills: docs/flows/plug-in.md goes through it."""

import requests

from offchain.metering.card import MeterCard
from offchain.metering.delivery import Delivery
from offchain.metering.microgrid import Microgrid
from offchain.metering.readings_tree import Reading
from offchain.metering.source import Epoch, read
from offchain.wallet.address import Address
from offchain.wallet.disclose import Discloser
from offchain.wallet.keys import ViewingKey
from offchain.wallet.relay import Submitter
from offchain.wallet.wallet import Wallet


class Platform:
    """The platform's side. Which of its meters has which card stays here."""

    def __init__(self, microgrid: Microgrid, head_end: str, cards: dict[str, str], capacity: int) -> None:
        self.microgrid, self.head_end = microgrid, head_end
        self.meters = {MeterCard.parse(card): meter for meter, card in cards.items()}
        microgrid.register(self.meters, capacity)

    def readings(self, place: str, epoch: Epoch) -> list[Reading]:
        """A meter source: the head-end's pages, where a corrected value comes after the one it replaces."""
        values: dict[str, tuple[int, int]] = {}
        page = f"/intervals?start={epoch.start}&length={epoch.length}"
        while page:
            answer = requests.get(place + page, timeout=10)
            answer.raise_for_status()
            values |= {row["meter"]: (row["exported"], row["imported"]) for row in answer.json()["rows"]}
            page = answer.json()["next"]
        return [Reading(card.commitment, *values[meter]) for card, meter in self.meters.items() if meter in values]

    def publish(self, epoch: int, *, again: bool = False) -> int:
        """Publishes an epoch, or again what came late; the Unix time from which households use it."""
        found = read(self.readings, self.head_end, self.microgrid.epoch(epoch))
        return (self.microgrid.correct if again else self.microgrid.publish)(epoch, found).open_from

    def bill(self, receipt: str, key: ViewingKey) -> list[tuple[str, int, int]]:
        """Meter, epoch and the Wh that a household's receipt takes off its bill."""
        meters = {card.commitment: meter for card, meter in self.meters.items()}
        return [(meters[done.meter], done.epoch, done.wh) for done in self.microgrid.settled(receipt, key)]


def take(wallet: Wallet, epoch: int, delivery: Delivery, relayer: Submitter) -> str:
    """A household takes what its meter fed in as a note; the transaction."""
    wallet.sync()
    return wallet.issue(wallet.meter(), epoch, *delivery.reading(wallet.meter(), epoch), relayer)


def settle(wallet: Wallet, epoch: int, delivery: Delivery, relayer: Submitter, billing: Address) -> str:
    """A household gives notes back for what its meter used, as far as they go; the receipt, for billing alone."""
    wallet.sync()
    reading, path = delivery.reading(wallet.meter(), epoch)
    amount = wallet.settleable(wallet.meter(), reading, relayer)
    done = wallet.settle(wallet.meter(), epoch, reading, path, amount, relayer)
    return Discloser(wallet, billing, "the bill").settlement(done).sealed()
