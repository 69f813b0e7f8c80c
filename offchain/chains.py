"""The two local chains: how they are found, started and stopped.

The root chain stands for Ethereum, the plasma chain is the fast chain below it. Both are Anvil processes with Anvil's
public development accounts, which anyone can spend from. A chain that runs already on its port is used and left
running; a chain that is started here ends with the process that started it, however that ends.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider, Web3

from offchain.environment import CACHE
from offchain.errors import UserError
from offchain.local_session import LocalSession
from offchain.process import ProcessError, Starting, free_port, guarded
from offchain.settings import settings

DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk"


class ChainError(UserError):
    """Says in one line why a chain can't be used."""


@dataclass(frozen=True)
class ChainSpec:
    """A local chain: its name, EIP-155 id and port (0: any free port)."""

    name: str
    chain_id: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


ROOT = ChainSpec("root", 31337, settings.root_port)
PLASMA = ChainSpec("plasma", 950327, settings.plasma_port)
LOCAL_CHAIN_IDS = {ROOT.chain_id, PLASMA.chain_id}
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Chain:
    """A chain that runs. `started` tells whether this process started it."""

    name: str
    chain_id: int
    url: str
    started: bool

    @property
    def web3(self) -> Web3:
        return connect(self.url)


def connect(url: str) -> Web3:
    """A web3 connection over one kept-alive HTTP session. It doesn't ask for the chain's id with every call, as web3
    does to check what nobody gives here."""
    parts = urlsplit(url)
    local = parts.hostname in LOCAL_HOSTS and parts.username is None
    session = LocalSession(url) if local else requests.Session()
    web3 = Web3(HTTPProvider(url, session=session))
    web3.middleware_onion.remove("validation")
    return web3


def find(spec: ChainSpec) -> Chain | None:
    """The chain if it runs on its port, None if nothing listens there.

    Raises ChainError if something else does.
    """
    question = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    try:
        answer = requests.post(spec.url, json=question, timeout=5)
        chain_id = int(answer.json()["result"], 16)
    except requests.ConnectionError:
        return None
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise ChainError(f"port {spec.port} is in use by something that is no chain: {_advice(spec)}") from error
    if chain_id != spec.chain_id:
        other = f"chain {chain_id}, not the {spec.name} chain {spec.chain_id}"
        raise ChainError(f"port {spec.port} is in use by {other}: {_advice(spec)}")
    return Chain(spec.name, spec.chain_id, spec.url, started=False)


@contextmanager
def running(*specs: ChainSpec) -> Iterator[list[Chain]]:
    """Finds or starts the chains; stops those it started when the block ends.

    Raises ChainError if one can't be found or started.
    """
    with ExitStack() as stack:
        yield [find(spec) or stack.enter_context(started(spec)) for spec in specs]


@contextmanager
def started(spec: ChainSpec, *flags: str) -> Iterator[Chain]:
    """Starts an Anvil with the spec's chain id and further flags; ends it with the block or with this process.

    Raises ChainError if Anvil is missing or doesn't come up.
    """
    anvil = shutil.which("anvil")
    if anvil is None:
        raise ChainError("anvil is missing: set up again with `make clean` and `make build`")
    if spec.port == 0:
        spec = replace(spec, port=free_port())
    CACHE.mkdir(exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="anvil-", dir=CACHE)
    command = [anvil, "--quiet", "--host", "127.0.0.1", "--port", str(spec.port), "--cache-path", scratch]
    command += ["--chain-id", str(spec.chain_id), "--mnemonic", DEVELOPMENT_MNEMONIC, *flags]
    with ExitStack() as stack:
        try:
            name, answers = f"the {spec.name} chain", lambda: find(spec) is not None
            stack.enter_context(guarded(Starting(command, answers, name, Path(scratch))))
        except ProcessError as error:
            in_use = f"port {spec.port} is already in use: {_advice(spec)}"
            raise ChainError(in_use if "in use" in error.output else str(error)) from error
        yield Chain(spec.name, spec.chain_id, spec.url, started=True)


def _advice(spec: ChainSpec) -> str:
    return f"stop that, or set OPENMG_{spec.name.upper()}_PORT to a free port"
