"""Answers what a Flower SuperNode receives, by the code that is installed on the node.

Flower would run the app that the server sends it, on the node that holds the readings. So the SuperNode runs in
process isolation, where it executes nothing, and this is what executes: it never opens the server's app.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click
import httpx
from flwr.app import Error, Message
from flwr.common.constant import ErrorCode, SubStatus
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.auth import load_superexec_auth_secret
from flwr.supercore.constant import TaskType
from flwr.supercore.heartbeat import HeartbeatSender, make_task_heartbeat_fn_http
from flwr.supercore.interceptors import (
    RuntimeTokenHttpInterceptor,
    RuntimeVersionHttpInterceptor,
    SuperExecAuthHttpInterceptor,
)
from flwr.supercore.protobuf.client import ProtobufClientInterceptor
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supernode.runtime.run_clientapp import pull_task_input, push_message, push_task_output

from offchain.errors import UserError
from offchain.ppdl.flower import keys
from offchain.ppdl.flower.envelope import opened, sealed
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.flower.node import Node, Train
from offchain.ppdl.learning.readings import Readings, read_csv

if TYPE_CHECKING:
    from offchain.ppdl.flower.homes import Homes

POLL_SECONDS = 0.5
PROTECTED = frozenset({"/flwr.proto.Runtime/AcquireTask"})


class ExecutorError(UserError):
    """Says in one line why an executor ends."""


class Executor:
    """The executor of a SuperNode, by the address of its Runtime API on this machine and the secret that both have."""

    def __init__(self, node: Node, address: str, secret: bytes) -> None:
        self._node = node
        self._address = address
        self._tasks = self._client(SuperExecAuthHttpInterceptor(master_secret=secret, protected_methods=PROTECTED))

    def run(self) -> None:
        """Answers until the SuperNode is gone. Raises ExecutorError if it has another secret, or isn't there."""
        try:
            while True:
                found = self._tasks.AcquireTask(AcquireTaskRequest(supported_task_types=[TaskType.CLIENT_APP]))
                if found.HasField("task") and found.token:
                    self._answer(found.token)
                else:
                    time.sleep(POLL_SECONDS)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise ExecutorError(
                f"the SuperNode at {self._address} refuses ({status}): is the secret its own?"
            ) from error
        except httpx.HTTPError as error:
            raise ExecutorError(f"the SuperNode at {self._address} doesn't answer: {error}") from error

    def _answer(self, token: str) -> None:
        client = self._client(RuntimeTokenHttpInterceptor(token))
        heartbeat = HeartbeatSender(make_task_heartbeat_fn_http(client))
        heartbeat.start()
        try:
            message, context, _, _ = pull_task_input(client)
            push_message(client, self._reply(message), context)
            push_task_output(client, None, SubStatus.COMPLETED, "")
        finally:
            heartbeat.stop()
            client.close()

    def _reply(self, message: Message) -> Message:
        try:
            return Message(sealed(self._node.answer(opened(message))), reply_to=message)
        except UserError as error:
            return Message(Error(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, str(error)), reply_to=message)

    def _client(self, interceptor: ProtobufClientInterceptor) -> RuntimeHttpClient:
        version = RuntimeVersionHttpInterceptor(component_name="flwr-clientapp")
        return RuntimeHttpClient.from_server_address(
            server_address=self._address, insecure=True, root_certificates=None, interceptors=[version, interceptor]
        )


@click.command()
@click.argument("federation", type=click.Path(path_type=Path))
@click.option("--readings", type=click.Path(path_type=Path), required=True, help="CSV, a column a home.")
@click.option("--keys", "keys_", type=click.Path(path_type=Path), required=True, help="JSON list, a key a home.")
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="What must not be forgotten of rounds.")
@click.option("--secret", type=click.Path(path_type=Path), required=True, help="Shared with the SuperNode.")
@click.option("--runtime-api", default="127.0.0.1:9094", show_default=True, help="Where the SuperNode waits.")
def main(federation: Path, readings: Path, keys_: Path, folder: Path, secret: Path, runtime_api: str) -> None:
    """Lets the homes of a node take part in a FEDERATION (its file)."""
    try:
        accounts = keys.read(keys_)
        agreed = Federation.read(federation)
        found = read_csv(readings)
        if len(found.households) != len(accounts):
            raise ExecutorError(f"{readings} has {len(found.households)} homes, {keys_} has {len(accounts)} keys")
        node = Node(agreed, accounts, folder, _training(agreed, found))
        click.echo(f"{len(accounts)} of {len(agreed.participants)} participants of {agreed.summary}")
        Executor(node, runtime_api, load_superexec_auth_secret(secret_file=str(secret))).run()
    except ValueError as error:
        raise click.ClickException(f"{secret} is no secret: {error}") from error
    except UserError as error:
        raise click.ClickException(str(error)) from error


def _training(federation: Federation, readings: Readings) -> Train:
    """Training, which loads PyTorch when it is first wanted: other phases are quick."""

    @cache
    def homes() -> Homes:
        from offchain.ppdl.flower.homes import Homes

        return Homes(federation, readings)

    return lambda number, state: homes().train(number, state)


if __name__ == "__main__":
    main()
