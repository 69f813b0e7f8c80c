"""The server's run, as Flower starts it: all rounds of a federation, of which it writes the progress to a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from flwr.app import Context, Message, MessageType
from flwr.serverapp import Grid

from offchain.errors import UserError
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.flower.coordinator import Coordinator
from offchain.ppdl.flower.envelope import opened, sealed
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.flower.homes import MODEL, gate, initial_state
from offchain.ppdl.flower.progress import Done, Ended, Progress, Told
from offchain.ppdl.learning.federation import conduct
from offchain.ppdl.learning.readings import read_csv
from offchain.ppdl.learning.update import Lanes

POLL_SECONDS = 0.5


class ServerError(UserError):
    """Says in one line why a run can't begin."""


class Server:
    """A run of a federation over Flower's grid. Its configuration: `federation`, `test-readings` and `progress` are
    files' paths, `nodes` how many nodes it waits for, `seconds` how long for each answer."""

    def __init__(self, grid: Grid, context: Context, progress: Progress) -> None:
        config = context.run_config
        self._grid = grid
        self._progress = progress
        self._federation = Federation.read(Path(str(config["federation"])))
        self._gate = gate(self._federation, read_csv(Path(str(config["test-readings"]))))
        self._nodes = int(config["nodes"])
        self._seconds = float(config["seconds"])
        self._round = 0

    def run(self) -> None:
        """All rounds. Raises a UserError if one has no result."""
        self._wait()
        rounds = self._federation.rounds
        for done in conduct(MODEL, self._gate, rounds, initial_state(self._federation), self._collect):
            event = Done(
                done.number,
                done.clients,
                done.training_loss,
                done.loss_before,
                done.loss_after,
                done.accepted,
                done.state.tolist(),
            )
            self._progress.write(event)

    def _collect(self, number: int, state: Lanes) -> Sum:
        self._round = number
        return Coordinator(self._federation, self._send, self._tell).sum_of(number, state)

    def _wait(self) -> None:
        deadline = time.monotonic() + self._seconds
        while (found := len(list(self._grid.get_node_ids()))) < self._nodes:
            if time.monotonic() > deadline:
                raise ServerError(f"only {found} of {self._nodes} nodes are there after {self._seconds:g} s")
            time.sleep(POLL_SECONDS)

    def _send(self, content: bytes) -> Iterator[bytes]:
        """The answers of all nodes that are there, as they come."""
        nodes = list(self._grid.get_node_ids())
        messages = [
            Message(
                sealed(content),
                dst_node_id=node,
                message_type=MessageType.QUERY,
                ttl=self._seconds,
                group_id=str(self._round),
            )
            for node in nodes
        ]
        sent = self._grid.push_messages(messages)  # ids in the messages' order, None or less of them for those not sent
        waiting = {message: node for message, node in zip(sent, nodes, strict=False) if message is not None}
        if len(waiting) < len(nodes):
            self._tell(f"Flower sent {len(nodes) - len(waiting)} of {len(nodes)} messages to nobody")
        deadline = time.monotonic() + self._seconds
        while waiting and time.monotonic() < deadline:
            for reply in self._grid.pull_messages(list(waiting)):
                node = waiting.pop(reply.metadata.reply_to_message_id)
                try:
                    yield opened(reply)
                except UserError as error:
                    self._tell(f"node {node}: {error}")
            time.sleep(POLL_SECONDS if waiting else 0)
        if waiting:
            self._tell(f"{len(waiting)} nodes didn't answer within {self._seconds:g} s")

    def _tell(self, line: str) -> None:
        self._progress.write(Told(self._round, line))


def run(grid: Grid, context: Context) -> None:
    """A run, whose end is told in any case."""
    progress = Progress(Path(str(context.run_config["progress"])))
    failure: str | None = "the server's program broke off"
    try:
        Server(grid, context, progress).run()
        failure = None
    except UserError as error:
        failure = str(error)
    finally:
        progress.write(Ended(failure))
