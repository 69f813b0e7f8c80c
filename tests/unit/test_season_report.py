"""A season's results, sentences, page and pictures: the same again, whole, true also of what a market makes worse."""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from functools import cache
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.simulate.season import page
from offchain.simulate.season.chain import Effort
from offchain.simulate.season.charts import charts
from offchain.simulate.season.findings import change, findings, listed, verdict
from offchain.simulate.season.inputs import Choices, season_of
from offchain.simulate.season.report import compared, effort_in_figures, rewrite
from offchain.simulate.season.results import Results, ResultsError, load, results

COMMAND = "openmg simulate --homes 6 --days 2"
KEPT = PROJECT / "docs" / "examples" / "season.json"


@cache
def made() -> Results:
    """Two days of six homes, without a local market and with an auction."""
    inputs = season_of(Choices(homes=6, days=2, line_kw=0.4, feeder_kw_per_home=0.5))
    hours: list[None] = []
    worlds = compared(inputs.season, lambda hour: np.zeros((24, 2)), lambda: hours.append(None))
    assert len(hours) == 2 * 48
    gas = {"swap": [296_000, 290_000, 302_000], "flush": [1_500_000]}
    run = effort_in_figures(Effort(defaultdict(list, gas), 2, 3.5), 48)
    run["proven"] = {"homes": 3, "hours": 2, "proofs": 9, "gas": {"swap": 612_345}, "seconds": 12.5}
    return results(inputs, worlds, COMMAND, run)


def test_a_report_is_written_whole_and_the_same_again(tmp_path: Path) -> None:
    """Y23: JSON that is read as it was, the page, and a picture of each chart, to the byte."""
    first = {path.name: path.read_bytes() for path in rewrite(made(), tmp_path)}
    again = {path.name: path.read_bytes() for path in rewrite(made(), tmp_path)}
    assert first == again
    assert load(tmp_path / "season.json") == json.loads(json.dumps(made()))
    drawn = {f"season-{chart.id}.png" for section in charts(made()).values() for chart in section}
    assert set(first) == {"season.json", "season.html"} | drawn


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 99}', "\x00"])
def test_what_is_no_results_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    """P9."""
    file = tmp_path / "season.json"
    file.write_text(content)
    for path in (file, tmp_path / "absent.json", tmp_path):
        with pytest.raises(ResultsError) as caught:
            load(path)
        assert "\n" not in str(caught.value)


def test_the_page_is_whole_and_loads_nothing() -> None:
    """Y23: every figure of the first table and every chart, and no address but in comments and XML names."""
    html = page.page(made())
    assert html == page.page(copy.deepcopy(made()))
    text = unescape(html)
    for row in page.headline(made()):
        assert row["label"] in text
        assert all(cell in text for cell in row["cells"])
    for section in charts(made()).values():
        for chart in section:
            assert f'id="{chart.id}"' in html
    assert all(sentence in text for sentence in made()["findings"])
    assert COMMAND in html
    assert "296,000" in html  # the gas
    assert "9 real proofs" in html
    assert "612,345" in html
    assert "Permission is hereby granted" in html
    bare = re.sub(r"<!--.*?-->|/\*!.*?\*/", "", html, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)\s*=\s*["\']|@import|url\(|https?://(?!www\.w3\.org)', bare) == []
    assert len(html) < 1_000_000


def test_what_a_file_is_called_runs_nothing_in_the_page() -> None:
    """Y23: words from outside are text."""
    hostile = copy.deepcopy(made())
    hostile["season"]["source"] = hostile["command"] = "</script><script>alert(1)</script>"
    hostile["season"]["microgrids"][0]["name"] = "</script><b>"
    html = page.page(hostile)
    assert "<script>alert" not in html
    assert "<b>" not in html


def test_the_page_needs_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9."""
    monkeypatch.setattr(page, "UPLOT", tmp_path)
    with pytest.raises(UserError, match="run make page"):
        page.page(made())


def shape(value: object, free: tuple[str, ...] = ("gas", "behaviours", "by_group", "worlds", "gains")) -> object:
    """Names and kinds of what JSON holds; of a list that of its first member, of free names those of one."""
    if isinstance(value, dict):
        return {
            name: sorted(map(str, {json.dumps(shape(one)) for one in part.values()})) if name in free else shape(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "text" if isinstance(value, str) else "figure"


def test_the_kept_example_has_what_the_code_writes() -> None:
    """Y23: a month of 55 homes, its page made of its figures, all worlds in it, and no home called by another name."""
    kept = load(KEPT)
    assert list(kept) == list(made())
    for part in ("season", "series"):
        assert shape(kept[part]) == shape(json.loads(json.dumps(made()[part])))
    for name, world in kept["worlds"].items():
        assert shape(world) == shape(json.loads(json.dumps(made()["worlds"]["auction"]))), name
    assert shape(kept["gains"]["market"]) == shape(json.loads(json.dumps(made()["gains"]["auction"])))
    assert (kept["season"]["homes"], kept["season"]["days"]) == (55, 30)
    assert list(kept["worlds"]) == ["utility", "auction", "market"]
    names = [home["home"] for home in kept["worlds"]["market"]["households"]["by_home"]]
    assert names == [f"home-{number:02}" for number in range(1, 56)]
    assert kept["findings"] == findings(kept)
    assert KEPT.with_suffix(".html").read_text() == page.page(kept)


def test_numbers_as_people_read_them() -> None:
    """Y23."""
    assert [page.number(value) for value in (1_234.6, -0.2, None, -12)] == ["1,235", "0", "\u2013", "\u221212"]
    assert [page.number(value, 1) for value in (-0.01, -0.06, 0)] == ["0.0", "\u22120.1", "0.0"]
    assert page.percent(0.4132) == "41.3 %"
    assert page.percent(None) == "\u2013"


def test_sentences_follow_the_figures_also_where_a_market_makes_it_worse() -> None:
    """Y24: relieved, worse or no difference, and who pays, as it was measured."""
    told = " ".join(findings(made()))
    assert "no difference" in told
    assert "Next to no energy is saved" in told
    other = copy.deepcopy(made())
    line = other["worlds"]["auction"]["grid"]["lines"][0]
    line["held_back_kwh"] = 2 * other["worlds"]["utility"]["grid"]["lines"][0]["held_back_kwh"] + 5
    other["worlds"]["auction"]["energy"]["curtailed_kwh"] = 0.0
    other["worlds"]["utility"]["energy"]["curtailed_kwh"] = 9.0
    gain = other["gains"]["auction"]
    gain |= {"saved": gain["homes"], "from_utility": 0.0, "worse_off": 2, "most_lost": 700.0}
    told = " ".join(findings(other))
    assert "kWh: worse" in told
    assert "9 kWh without a local market and 0 with the auction: relieved" in told
    assert "Next to no energy is saved" not in told
    assert "2 are worse off, by 700 won at the most" in told
    gain["worse_off"] = 1
    assert "1 is worse off, by 700 won at the most" in " ".join(findings(other))


def test_manipulators_are_told_with_what_does_not_hold() -> None:
    """Y24: their profit or loss, what is left with all protections, and which alone leave more than half."""
    other = copy.deepcopy(made())
    trial = {"kind": "wash-trader", "volatility": 0.1, "volatility_before": None, "harm": 5.0, "refused_before": 0.0}
    trial |= {"refused": 3.0, "traded": 900.0, "traded_before": 900.0, "moved": 70.0}
    other["trials"] = {
        "days": 2,
        "trials": [
            trial | {"protections": "none", "distortion": 0.4, "profit": 250.0, "edge": -80.0},
            trial | {"protections": "bound", "distortion": 0.21, "profit": 9.0, "edge": 8.0},
            trial | {"protections": "all", "distortion": 0.1, "profit": -120.0, "edge": 0.5},
        ],
        "auction": [{"kind": "hoarder", "distortion": 0.017, "profit": -86_420.0, "harm": 97_531.0}],
        "moves": [
            {"rise": 0.25, "energy": 81.0, "capital": 13_579.0, "lost": 77.0, "meter_hours": 4, "meters": 4}
            | {"bound_hours": 2.5}
        ],
        "holds": [
            {
                "protections": "all",
                "rise": 0.25,
                "hours": 24,
                "risen": 0.11,
                "first": None,
                "capital": 1.0,
                "cost": 2_468.0,
            }
        ],
    }
    other["findings"] = findings(other)
    html = unescape(page.page(other))
    for told in (
        "A wash trader moves the price by 40.0% on average without protections and earns 250 won (loses 80 won by its "
        "trades alone); with all it moves it by 10.0% and loses 120 won (earns nothing by its trades alone). "
        "Others then trade 900 kWh and are refused 3.",
        "More than half of what it moves the price by without protections is left with bound alone.",
    ):
        assert told in other["findings"]
        assert told in html
    assert all(cell in html for cell in ("21.0 %", "13,579", "2,468", "never", "97,531"))
    assert 'id="trials_profit"' in html


def test_verdicts_and_words_by_hand() -> None:
    """Y24."""
    assert [verdict(100, after) for after in (100.4, 99, 101)] == ["no difference", "relieved", "worse"]
    assert verdict(0, 0) == "no difference"
    assert verdict(0, 1) == "worse"
    assert change(80, 100) == "\u221220.0%"
    assert change(-80, -100) == "+20.0%"
    assert change(1, 0) == "no change to tell"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
