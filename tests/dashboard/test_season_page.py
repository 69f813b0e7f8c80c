"""A season's report in a real Chromium: light and dark, on a desk and a phone; charts that can be zoomed and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from offchain.simulate.season.charts import charts
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.page import page
from offchain.simulate.season.report import compared
from offchain.simulate.season.results import results
from tests.dashboard.chromium import in_chromium, needs_chromium
from tests.dashboard.package import needs_packages


@needs_packages
@needs_chromium
def test_a_report_in_chromium(tmp_path: Path) -> None:
    """Y23: no complaint of console, policy or axe, no request, no scrolling to the side, every chart painted."""
    inputs = season_of(Choices(homes=6, days=2, line_kw=0.4))
    found = results(inputs, compared(inputs.season, lambda hour: np.zeros((24, 2))), "openmg simulate")
    file = tmp_path / "season.html"
    file.write_text(page(found))
    drawn = [chart.id for section in charts(found).values() for chart in section]
    in_chromium("season", tmp_path, {"report": str(file), "charts": drawn}, 3)
