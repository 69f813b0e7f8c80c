"""How an owner gets its meter's reading of an epoch: the whole bundle is fetched, and its own part opened here.

Whoever serves bundles, the operator itself for one, sees that somebody wants an epoch of a microgrid, and not which
meter. What it serves is held against the hash on chain, and the part against the root.
"""

from __future__ import annotations

from pathlib import Path

import requests
from web3 import Web3

from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.metering.bundle import Bundle, data_hash
from offchain.metering.card import reading_key
from offchain.metering.readings_tree import Reading, ReadingPath, verify_reading
from offchain.node import Node
from offchain.wallet.meter import OwnMeter

FETCH_SECONDS = 60
LARGEST_BUNDLE = 1 << 31
"""Bytes; a bundle of as many meters as a microgrid can have is half as large."""


class DeliveryError(UserError):
    """Says in one line why a reading can't be had."""


class Delivery:
    """Readings of one chain's microgrids. `source` is a folder with bundles or the URL of one."""

    def __init__(self, web3: Web3, manifest: Manifest, source: str | Path) -> None:
        self._source = source
        self._registry = manifest.contract(web3, "registry")
        self._first_block = Node(web3).first_block_with_code(self._registry.address)

    def reading(self, meter: OwnMeter, epoch: int) -> tuple[Reading, ReadingPath]:
        """A meter's reading of an epoch and the path that proves it.

        Raises DeliveryError if nothing was published, the bundle can't be had, or it has no right part for the meter;
        BundleError if it is damaged.
        """
        root, name = self._published(meter.microgrid, epoch)
        bundle = Bundle.parse(self._fetched(name))
        part = bundle.open(meter.commitment, reading_key(meter.secret))
        if part is None:
            raise DeliveryError(f"epoch {epoch} has no reading of this meter: ask the operator why")
        if not verify_reading(root, epoch, *part):
            raise DeliveryError(f"the reading of epoch {epoch} doesn't fit what was published: ask the operator")
        return part

    def _published(self, microgrid: int, epoch: int) -> tuple[int, bytes]:
        """The root that holds now, and the hash of its bundle."""
        root = int(self._registry.functions.readingsOf(microgrid, epoch).call()[0])
        found = self._registry.events.ReadingsPublished().get_logs(
            from_block=self._first_block, argument_filters={"microgrid": microgrid, "epoch": epoch}
        )
        names = [bytes(log["args"]["dataHash"]) for log in found if log["args"]["readingsRoot"] == root]
        if not names:
            raise DeliveryError(f"the readings of epoch {epoch} are not published yet")
        return root, names[-1]

    def _fetched(self, name: bytes) -> bytes:
        file = f"{name.hex()}.bin"
        if isinstance(self._source, str) and self._source.startswith(("http://", "https://")):
            data = _download(f"{self._source.rstrip('/')}/{file}")
        else:
            try:
                data = (Path(self._source) / file).read_bytes()
            except OSError as error:
                raise DeliveryError(f"the bundle {file} can't be read in {self._source}: {error.strerror}") from error
        if data_hash(data) != name:
            raise DeliveryError(f"the bundle {file} is not the one that was published: fetch it from elsewhere")
        return data


def _download(url: str) -> bytes:
    try:
        with requests.get(url, timeout=FETCH_SECONDS, stream=True) as answer:
            if answer.status_code != 200:
                raise DeliveryError(f"{url} answers {answer.status_code}: fetch the bundle from elsewhere")
            data = b""
            for block in answer.iter_content(1 << 20):
                data += block
                if len(data) > LARGEST_BUNDLE:
                    raise DeliveryError(f"{url} is too large for a bundle of readings")
    except (requests.RequestException, OSError) as error:
        raise DeliveryError(f"{url} can't be fetched ({type(error).__name__})") from error
    return data
