"""A whole microgrid on a real plasma chain that then ends: exchanges, a shielded pool, checkpoints over real blocks,
and an operator who is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from offchain.artifacts import load
from offchain.deployment.manifest import Manifest
from offchain.deployment.market import FOREVER
from offchain.deployment.platform import PlatformDeployment
from offchain.plasma.blocks import block_tree
from offchain.plasma.checkpoint import NO_CHECKPOINT, Checkpoint, Submission
from offchain.plasma.escape import Escapes, StateProofs, bridged_token, remote_account
from offchain.plasma.messages import Exit, Message
from offchain.plasma.prover import read_leaves
from offchain.units import ETHER
from offchain.wallet.escape import NoteEscapes
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH, OwnedNote
from offchain.wallet.relay import OwnAccount
from offchain.wallet.wallet import Wallet
from tests.plasma.made_up import CHILD_CHAIN_ID
from tests.plasma.real import Child, address_of, called
from tests.plasma.stage import CHANGE_PERIOD, Plasma, sent_message

PLATFORM_ETH = ETHER
"""With which each energy exchange is founded."""
UNDELIVERED = ETHER // 2
"""Of a deposit that its recipient refused."""
QUEUED = ETHER // 4
"""Of the note that waits in the pool's queue."""
LIQUIDITY_ETH = 3 * ETHER + 7
REMOTE_ETH = ETHER + 3
FORCED_TOKENS = 50_000


@dataclass
class Ended:
    """Both chains, and what happened. `tokens` are the root chain's: the first has a plain exchange, the second an
    oracle exchange."""

    plasma: Plasma
    child: Child
    folder: Path
    project: Any
    depositor: Any
    remote: Any
    """Sends forced messages, on the root chain."""
    tokens: list[Any]
    waiting: list[Message] = field(default_factory=list)
    """Messages of the inbox that were not delivered."""
    refused_by: str = ""
    exit: Exit | None = None
    early: int = 0
    """A block before the wallet spent its first note."""
    spent: OwnedNote | None = None

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest.open(CHILD_CHAIN_ID, self.folder)

    @cached_property
    def wallets(self) -> list[Wallet]:
        keys = [Seed(bytes([number]) * 16).keys() for number in (1, 2)]
        return [Wallet(key, self.child.web3, self.manifest, self.folder / str(at)) for at, key in enumerate(keys)]

    @property
    def assets(self) -> list[str]:
        return [str(token.address) for token in self.tokens]

    @property
    def final(self) -> Submission:
        return self.plasma.submissions[1]

    def exchange(self, asset: str) -> Any:
        """The exchange of a token of the root chain."""
        factory = self.manifest.contract(self.child.web3, "factory").functions
        return load("UniswapExchange").at(self.child.web3, factory.getExchange(bridged_token(asset)).call())

    # The root chain's inbox

    def deposit(self, recipient: str, amount: int, token: Any = None) -> None:
        self.waiting.append(self.plasma.deposit(self.depositor, amount, recipient, token or ETH))

    def force(self, target: str, data: bytes, value: int = 0) -> None:
        """A message of the sender that the operator might rather leave out."""
        receipt = self.plasma.vault.forceCall(target, value, 2_000_000, data, sender=self.remote)
        self.waiting.append(sent_message(receipt))

    def deliver(self) -> list[bool]:
        delivered = self.child.deliver(*self.waiting)
        self.waiting = []
        return delivered

    # Checkpoints over real blocks

    def checkpoint(self) -> Submission:
        """Checkpoints all blocks since the last one."""
        plasma, child = self.plasma, self.child
        last = plasma.submissions[-1].checkpoint if plasma.submissions else None
        start, end = last.end + 1 if last else 1, child.node.height()
        leaves = read_leaves(child.node, start, end)
        tree = block_tree(CHILD_CHAIN_ID, leaves)
        counts = (child.exit_tree.root(), len(child.exits), len(child.messages))
        epoch, previous = (last.epoch + 1, last.hash) if last else (1, NO_CHECKPOINT)
        sealed = (leaves[-1].state_root, b"\1" * 32, plasma.root.setId())
        return plasma.submit(Checkpoint(epoch, previous, start, end, tree.root, *counts, *sealed))

    # What happens

    def live(self) -> None:
        """Deposits, liquidity, notes, a burn: two checkpoints that get final, and then some more."""
        self._deposits()
        self._market()
        self.checkpoint()
        self._notes()
        user = self.child.sender("user")
        self.exit = self.child.exit_eth(user, address_of("exit"), ETHER)
        self.checkpoint()
        self.plasma.finalise()
        self._void()

    def halt(self) -> None:
        """The operator is gone; somebody ends the chain, and names its last final state."""
        self.plasma.halt()
        self.plasma.escape.open(self.final.abi(), sender=self.depositor)

    def _deposits(self) -> None:
        plasma, child = self.plasma, self.child
        self.refused_by = str(child.operator.deploy(load("EtherRefuser"))["contractAddress"])
        for token in self.tokens:
            self.waiting.append(sent_message(plasma.vault.listToken(token, 10**24, sender=plasma.owner)))
        account = remote_account(self.remote.address)
        for name, amount in (("user", 6), ("provider", 20), ("platform", 3), ("shielder", 12)):
            self.deposit(address_of(name), amount * ETHER)
        self.deposit(account, 4 * ETHER)
        self.deposit(self.refused_by, UNDELIVERED)
        for token in self.tokens:
            self.deposit(address_of("provider"), 50_001, token)
        self.deposit(address_of("shielder"), 9_000, self.tokens[0])
        self.deposit(account, FORCED_TOKENS, self.tokens[0])
        assert self.deliver().count(False) == 1

    def _market(self) -> None:
        """The platform, an exchange of each kind for the tokens, and liquidity: a provider's, and a forced one."""
        child = self.child
        platform = child.sender("platform")
        deployment = PlatformDeployment(
            platform, self.manifest, platform.address, liquidity_eth=PLATFORM_ETH, liquidity_tokens=500 * ETHER
        )
        list(deployment.run())
        names = (self.manifest.address("factory"), self.manifest.address("pool"))
        self.plasma.escape.setPlatform(*names, sender=self.plasma.owner)
        self.plasma.wait(CHANGE_PERIOD)
        factory = self.manifest.contract(child.web3, "factory").functions
        platform.transact(factory.createExchange(bridged_token(self.assets[0])))
        platform.transact(factory.createOracleExchange(bridged_token(self.assets[1])))
        provider = child.sender("provider")
        for asset in self.assets:
            exchange = self.exchange(asset)
            provider.transact(child.token(asset).functions.approve(exchange.address, 50_000))
            provider.transact(exchange.functions.addLiquidity(1, 40_000, FOREVER), value=LIQUIDITY_ETH)
            swap = exchange.functions.ethToTokenSwapInput(1, FOREVER)
            child.sender("user").transact(swap, value=ETHER // 3)
        exchange = self.exchange(self.assets[0])
        add = called("addLiquidity", ["uint256", "uint256", "uint256"], 1, FORCED_TOKENS, FOREVER)
        approve = called("approve", ["address", "uint256"], exchange.address, FORCED_TOKENS)
        self.force(bridged_token(self.assets[0]), approve)
        self.force(exchange.address, add, REMOTE_ETH)
        assert self.deliver() == [True, True]

    def _notes(self) -> None:
        """Notes of ETH and of a token; one is spent, and one waits in the queue."""
        shielder, (first, second) = self.child.sender("shielder"), self.wallets
        token = bridged_token(self.assets[0])
        pool = self.manifest.contract(self.child.web3, "pool").functions
        for amount in (4 * ETHER, 2 * ETHER, ETHER):
            first.shield(amount, ETH, shielder)
        for amount in (5_000, 3_000):
            first.shield(amount, token, shielder)
        shielder.transact(pool.flush(64))
        self._sync()
        self.early = self.child.node.height()
        self.spent = max(first.notes(ETH)[0], key=lambda note: note.amount)
        first.send(second.address, 3 * ETHER, ETH, OwnAccount(shielder))
        shielder.transact(pool.flush(64))
        first.shield(QUEUED, ETH, shielder)
        self._sync()

    def _void(self) -> None:
        """What is not final: a note is spent, everything queued is flushed, ETH is sent and burned, a deposit taken."""
        shielder, first = self.child.sender("shielder"), self.wallets[0]
        pool = self.manifest.contract(self.child.web3, "pool").functions
        first.unshield(address_of("void"), ETHER, ETH, OwnAccount(shielder))
        shielder.transact(pool.flush(64))
        user = self.child.sender("user")
        user.send({"to": address_of("void"), "data": "0x", "value": ETHER})
        self.child.exit_eth(user, address_of("void"), ETHER)
        self.deposit(address_of("void"), 2 * ETHER)
        self.deposit(address_of("void"), 77, self.tokens[0])
        self.deliver()
        self.checkpoint()
        self.deposit(address_of("void"), ETHER)
        self._sync()

    def _sync(self) -> None:
        for wallet in self.wallets:
            wallet.sync()

    # Afterwards

    @cached_property
    def state(self) -> StateProofs:
        checkpoint = self.final.checkpoint
        return StateProofs.of_node(self.child.node, checkpoint.end, checkpoint.last_state_root)

    @property
    def escapes(self) -> Escapes:
        return Escapes(self.state, self.manifest.address("factory"), self.manifest.address("pool"))

    def note_escapes(self, wallet: int = 0, block: int | None = None) -> NoteEscapes:
        """A wallet's escapes as of the last final block, or another."""
        reader = self.wallets[wallet]
        block = self.final.checkpoint.end if block is None else block
        contract = (self.plasma.provider.chain_id, self.plasma.escape.address)
        return NoteEscapes(reader.keys, reader.store, block, *contract)
