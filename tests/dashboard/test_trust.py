"""The pages trust and operator in a real Chromium, with a real API on an index of two real chains."""

from __future__ import annotations

from pathlib import Path

from offchain.dashboard.site import Services, network_file, site
from tests.dashboard.chromium import in_chromium, needs_chromium
from tests.dashboard.overseen import CHECKPOINTS, FINAL, overseen
from tests.dashboard.package import build_page, needs_packages
from tests.dashboard.scene import served


@needs_packages
@needs_chromium
def test_trust_and_operator_in_chromium(tmp_path: Path) -> None:
    """P9 Q4 Q5 each figure is the chain's, an altered one is told, and what is ill is seen."""
    build_page()
    with overseen(tmp_path) as found:
        stage, root = found.stage, found.root
        services = Services(stage.node, stage.relayer, api=found.api, root=root.url)
        with served(site(network_file(stage.manifest, services, root.manifest, "Asia/Seoul"), services)) as url:
            content = {
                "url": url,
                "api": found.api,
                "node": stage.node,
                "key": found.key,
                "checkpoints": CHECKPOINTS,
                "final": FINAL,
                "strange": stage.manifest.address("pool"),
            }
            in_chromium("trust", tmp_path, content, 9)
