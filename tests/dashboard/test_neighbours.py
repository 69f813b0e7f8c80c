"""Two browsers of neighbours on one chain: energy issued, swapped, settled, paid and paid out, disclosures that an
auditor believes; what is slow, tampered with, of another network, or started anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from offchain.dashboard.site import Services, network_file, site
from offchain.wallet.audit import Audit, Finding
from offchain.wallet.disclosure import Disclosure
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.wallet import Wallet
from tests.dashboard.chromium import in_chromium, needs_chromium
from tests.dashboard.household import EPOCH, household
from tests.dashboard.package import build_page, needs_packages
from tests.dashboard.scene import Scene, scene, served

HOUSEHOLD, AUDITOR = (Seed(bytes([number] * 16)) for number in (5, 6))
INJECTED = 4
"""The development account of the injected wallet."""

ZONE = "Asia/Seoul"
RECIPIENT = "0x" + "77" * 20


@needs_packages
@needs_chromium
def test_neighbours_in_chromium(tmp_path: Path) -> None:
    """P1 P2 P3 P9 what one browser pays another receives; Python reads the same history from the same words, and its
    auditor believes what a browser discloses."""
    build_page()
    keys = HOUSEHOLD.keys()
    with scene(tmp_path, origins=("*",)) as stage, household(stage, keys, tmp_path / "metering") as metered:
        services = Services(stage.node, stage.relayer, metered.bundles)
        page = site(network_file(stage.manifest, services, zone=ZONE), services)
        with served(page) as url, served(prompter(stage, tmp_path)) as prompt:
            content = {
                "url": url,
                "node": stage.node,
                "prompt": prompt,
                "downloads": str(tmp_path),
                "words": HOUSEHOLD.words,
                "viewing": keys.viewing.export(),
                "auditor": str(AUDITOR.keys().address),
                "account": str(stage.sender(INJECTED).address),
                "recipient": RECIPIENT,
                "epoch": metered.epoch,
                "epochLength": EPOCH,
                "zone": ZONE,
            }
            in_chromium("neighbours", tmp_path, content, 15)


def prompter(stage: Scene, folder: Path) -> FastAPI:
    """Does for the browsers' tests what isn't done in a browser."""
    app = FastAPI()

    @app.post("/audit/{subject}")
    def audit(subject: str) -> list[dict[str, Any]]:
        auditor: Keys = AUDITOR.keys()
        text = (folder / f"openmg-{subject}.json").read_text()
        disclosure = Disclosure.unsealed(text, auditor.viewing)
        findings = Audit(stage.web3, stage.manifest).check(disclosure)
        return [{"purpose": disclosure.header.purpose, **told(finding)} for finding in findings]

    @app.get("/history")
    def history() -> list[list[str]]:
        wallet = Wallet(HOUSEHOLD.keys(), stage.web3, stage.manifest, folder / "restored")
        wallet.sync()
        return [[entry.kind.value, entry.transaction] for entry in wallet.history()]

    @app.get("/balance")
    def balance() -> str:
        return str(stage.web3.eth.get_balance(stage.web3.to_checksum_address(RECIPIENT)))

    @app.post("/start-anew")
    def start_anew() -> None:
        stage.start_anew(folder / "anew")

    return app


def told(finding: Finding) -> dict[str, Any]:
    """What an auditor is certain of, as JSON."""
    return {
        "kind": finding.kind,
        "by_owner": finding.by_owner,
        "burned": None if finding.burned is None else str(finding.burned),
        "movements": [[one.role, str(one.amount), one.address] for one in finding.movements],
    }
