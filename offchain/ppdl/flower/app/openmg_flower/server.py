"""The server's part, from the code that is installed beside it."""

from __future__ import annotations

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from offchain.ppdl.flower import server_app

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """All rounds of the federation."""
    server_app.run(grid, context)
