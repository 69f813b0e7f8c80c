"""Tariff files: those that come along are whole, and what is wrong with another one is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from offchain.advice.tariff import TariffError, bundled, load

FLAT = """
name = "Flat"
zone = "Asia/Seoul"
currency = "KRW"
vat = 0.1
[[rates]]
from = 2024-01-01
[[rates.seasons]]
name = "all"
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
tiers = [{ above = 0, base = 0, energy = 100 }]
"""


JANUARY, FEBRUARY = (f"{{ from = 2024-0{number}-01, energy = {number} }}" for number in (1, 2))


@pytest.mark.parametrize("name", bundled())
def test_those_that_come_along(name: str) -> None:
    tariff = load(name)
    assert tariff.currency == "KRW"
    for month in range(1, 13):
        assert tariff.rates_on(date(2025, month, 1)).season(month)


def test_bands_have_a_price_for_every_hour() -> None:
    season = load("kepco_jeju_time_of_use").rates_on(date(2024, 7, 1)).season(7)
    prices = season.prices()
    assert [prices[hour] for hour in (7, 8, 15, 16, 21, 22, 23, 0)] == [
        Decimal(price) for price in ("138.7", "184.7", "184.7", "220.5", "220.5", "138.7", "138.7", "138.7")
    ]
    with pytest.raises(TariffError, match="depends on the month's use"):
        load("kepco_residential_low").rates_on(date(2024, 7, 1)).season(7).prices()


def test_the_newest_entry_holds() -> None:
    tariff = load("kepco_residential_low")
    assert tariff.per_kwh(date(2022, 6, 30)) == (Decimal("7.3"), Decimal("0.0"))
    assert tariff.per_kwh(date(2022, 7, 1)) == (Decimal("7.3"), Decimal("5.0"))
    assert tariff.fund_share(date(2024, 6, 30)) == Decimal("0.037")
    assert tariff.fund_share(date(2030, 1, 1)) == Decimal("0.027")
    with pytest.raises(TariffError, match="is known from 2022-04-01 on, not for 2022-03-31"):
        tariff.rates_on(date(2022, 3, 31))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "flat.toml"
    path.write_text(FLAT)
    assert load(str(path)).name == "Flat"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("vat = 0.1", "vat = 1.5", "a share is not between 0 and 1"),
        ("vat = 0.1", "vat = -0.1", "a share is not between 0 and 1"),
        ("vat = 0.1", "", "missing required field `vat`"),
        ("vat = 0.1", "vat = 0.1\ncolour = 3", "unknown field `colour`"),
        ("vat = 0.1", "vat = 0.1\nrounding = { total = 0 }", "amounts are rounded to something above 0"),
        ("Asia/Seoul", "Asia/Nowhere", "there is no time zone Asia/Nowhere"),
        ("Asia/Seoul", "../../etc/passwd", "there is no time zone"),
        (", 12]", "]", "rates of 2024-01-01: the seasons don't have every month once"),
        (", 12]", ", 12, 12]", "the seasons don't have every month once"),
        ("above = 0", "above = 5", "the tiers of season all don't ascend from 0"),
        ("tiers = [{ above = 0, base = 0, energy = 100 }]", "", "season all needs either tiers or bands"),
        ("energy = 100", 'energy = "much"', "energy"),
        ("energy = 100", "energy = ", "is no tariff"),
        ("[[rates]]", "[[rates]]\nfrom = 2023-01-01\nseasons = []\n[[rates]]", "the seasons don't have every month"),
        (
            "[[rates]]",
            "fuel = [{ from = 2024-02-01, energy = 1 }, { from = 2024-01-01, energy = 2 }]\n[[rates]]",
            "ascend",
        ),
        (
            "tiers = [{ above = 0, base = 0, energy = 100 }]",
            'bands = [{ name = "day", from = 8, to = 22, energy = 1 }]',
            "the bands of season all don't have every hour once",
        ),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    """P9"""
    path = tmp_path / "odd.toml"
    path.write_text(FLAT.replace(old, new, 1))
    with pytest.raises(TariffError, match=r"odd.toml is no tariff: ") as caught:
        load(str(path))
    assert why in str(caught.value)


def test_what_is_no_tariff(tmp_path: Path) -> None:
    """P9"""
    with pytest.raises(TariffError, match="there is no tariff nowhere: name a file or one of kepco_jeju_time_of_use, "):
        load("nowhere")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TariffError, match="is no tariff"):
        load(str(tmp_path / "bytes"))
    with pytest.raises(TariffError, match="there is no tariff"):
        load(str(tmp_path))
