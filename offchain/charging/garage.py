"""What a car keeps of its sessions: a file each, which is its evidence as well."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offchain import durable_file
from offchain.charging.client import ChargeError
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.metering.signed_reading import SignedReading

COUNTER = "next-number"


@dataclass(frozen=True)
class CarSession:
    """A session as its car knows it. `number` is that of the one-time wallet which the rest goes back to; `reading`
    the latest that the station's meter has signed; `reason` why the car ended it, "" if it didn't; `collected` the
    transaction that took the rest home."""

    url: str
    number: int
    quote: Quote
    reading: SignedReading | None = None
    receipt: Receipt | None = None
    reason: str = ""
    collected: str = ""

    @property
    def name(self) -> str:
        """The session's name."""
        return self.quote.session

    @property
    def used(self) -> int:
        """Wh that the station's meter has counted."""
        return self.reading.imported if self.reading else 0


class Garage:
    """A folder of sessions, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, session: CarSession) -> CarSession:
        """Keeps a session as it stands; it is on the disk when this returns. Raises ChargeError."""
        content: dict[str, Any] = {"url": session.url, "number": session.number}
        content |= {"reason": session.reason, "collected": session.collected}
        for name in ("quote", "reading", "receipt"):
            part = getattr(session, name)
            content[name] = part.model_dump(mode="json") if part else None
        self._write(self._path(session.name), json.dumps(content, indent=1))
        return session

    def all(self) -> list[CarSession]:
        """All sessions, oldest first. Raises ChargeError for a damaged file."""
        sessions = [self._load(path) for path in self.folder.glob("*.json")]
        return sorted(sessions, key=lambda session: session.number)

    def find(self, name: str) -> CarSession:
        """The session whose name begins so. Raises ChargeError if there is none, or more than one."""
        found = [session for session in self.all() if name and session.name.startswith(name)]
        if len(found) != 1:
            known = ", ".join(session.name[:8] for session in self.all()) or "none yet"
            raise ChargeError(f"no one session begins with {name!r}; there are: {known}")
        return found[0]

    def new_number(self) -> int:
        """A number that was never given before, not even to a session that came to nothing: who was told two stations'
        quotes would know the car by its address. Raises ChargeError."""
        counter = self.folder / COUNTER
        try:
            given = int(counter.read_text()) if counter.exists() else 0
        except (OSError, ValueError) as error:
            raise ChargeError(f"{counter} can't be read ({type(error).__name__}): move it away") from error
        number = max([given, *(session.number + 1 for session in self.all())])
        self._write(counter, str(number + 1))
        return number

    def _write(self, path: Path, content: str) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            durable_file.replace(path, content.encode(), private=True)
        except OSError as error:
            raise ChargeError(f"{self.folder} can't be written: {error.strerror}") from error

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _load(self, path: Path) -> CarSession:
        try:
            content = json.loads(path.read_text())
            reading, receipt = content["reading"], content["receipt"]
            return CarSession(
                str(content["url"]),
                int(content["number"]),
                Quote.of(content["quote"]),
                SignedReading.of(reading) if reading else None,
                Receipt.of(receipt) if receipt else None,
                str(content["reason"]),
                str(content["collected"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ChargeError(f"{path} can't be read ({type(error).__name__}): move it away") from error
