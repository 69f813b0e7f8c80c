"""What numbers were computed from, as lines and as phrases."""

from __future__ import annotations

import re

import pytest

from offchain.advice.told import PHRASES, joined, told
from offchain.environment import PROJECT

PAGE = PROJECT / "offchain" / "dashboard" / "src" / "i18n" / "basisWords.ts"
ROUTES = PROJECT / "docs" / "reference" / "advice-routes.md"


def test_phrases_are_joined_as_they_are_told() -> None:
    """Each phrase keeps what stands before it, whatever it is joined into."""
    energy = joined([told("energy", kwh=300, price="93.2"), told("energy", kwh=84, price="187.8")], " + ")
    line = told("days_read", days=20).then(energy).then(told("tier", tier=2, tiers=3), ", ")
    assert str(line) == "20 days read; 300 kWh at 93.2 + 84 kWh at 187.8, tier 2 of 3"
    assert [phrase.joint for phrase in line.phrases] == ["", "; ", " + ", ", "]
    assert line.phrases[1].values == {"kwh": "300", "price": "93.2"}


def test_a_phrase_has_a_code_and_all_its_values() -> None:
    """What isn't known or lacks a value can't be told."""
    for line in (told("nonsense"), told("energy", kwh=1)):
        with pytest.raises(KeyError):
            str(line)


def test_each_phrase_is_documented_and_told_in_korean_by_the_page() -> None:
    """V1 with values that the service gives."""
    korean = dict(re.findall(r'^  (\w+): "(.*)",$', PAGE.read_text(), re.M))
    routes = ROUTES.read_text()
    for code, english in PHRASES.items():
        assert f"| `{code}` | {english} |" in routes, code
        assert code in korean, code
        given = set(re.findall(r"{(\w+)}", english)) | {"korean"}
        assert set(re.findall(r"{(\w+)}", korean[code])) <= given, code
