"""What the wallet in Python makes of fixed inputs, for the wallet in the browser to make the same.

`python -m tests.dashboard.vectors` writes it to `offchain/dashboard/test/vectors.json`. Numbers and bytes are
hexadecimal texts there.
"""

from __future__ import annotations

import hashlib
import json
from itertools import product
from typing import Any
from unittest import mock

from eth_utils.crypto import keccak

from offchain.environment import PROJECT
from offchain.exchange import PRICE_BITS, PoolState
from offchain.metering import bundle
from offchain.metering.card import MeterCard, reading_key
from offchain.metering.readings_tree import Reading, ReadingsTree
from offchain.wallet import keystore, shielding
from offchain.wallet.ciphertext import Act, Content, Record, seal
from offchain.wallet.events import MeterChanged
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.meter import LARGEST_CAP, SLOTS, OwnMeter, largest_cap, smallest_cap
from offchain.wallet.note import ETH, Note, OwnedNote
from offchain.wallet.request import ANYONE, Details, Operation, Request, SwapOrder, Terms, context_hash
from offchain.wallet.selection import FundsError, select
from offchain.wallet.shielding import Shielding, approval
from offchain.wallet.trade import Bound, most_within
from offchain.wallet.trees import Path, RegistrationTree
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import MOST_INPUTS, poseidon
from offchain.zk.proof import Proof
from offchain.zk.tree import MerkleTree, zero_hash
from tests.dashboard.fixed_inputs import ephemeral, number, private_key, shown

FILE = PROJECT / "offchain" / "dashboard" / "test" / "vectors.json"
SEEDS = (bytes(16), bytes(range(16)), bytes(range(32)))
TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
POOL = "0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9"
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
CHAIN_ID = 950327
DEADLINE = 1_750_001_400
PASSWORD = "a pässword, 비밀"
SMALL_SCRYPT = 1 << 12
"""Of the key file here, so that a test is quick; files of people's wallets take more."""


def hashes() -> list[dict[str, Any]]:
    """Poseidon of each number of inputs: small, random and the largest."""
    found = []
    for count in range(1, MOST_INPUTS + 1):
        for inputs in ([0] * count, [*range(1, count + 1)], [MODULUS - 1] * count):
            found.append({"inputs": inputs, "hash": poseidon(inputs)})
        inputs = [number(f"input {place} of {count}") for place in range(count)]
        found.append({"inputs": inputs, "hash": poseidon(inputs)})
    return found


def seed_vector(entropy: bytes) -> dict[str, Any]:
    """All keys of a seed."""
    seed = Seed(entropy)
    keys = seed.keys()
    return {
        "entropy": entropy,
        "words": seed.words,
        "spendingKey": keys.spending_key,
        "publicKey": keys.viewing.public_key,
        "nullifierKey": keys.viewing.nullifier_key,
        "decryptionKey": keys.viewing.decryption_key,
        "address": str(keys.address),
        "viewingKey": keys.viewing.export(),
        "account": str(keys.account.address),
        "meterSecrets": [keys.meter_secret(index) for index in range(3)],
        "meterCommitments": [keys.meter_commitment(index) for index in range(3)],
        "meterCards": [str(MeterCard.of(keys.meter_secret(index))) for index in range(3)],
    }


def note_vectors(keys: Keys) -> list[dict[str, Any]]:
    """Notes of small and of the largest amounts, of ETH and of a token, at early and late positions."""
    found = []
    for asset, amount, position in ((ETH, 1, 0), (TOKEN, 2**128 - 1, 2**24 + 5), (TOKEN, 0, 3 * 2**24 - 1)):
        note = Note(asset, amount, number(f"blinding {position}"), keys.viewing.public_key)
        found.append(
            {
                "asset": asset,
                "amount": amount,
                "blinding": note.blinding,
                "position": position,
                "npk": note.npk,
                "commitment": note.commitment,
                "nullifier": note.nullifier(keys.viewing.nullifier_key, position),
            }
        )
    return found


def record_vectors(owner: Keys, other: Keys) -> list[dict[str, Any]]:
    """An operation of each act, sealed to others and to the sender."""
    pair = (7).to_bytes(32, "big") + (1_944_444).to_bytes(32, "big")
    counterparties = {
        Act.TRANSFER: other.address.to_bytes(),
        Act.CONSOLIDATE: b"",
        Act.UNSHIELD: bytes.fromhex(ACCOUNT[2:]),
        Act.SWAP: bytes.fromhex(TOKEN[2:]),
        Act.ISSUE: pair,
        Act.SETTLE: pair,
    }
    found = []
    for act, counterparty in counterparties.items():
        name = f"act {act}"
        record = Record(
            act, number(f"{name} amount", 2**128), number(f"{name} fee", 2**128), counterparty, number(name)
        )
        paid = Note(TOKEN, record.amount, number(f"{name} paid"), other.viewing.public_key)
        change = Note(ETH, number(f"{name} left", 2**128), number(f"{name} change"), owner.viewing.public_key)
        contents: list[Content] = [
            (other.address.encryption_key, paid),
            (owner.address.encryption_key, (change, record)),
            (other.address.encryption_key, number(f"{name} blinding")),
        ]
        with ephemeral(name):
            sealed = seal(contents)
        found.append(
            {
                "ephemeral": private_key(name),
                "paid": {"asset": paid.asset, "amount": paid.amount, "blinding": paid.blinding},
                "change": {"asset": change.asset, "amount": change.amount, "blinding": change.blinding},
                "record": {
                    "act": int(act),
                    "amount": record.amount,
                    "fee": record.fee,
                    "counterparty": counterparty.ljust(64, b"\0"),
                    "secret": record.secret,
                },
                "blinding": contents[2][1],
                "ciphertexts": sealed,
            }
        )
    return found


def request_vectors() -> list[dict[str, Any]]:
    """A request of each operation: context hash, calldata and JSON."""
    counts = {"transfer": 10, "consolidate": 9, "unshield": 10, "swap": 14, "issue": 9, "settle": 14}
    proof = Proof.from_numbers([number(f"proof {place}") for place in range(8)])
    found = []
    for operation in Operation:
        function = operation.function
        bound: dict[str, Details] = {"unshield": ACCOUNT, "swap": SwapOrder(TOKEN, 5, number("npk"))}
        details = bound.get(function)
        relayer = ANYONE if operation is Operation.CONSOLIDATE else ACCOUNT
        terms = Terms(relayer, DEADLINE, keccak(text=function) * (1 + operation))
        signals = tuple(number(f"{function} signal {place}") for place in range(counts[function]))
        request = Request(operation, CHAIN_ID, POOL, proof, signals, terms, details)
        order = details if isinstance(details, SwapOrder) else None
        found.append(
            {
                "operation": function,
                "chainId": CHAIN_ID,
                "contract": POOL,
                "proof": proof.numbers,
                "signals": signals,
                "relayer": relayer,
                "deadline": DEADLINE,
                "ciphertexts": terms.ciphertexts,
                "recipient": details if isinstance(details, str) else None,
                "order": order and {"asset": order.asset, "minimum": order.minimum, "npk": order.npk},
                "context": context_hash(CHAIN_ID, POOL, operation, terms, details),
                "calldata": request.calldata,
                "json": request.to_json(),
            }
        )
    return found


def tree_vectors() -> list[dict[str, Any]]:
    """Roots and paths of trees of some lengths."""
    found = []
    for depth, length in ((24, 1), (24, 2), (24, 21), (20, 7)):
        tree = MerkleTree(depth)
        leaves = [number(f"leaf {place}") for place in range(length)]
        tree.append(leaves)
        paths = [tree.path(index) for index in (0, length // 2, length - 1)]
        indices = [0, length // 2, length - 1]
        found.append({"depth": depth, "leaves": leaves, "root": tree.root, "indices": indices, "paths": paths})
    return found


def meter_vectors(keys: Keys) -> dict[str, Any]:
    """A registration tree with a place that was freed, and what marks a meter's epochs."""
    secret, commitment = keys.meter_secret(0), keys.meter_commitment(0)
    changes = [
        MeterChanged(7, number("neighbour"), 0, 4000, removed=False),
        MeterChanged(7, number("gone"), 1, 500, removed=True),
        MeterChanged(8, commitment, 2, 2**32 - 1, removed=False),
    ]
    path = RegistrationTree(changes).path(commitment)
    meter = OwnMeter(secret, commitment, 8, 2**32 - 1, Path(path.index, path.siblings, path.root))
    energies = [1, 10**15, 10**15 + 1, 5 * 10**17, 994 * 10**15 + 1, 10**18 + 1, LARGEST_CAP * 10**15]
    capacities = [1, 7, 8, 6_200, 15_999, 40_000, 2**32 - 1]
    return {
        "changes": [
            {
                "microgrid": change.microgrid,
                "commitment": change.commitment,
                "index": change.index,
                "capacity": change.capacity,
                "removed": change.removed,
            }
            for change in changes
        ],
        "commitment": commitment,
        "secret": secret,
        "root": path.root,
        "siblings": path.siblings,
        "epoch": 1_944_444,
        "tradeNullifiers": [meter.trade_nullifier(1_944_444, slot) for slot in range(4)],
        "issueNullifier": meter.issue_nullifier(1_944_444),
        "settleNullifier": meter.settle_nullifier(1_944_444),
        "smallestCaps": [{"energy": energy, "cap": smallest_cap(energy)} for energy in energies],
        "largestCaps": [
            {"capacity": capacity, "caps": [largest_cap(capacity, slot) for slot in range(SLOTS)]}
            for capacity in capacities
        ],
    }


def bound_vectors() -> list[dict[str, Any]]:
    """The most that can be traded within price bounds, of trades one way, the other, and between two microgrids."""
    pool, thin = PoolState(10**20, 2 * 10**22), PoolState(3 * 10**18 + 1, 10**21 + 7)
    found = []
    for (first, second), share in product(((pool, None), (None, thin), (pool, thin)), (9, 10, 11)):
        falls, rises = (
            Bound(each, (each.eth << PRICE_BITS) // each.tokens * 10 // share, 1_000) if each else None
            for each in (first, second)
        )
        sides = [
            {"eth": each.pool.eth, "tokens": each.pool.tokens, "average": each.average, "deviation": each.deviation}
            if each
            else None
            for each in (falls, rises)
        ]
        amount = (10**21 if first else 10**18) + share
        found.append(
            {"falls": sides[0], "rises": sides[1], "amount": amount, "most": most_within(falls, rises, amount)}
        )
    return found


def reading_vectors(keys: Keys) -> dict[str, Any]:
    """A bundle of five meters' readings, and what the wallet's meter finds in it."""
    secrets = [keys.meter_secret(0), *(number(f"meter {place}") for place in range(4))]
    cards = [MeterCard.of(secret) for secret in secrets]
    readings = [Reading(card.commitment, 1000 * place, 250 + place) for place, card in enumerate(cards, start=1)]
    epoch = 1_944_444
    tree = ReadingsTree.in_order(epoch, readings)
    sealed = bundle.seal(8, tree, {card.commitment: card.encryption_key for card in cards}, private_key("bundle"))
    part = bundle.Bundle.parse(sealed).open(cards[0].commitment, reading_key(secrets[0]))
    assert part is not None
    reading, path = part
    return {
        "epoch": epoch,
        "bundle": sealed,
        "name": hashlib.sha256(sealed).digest(),
        "root": tree.root,
        "exported": reading.exported,
        "imported": reading.imported,
        "index": path.index,
        "hashes": path.hashes,
        "exportedSums": path.exported,
        "importedSums": path.imported,
    }


def selection_vectors(keys: Keys) -> list[dict[str, Any]]:
    """Which notes are taken for amounts, by the amounts of those that are there."""
    cases = [([5, 1, 3], 3), ([5, 1, 3], 4), ([5, 1, 3], 7), ([5, 1, 3], 9), ([1] * 9, 7), ([2] * 17, 33), ([1, 1], 3)]
    found = []
    for amounts, needed in cases:
        notes = [
            OwnedNote(Note(TOKEN, amount, place, keys.viewing.public_key), place, place)
            for place, amount in enumerate(amounts)
        ]
        case: dict[str, Any] = {"amounts": amounts, "needed": needed}
        try:
            plan = select(notes, [], needed)
        except FundsError:
            found.append(case | {"plan": None})
            continue
        inputs, groups = plan.inputs, plan.consolidations
        positions = [[note.position for note in group] for group in (inputs, *groups)]
        found.append(case | {"plan": {"inputs": positions[0], "groups": positions[1:], "rounds": plan.rounds}})
    return found


def shielding_vectors(keys: Keys) -> list[dict[str, Any]]:
    """Shields of ETH and of a token, and the approval before the latter."""
    found = []
    for asset, amount in ((ETH, 10**18), (TOKEN, 3)):
        blinding = number(f"shield of {asset}")
        with ephemeral(asset), mock.patch.object(shielding, "new_blinding", return_value=blinding):
            transaction = Shielding.to(keys.address, asset, amount).transaction(POOL)
        found.append(
            {
                "asset": asset,
                "amount": amount,
                "blinding": blinding,
                "ephemeral": private_key(asset),
                "data": transaction["data"],
                "value": transaction["value"],
                "approval": approval(asset, POOL, amount)["data"],
            }
        )
    return found


def key_file() -> dict[str, Any]:
    """A key file of a wallet, with salt and counter that only look random."""
    fixed = mock.patch("secrets.token_bytes", lambda count: keccak(text=f"salt {count}")[:count])
    named = mock.patch("uuid.uuid4", return_value="00000000-0000-4000-8000-000000000000")
    with fixed, named:
        content = keystore._encrypted(SEEDS[2], PASSWORD.encode(), SMALL_SCRYPT)
    return {"password": PASSWORD, "content": json.dumps(content), "entropy": SEEDS[2]}


def vectors() -> dict[str, Any]:
    """All of it, as JSON has it."""
    owner, other = Seed(SEEDS[0]).keys(), Seed(SEEDS[1]).keys()
    found = {
        "hashes": hashes(),
        "zeroHashes": [zero_hash(level) for level in range(25)],
        "seeds": [seed_vector(entropy) for entropy in SEEDS],
        "notes": note_vectors(owner),
        "sealed": record_vectors(owner, other),
        "requests": request_vectors(),
        "trees": tree_vectors(),
        "meters": meter_vectors(owner),
        "bounds": bound_vectors(),
        "readings": reading_vectors(owner),
        "selections": selection_vectors(owner),
        "shieldings": shielding_vectors(owner),
        "keyFile": key_file(),
    }
    return {name: shown(part) for name, part in found.items()}


def text() -> str:
    """The file's content."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
