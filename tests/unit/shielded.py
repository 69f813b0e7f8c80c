"""A shielded pool whose verifiers take every proof, with all it works with, and what is sent to it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from eth_utils.crypto import keccak

from offchain import artifacts
from offchain.wallet.note import ETH
from offchain.wallet.request import ANYONE, Details, Operation, Request, SwapOrder, Terms, context_hash
from offchain.zk.circuits import CIRCUITS
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof
from tests.conftest import create_account
from tests.unit.formulas import DEADLINE

KWH = 10**18
WATT_HOUR = 10**15
EPOCH_SECONDS = 900
PRICE_WINDOW = 600
MAX_DEVIATION = 1_000
"""Ten-thousandths."""
CAPACITY = 2**32 - 1
"""Wh an epoch of the one meter of either microgrid."""
EPOCHS = 8
"""That are over and not published."""

PROOF = Proof((0, 0), ((0, 0), (0, 0)), (0, 0))
TERMS = Terms(ANYONE, DEADLINE, b"sealed")
REFUSING = "0x5f5f5260205ff3"
"""Code of a verifier that says no: returns a word of zeros."""

CIRCUIT = {
    Operation.TRANSFER: "joinsplit",
    Operation.CONSOLIDATE: "consolidate",
    Operation.UNSHIELD: "joinsplit",
    Operation.SWAP: "trade",
    Operation.ISSUE: "issue",
    Operation.SETTLE: "settle",
}
"""The circuit of each operation's proof."""

_numbers = count(1)


def number() -> int:
    """A field element that was never used before."""
    return int.from_bytes(keccak(text=f"number {next(_numbers)}"), "big") % MODULUS


def arguments(request: Request) -> list[Any]:
    """What the contract's function takes."""
    terms, details = request.terms, request.details
    proof = (request.proof.a, request.proof.b, request.proof.c)
    more = [(details.asset, details.minimum, details.npk)] if isinstance(details, SwapOrder) else [details]
    return [
        proof,
        request.signals,
        (terms.relayer, terms.deadline, terms.ciphertexts),
        *([] if details is None else more),
    ]


@dataclass(frozen=True)
class Shielded:
    """The pool, the registry and two microgrids' tokens. `root` is one of tree 0; each verifier is an address; `epoch`
    is the first of several that can be published."""

    pool: Any
    registry: Any
    north: Any
    south: Any
    joinsplit: str
    consolidate: str
    trade: str
    root: int
    chain_id: int
    operator: Any
    epoch: int

    def method(self, request: Request) -> Any:
        """The contract's function that takes the request."""
        contract = self.registry if request.operation >= Operation.ISSUE else self.pool
        return getattr(contract, request.operation.function)

    def send(self, request: Request, sender: Any) -> Any:
        """Sends a request; returns the receipt."""
        return self.method(request)(*arguments(request), sender=sender)

    def request(
        self, operation: Operation, details: Details = None, terms: Terms = TERMS, /, **signals: int
    ) -> Request:
        """A request that is bound to its terms and details. Signals that are not given are what the contract expects,
        or never used before; `nullifier0`, `commitment2` and so on are those of arrays."""
        contract = self.registry if operation >= Operation.ISSUE else self.pool
        known = {
            "root": self.root,
            "treeNumber": 0,
            "publicAsset": 0,
            "publicAmount": 0,
            "registrationRoot": self.registry.registrationRoot() if operation >= Operation.SWAP else 0,
            "contextHash": context_hash(self.chain_id, contract.address, operation, terms, details),
        } | signals
        values = []
        for signal in CIRCUITS[CIRCUIT[operation]].signals:
            places = range(signal.length) if signal.length else [None]
            names = [signal.singular if place is None else f"{signal.singular}{place}" for place in places]
            values += [known.pop(name) if name in known else number() for name in names]
        assert not set(known) & set(signals), f"{operation.function} has no signal {known}"
        return Request(operation, self.chain_id, contract.address, PROOF, tuple(values), terms, details)

    def transfer(self, terms: Terms = TERMS, /, **signals: int) -> Request:
        return self.request(Operation.TRANSFER, None, terms, **signals)

    def consolidate_notes(self, terms: Terms = TERMS, /, **signals: int) -> Request:
        return self.request(Operation.CONSOLIDATE, None, terms, **signals)

    def unshield(self, asset: Any, amount: int, recipient: Any, terms: Terms = TERMS, /, **signals: int) -> Request:
        to = getattr(recipient, "address", recipient)
        public = {"publicAsset": address_number(asset), "publicAmount": amount}
        return self.request(Operation.UNSHIELD, to, terms, **(public | signals))

    def swap(
        self, asset: Any, amount: int, order: SwapOrder, epoch: int, cap: int, terms: Terms = TERMS, /, **signals: int
    ) -> Request:
        public = {"publicAsset": address_number(asset), "publicAmount": amount, "epoch": epoch, "cap": cap}
        return self.request(Operation.SWAP, order, terms, **(public | signals))

    def publish(self, microgrid: int, epoch: int, exported: int, imported: int) -> int:
        """Publishes an epoch's readings, in Wh; returns their root."""
        published = self.registry.publishReadings(
            microgrid, epoch, number(), exported, imported, bytes(32), sender=self.operator
        )
        return int(published.events[0].readingsRoot)

    def issue(self, microgrid: int, epoch: int, readings_root: int, terms: Terms = TERMS, /, **signals: int) -> Request:
        return self._metered(Operation.ISSUE, microgrid, epoch, readings_root, terms, signals)

    def settle(
        self, microgrid: int, epoch: int, readings_root: int, terms: Terms = TERMS, /, **signals: int
    ) -> Request:
        return self._metered(Operation.SETTLE, microgrid, epoch, readings_root, terms, signals)

    def _metered(
        self, operation: Operation, microgrid: int, epoch: int, root: int, terms: Terms, signals: dict[str, int]
    ) -> Request:
        asset = int((self.north, self.south)[microgrid - 1].address, 16)
        known = {"microgrid": microgrid, "epoch": epoch, "readingsRoot": root, "asset": asset}
        return self.request(operation, None, terms, **(known | signals))


def address_number(asset: Any) -> int:
    """An asset as a public signal: of a contract, an address, or the number itself."""
    asset = getattr(asset, "address", asset)
    return asset if isinstance(asset, int) else int(asset, 16)


def deployed(deployer: Any, operator: Any, project: Any, factory: Any, *holders: Any) -> Shielded:
    """Deploys all of it, its operator being owner and operator of both microgrids, whose energy each of the holders
    may hold and has 1000 kWh of, approved to the pool. One note of a wei is in the tree."""
    t3, t4 = (create_account(deployer, artifacts.load(name).creation) for name in ("PoseidonT3", "PoseidonT4"))
    verifiers = [deployer.deploy(project.YesVerifier) for _ in range(5)]
    registry = deployer.deploy(project.MeterRegistry, operator, t3, t4, verifiers[3], verifiers[4], factory)
    pool = deployer.deploy(project.ZkERC20, t3, t4, *verifiers[:3], registry, factory)
    registry.setPool(pool, sender=operator)
    tokens: list[Any] = []
    for microgrid, name in enumerate(("North", "South"), start=1):
        token = deployer.deploy(project.EnergyToken, f"Microgrid {name}", f"kWh{name[0]}", operator)
        for role in (token.MINTER_ROLE(), token.BURNER_ROLE()):
            token.grantRole(role, pool, sender=operator)
        token.grantRole(token.MINTER_ROLE(), operator, sender=operator)
        token.setTransferPolicy(registry, sender=operator)
        rules = (operator.address, EPOCH_SECONDS, 0, PRICE_WINDOW, MAX_DEVIATION)
        registry.addMicrogrid(token, rules, sender=operator)
        registry.registerMeters(microgrid, [number()], [CAPACITY], sender=operator)
        for holder in holders:
            registry.setAccount(microgrid, holder, True, sender=operator)
            token.mint(holder, 1000 * KWH, sender=operator)
            token.approve(pool, 2**256 - 1, sender=holder)
        tokens.append(token)
    pool.shield(ETH, 1, number(), b"", sender=deployer, value=1)
    (flushed,) = pool.flush(1, sender=deployer).events
    chain_id = deployer.provider.chain_id
    addresses = [verifier.address for verifier in verifiers[:3]]
    (north, south), (joinsplit, consolidate, trade) = tokens, addresses
    epoch = registry.firstEpochOf(2)
    deployer.provider.set_timestamp((epoch + EPOCHS) * EPOCH_SECONDS)
    deployer.provider.mine()
    known = (flushed.root, chain_id, operator, epoch)
    return Shielded(pool, registry, north, south, joinsplit, consolidate, trade, *known)
