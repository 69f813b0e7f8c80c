"""A stand-in for a platform as there are many: a head-end that publishes interval readings over HTTP, and bills.

The head-end gives an interval's values in pages. A corrected value comes as another row, after the one it replaces; a
value that is late isn't there yet.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.staticfiles import StaticFiles

from offchain.http_service import serving

ROWS_A_PAGE = 2


@dataclass
class Utility:
    """Counts in Wh by its own numbers of meters. `down`: the head-end answers nothing but an error."""

    rows: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    taken_off: dict[tuple[str, int], int] = field(default_factory=dict)
    down: bool = False

    def read(self, meter: str, start: int, exported: Any = 0, imported: Any = 0) -> None:
        """A value comes in, or replaces one."""
        self.rows[start].append({"meter": meter, "exported": exported, "imported": imported})

    def take_off(self, meter: str, start: int, wh: int) -> None:
        """So much of an interval isn't billed; told again, it is the same."""
        self.taken_off[meter, start] = wh

    def billed(self, meter: str, start: int) -> int:
        """Wh of an interval that the bill has."""
        newest = {row["meter"]: row["imported"] for row in self.rows[start]}
        return int(newest[meter]) - self.taken_off.get((meter, start), 0)

    def application(self, bundles: Path) -> FastAPI:
        """The head-end, and beside it the folder of bundles, as any web server gives it."""
        app = FastAPI()
        app.mount("/bundles", StaticFiles(directory=bundles, check_dir=False))

        @app.get("/intervals")
        def intervals(start: int, length: int, page: int = 0) -> dict[str, Any]:
            if self.down:
                raise HTTPException(503, "the head-end is being maintained")
            rows = self.rows[start]
            first, end = page * ROWS_A_PAGE, (page + 1) * ROWS_A_PAGE
            more = f"/intervals?start={start}&length={length}&page={page + 1}" if end < len(rows) else None
            return {"rows": rows[first:end], "next": more}

        return app

    @contextmanager
    def served(self, bundles: Path) -> Iterator[str]:
        """Its URL."""
        with socket.create_server(("127.0.0.1", 0)) as listening, serving(self.application(bundles), listening) as url:
            yield url
