"""The page in a real Chromium on a real chain: made, restored, paid and paying, in two tabs, offline, tampered with."""

from __future__ import annotations

from pathlib import Path

from offchain.dashboard.site import Services, network_file, site
from offchain.units import ETHER
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from tests.dashboard.chromium import in_chromium, needs_chromium
from tests.dashboard.package import build_page, needs_packages
from tests.dashboard.scene import CONSUMER, scene, served

PAYER, PAYEE = 3, 4


@needs_packages
@needs_chromium
def test_page_in_chromium(tmp_path: Path) -> None:
    """P3 P9 what the page sends reaches its receiver; it asks nobody but its services, and names what is wrong."""
    build_page()
    with scene(tmp_path, origins=("*",)) as stage:
        payer, payee = stage.wallet(PAYER, tmp_path / "payer"), stage.wallet(PAYEE, tmp_path / "payee")
        for ether in (1, 2):
            payer.shield(ether * ETHER, ETH, stage.sender(CONSUMER))
        stage.call("anvil_setBalance", payer.keys.account.address, hex(10 * ETHER))
        services = Services(stage.node, stage.relayer)
        with served(site(network_file(stage.manifest, services), services)) as url:
            content = {
                "url": url,
                "origins": [url, *services.origins],
                "words": Seed(bytes([PAYER] * 16)).words,
                "receiver": str(payee.address),
            }
            in_chromium("page", tmp_path, content, 10)
        payee.sync()
        received = [entry.amount for entry in payee.history()]
        assert received[0] == 7 * ETHER // 2
        assert 1 < len(received) <= 3
