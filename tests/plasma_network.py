"""A bridged plasma chain for the tests: the contracts on a root chain, and nodes that are run by `openmg plasma node`,
each with a folder of its own, which can be killed and started again one by one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from web3.contract import Contract

from offchain.artifacts import load
from offchain.chains import ChainSpec, connect, started
from offchain.deployment.bridge import BridgeDeployment, BridgeRules
from offchain.deployment.manifest import Manifest
from offchain.node import Node
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.checkpoint import Checkpoint, SignedCheckpoint, Submission
from offchain.plasma.checkpoint_maker import CheckpointMaker
from offchain.plasma.events import MessageSent, decode_log
from offchain.plasma.feed import FeedClient
from offchain.plasma.keys import save_key
from offchain.plasma.log import SealedBlock
from offchain.plasma.messages import BRIDGE, Message
from offchain.plasma.root_chain import RootChain
from offchain.process import free_port
from offchain.sender import Sender, development_account, key_sender
from offchain.signature import sign
from offchain.units import ETHER
from tests.node_process import NodeProcess, until
from tests.plasma_operator import Client

CHAIN_ID = 950327
AUTHORITIES = [development_account(index) for index in (5, 6, 7, 8)]
OPERATOR = AUTHORITIES[0]
"""Leads, delivers and submits."""

USER, OTHER = development_account(1), development_account(2)
QUICK = BridgeRules(
    challenge_period=3, rollback_period=600, silence_period=6, freeze_period=60, change_period=60, bond=ETHER, window=60
)
FINAL_SOON = ("--slots-in-an-epoch", "1")
"""A root chain whose blocks are final with two after them."""


@dataclass
class Root:
    """A root chain with the bridge's contracts, whose owner is a development account."""

    node: Node
    url: str
    manifest: Manifest
    stop: Callable[[], None]
    """Ends the chain before its block ends."""

    def chain(self) -> RootChain:
        """The contracts, as the operator reads them."""
        return RootChain(connect(self.url), self.manifest)

    def contract(self, name: str) -> Contract:
        return self.manifest.contract(self.node.web3, name)

    def sender(self, account: LocalAccount) -> Sender:
        return key_sender(self.node.web3, account)

    def mine(self, blocks: int = 5) -> None:
        """Makes blocks, so that those before them are final."""
        self.node.call("anvil_mine", hex(blocks))

    def deposit(self, account: LocalAccount, amount: int = ETHER) -> None:
        """Deposits for the same account on the plasma chain. It isn't final yet."""
        self.sender(account).transact(self.contract("plasma_vault").functions.depositEth(account.address), amount)

    def inbox(self) -> list[Message]:
        """All messages, final or not."""
        logs = self.node.logs([self.manifest.address("plasma_vault")], 0, self.node.height())
        return [event.message for event in map(decode_log, logs) if isinstance(event, MessageSent)]

    def submit(self, checkpoint: Checkpoint, keys: Sequence[LocalAccount] = AUTHORITIES) -> None:
        """A quorum signs whatever it is given, and submits it."""
        domain = self.chain().domain
        signed = SignedCheckpoint(domain, checkpoint, {})
        for key in keys:
            signed = signed.with_signature(sign(domain.checkpoint_digest(checkpoint), key))
        call = self.contract("plasma_root").functions.submitCheckpoint(*signed.call())
        self.sender(OPERATOR).transact(call)


@contextmanager
def bridged_root(folder: Path, *flags: str, rules: BridgeRules = QUICK) -> Iterator[Root]:
    """A root chain with the contracts and the four authorities."""
    with ExitStack() as stack:
        chain = stack.enter_context(started(ChainSpec("root", 31337, 0), *(flags or FINAL_SOON)))
        manifest = Manifest.open(31337, folder / "manifests")
        deployer = key_sender(chain.web3, development_account(0))
        list(BridgeDeployment(deployer, manifest, CHAIN_ID, [one.address for one in AUTHORITIES], rules).run())
        yield Root(Node(chain.web3), chain.url, manifest, stack.close)


class FeedBlocks:
    """A leader's blocks, as its feed gives them."""

    def __init__(self, url: str) -> None:
        self._client = FeedClient(url)

    @property
    def height(self) -> int:
        return self._client.page(1, 1).height

    def blocks(self, first: int, last: int) -> list[SealedBlock]:
        found: list[SealedBlock] = []
        while first + len(found) <= last:
            page = self._client.page(first + len(found)).blocks
            if not page:
                break
            found += page
        return found[: last - first + 1]


@dataclass
class Network:
    """The nodes of a plasma chain below a root chain. Node 0 leads."""

    root: Root
    folder: Path
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(5)])
    running: dict[int, NodeProcess] = field(default_factory=dict)
    interval: float = 1

    @property
    def url(self) -> str:
        """Of the leader's public endpoint."""
        return f"http://127.0.0.1:{self.ports[4]}"

    @property
    def feed(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def client(self) -> Client:
        return Client(self.url)

    @property
    def node(self) -> Node:
        """The leader's public endpoint."""
        return Node(connect(self.url))

    @property
    def genesis(self) -> Path:
        path = self.folder / "genesis.json"
        if not path.exists():
            bridge_genesis(OPERATOR.address, CHAIN_ID, int(time.time()) - 1).write(path)
        return path

    def signing(self, place: int) -> str:
        """An authority's service."""
        return f"http://127.0.0.1:{self.ports[place]}"

    def node_folder(self, place: int) -> Path:
        return self.folder / f"node{place}"

    def common(self) -> list[str]:
        """Options that all nodes have."""
        return [
            *("--root", self.root.url),
            *("--genesis", str(self.genesis)),
            *("--manifests", str(self.root.manifest.path.parent)),
        ]

    def lead(self, authorities: Sequence[int] = (1, 2, 3)) -> NodeProcess:
        """Starts the leader, which asks these authorities."""
        more = ["--port", str(self.ports[4]), "--feed-port", str(self.ports[0]), "--interval", str(self.interval)]
        more += [part for place in authorities for part in ("--authority", self.signing(place))]
        return self._start(0, more, "Leader 0x")

    def follow(self, place: int, feed: str | None = None) -> NodeProcess:
        """Starts an authority, which follows the leader or another feed."""
        more = ["--follow", feed or self.feed, "--signing-port", str(self.ports[place])]
        return self._start(place, more, "Authority 0x")

    def kill(self, place: int) -> None:
        """Kill -9 of a node."""
        self.running.pop(place).kill()

    def end(self) -> None:
        for process in self.running.values():
            process.end()

    def maker(self) -> CheckpointMaker:
        """Makes honest checkpoints of the leader's chain."""
        return CheckpointMaker(FeedBlocks(self.feed), self.node, CHAIN_ID)

    def next_checkpoint(self) -> Checkpoint:
        """The honest checkpoint of all blocks that are in none yet."""
        root, maker = self.root.chain(), self.maker()
        head = root.head()
        return maker.make(head.epoch + 1, root.head_hash(), head.end + 1, maker.height, root.set_id())

    def checkpointed(self, block: int) -> Submission:
        """The checkpoint of a block, once it is accepted."""
        root = self.root.chain()
        found: Submission = until(f"a checkpoint of block {block}", lambda: root.submission_of(block))
        return found

    def signed_by(self, place: int) -> list[Checkpoint]:
        """What a node's record has, oldest first; a line that isn't whole was given to nobody."""
        text = (self.node_folder(place) / "signed.jsonl").read_text()
        lines = text[: text.rfind("\n") + 1].splitlines()
        return [Checkpoint.from_json(json.loads(line)["checkpoint"]) for line in lines]

    def assert_signed_once(self) -> None:
        """P6 nobody signed two checkpoints of an epoch, and what was accepted is what all signed."""
        accepted = {one.checkpoint.epoch: one.checkpoint for one in self.root.chain().submissions()}
        for place in range(4):
            checkpoints = self.signed_by(place)
            epochs = [one.epoch for one in checkpoints]
            assert epochs == sorted(set(epochs))
            assert all(one == accepted.get(one.epoch, one) for one in checkpoints)

    def balance(self, account: LocalAccount) -> int:
        return int(self.client.call("eth_getBalance", account.address, "latest"), 16)

    def signed(self, account: LocalAccount, nonce: int, to: str, value: int = 0, data: bytes = b"") -> bytes:
        """A transaction of the plasma chain, which pays nothing."""
        fields: dict[str, Any] = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": to, "value": value}
        fields |= {"data": data, "gas": 5_000_000, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
        return bytes(account.sign_transaction(fields).raw_transaction)

    def send(self, account: LocalAccount, to: str, value: int = 0, data: bytes = b"") -> dict[str, Any]:
        """Sends a transaction to the leader; returns its receipt."""
        nonce = int(self.client.call("eth_getTransactionCount", account.address, "pending"), 16)
        receipt = self.client.receipt(self.client.send(self.signed(account, nonce, to, value, data)))
        assert receipt["status"] == "0x1"
        return receipt

    def bridge_call(self, function: str, *arguments: Any) -> bytes:
        """Calldata of PlasmaBridge."""
        return bytes.fromhex(load("PlasmaBridge").at(self.node.web3, BRIDGE).encode_abi(function, arguments)[2:])

    def _start(self, place: int, more: Sequence[str], says: str) -> NodeProcess:
        key = self.folder / f"key{place}"
        if not key.exists():
            save_key(key, AUTHORITIES[place])
        words = ["plasma", "node", "--folder", str(self.node_folder(place)), "--key", str(key), *self.common(), *more]
        self.running[place] = NodeProcess(words, self.folder / f"output{place}", says)
        return self.running[place]


@contextmanager
def network(root: Root, folder: Path, interval: float = 1) -> Iterator[Network]:
    """A network of which nothing runs yet."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = Network(root, folder, interval=interval)
    try:
        yield nodes
    finally:
        nodes.end()


def forged(recipient: str, amount: int, time_: int) -> tuple[Any, ...]:
    """A deposit that was never made, as `deliver` takes it."""
    asset = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
    return (0, recipient, recipient, asset, amount, time_, b"")
