"""The pages home, market and microgrid in a real Chromium, on a real chain's index and a home's signed readings."""

from __future__ import annotations

from pathlib import Path

from offchain.dashboard.site import Services, network_file, site
from tests.dashboard.chromium import in_chromium, needs_chromium
from tests.dashboard.package import build_page, needs_packages
from tests.dashboard.scene import served
from tests.dashboard.town import ZONE, town


@needs_packages
@needs_chromium
def test_figures_in_chromium(tmp_path: Path) -> None:
    """P9 every page shows what the service and the chain say, in both languages, on phone and desktop; says what to do
    without a key, without readings, and while the service or the network is away; and its policy stops nothing."""
    build_page()
    with town(tmp_path) as place:
        services = Services(place.node, api=place.api)
        lonely = Services(place.node)
        file = network_file(place.grid.manifest, services, zone=ZONE.key)
        bare = network_file(place.grid.manifest, lonely)
        with served(site(file, services)) as url, served(site(bare, lonely)) as without:
            content = {
                "url": url,
                "without": without,
                "api": place.api,
                "origins": [url, *services.origins],
                "home": place.home,
                "newHome": place.new_home,
                "oldHome": place.old_home,
                "stop": str(place.stop),
            }
            in_chromium("figures", tmp_path, content, 14)
