"""Tariffs and climates by name, an operator's own among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from offchain.advice import climate, tariff
from offchain.advice.climate import ClimateError
from offchain.advice.library import Library, LibraryError
from offchain.advice.tariff import TariffError


def test_those_that_come_along_have_a_source() -> None:
    """V1 each by its name, with what its file says of where its numbers come from."""
    known = Library.of()
    assert sorted(known.tariffs) == tariff.bundled()
    assert set(known.climates) == {path.stem for path in climate.BUNDLED.glob("*.toml")}
    sources = [one.source for one in known.tariffs.values()] + [one.source for one in known.climates.values()]
    for source in sources:
        assert len(source) > 80
        assert "\n" not in source
        assert not source.startswith("#")


def test_ones_own_go_first(tmp_path: Path) -> None:
    """J1 V1 files of a folder are known by their names; one that is called as another goes before it."""
    for folder, text, name in (
        ("tariffs", (tariff.BUNDLED / "kepco_residential_low.toml").read_text(), "KEPCO residential, low voltage"),
        ("climates", (climate.BUNDLED / "seoul.toml").read_text(), "Seoul"),
    ):
        (tmp_path / folder).mkdir()
        own = text.replace(f'name = "{name}"', 'name = "Ours"')
        assert own != text
        (tmp_path / folder / "ours.toml").write_text(own)
    (tmp_path / "tariffs" / "kepco_residential_low.toml").write_text((tmp_path / "tariffs" / "ours.toml").read_text())
    known = Library.of(tmp_path)
    assert known.tariff("ours").content.name == known.tariff("kepco_residential_low").content.name == "Ours"
    assert known.climate("ours").content.name == "Ours"
    assert known.climate("seoul").content.name == "Seoul"
    assert Library.of(tmp_path / "nowhere").tariffs.keys() == Library.of().tariffs.keys()


@pytest.mark.parametrize(
    "name", ["", "Seoul", "../../../etc/passwd", "pyproject.toml", "offchain/advice/climates/seoul.toml"]
)
def test_only_names_and_no_files(name: str) -> None:
    """P9 V1 whoever asks over HTTP reaches no file."""
    known = Library.of()
    with pytest.raises(LibraryError, match="there is no such tariff: known are kepco_jeju"):
        known.tariff(name)
    with pytest.raises(LibraryError, match="there is no such climate: known are seosan, seoul"):
        known.climate(name)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """J2 P9 V1 one line names it."""
    for folder, error in (("tariffs", TariffError), ("climates", ClimateError)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "odd.toml").write_text("name = 5")
        with pytest.raises(error, match=r"odd\.toml is no (tariff|climate)"):
            Library.of(tmp_path)
        (tmp_path / folder / "odd.toml").unlink()
