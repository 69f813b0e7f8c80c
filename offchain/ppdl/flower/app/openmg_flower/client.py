"""What a node answers that lets Flower execute the server's app: such a node can't take part."""

from __future__ import annotations

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

app = ClientApp()


@app.query()
def query(message: Message, context: Context) -> Message:
    """Raises RuntimeError."""
    raise RuntimeError("start the SuperNode with --isolation process, and beside it offchain.ppdl.flower.executor")
