"""The tariffs and climates that are known by name: those that come along, and an operator's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from offchain.advice import climate, tariff
from offchain.advice.climate import Climate
from offchain.advice.errors import AdviceError
from offchain.advice.tariff import Tariff

Content = TypeVar("Content")


class LibraryError(AdviceError):
    """Says in one line that there is nothing of that name."""


@dataclass(frozen=True)
class Known(Generic[Content]):
    """A tariff or a climate, what it is called here, and where its numbers come from, as its file says."""

    name: str
    content: Content
    source: str


@dataclass(frozen=True)
class Library:
    """By name."""

    tariffs: dict[str, Known[Tariff]]
    climates: dict[str, Known[Climate]]

    @classmethod
    def of(cls, folder: Path | None = None) -> Library:
        """With the TOML files in the folders `tariffs` and `climates` of a folder, which go before those that come
        along. Raises TariffError or ClimateError for a file that is none."""
        tariffs = {path.stem: path for path in _files(tariff.BUNDLED, folder and folder / "tariffs")}
        climates = {path.stem: path for path in _files(climate.BUNDLED, folder and folder / "climates")}
        return cls(
            {name: Known(name, tariff.read(path), source_of(path)) for name, path in tariffs.items()},
            {name: Known(name, climate.read(path), source_of(path)) for name, path in climates.items()},
        )

    def tariff(self, name: str) -> Known[Tariff]:
        """Raises LibraryError if there is none."""
        return _named(self.tariffs, name, "tariff")

    def climate(self, name: str) -> Known[Climate]:
        """Raises LibraryError if there is none."""
        return _named(self.climates, name, "climate")


def source_of(path: Path) -> str:
    """The comment at the head of a file, in one line."""
    lines = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


def _named(known: dict[str, Known[Content]], name: str, what: str) -> Known[Content]:
    if name not in known:
        raise LibraryError(f"there is no such {what}: known are {', '.join(sorted(known))}")
    return known[name]


def _files(*folders: Path | None) -> Iterator[Path]:
    for folder in folders:
        if folder is not None:
            yield from sorted(folder.glob("*.toml"))
