"""Proofs for contracts of the root chain of what happened on the plasma chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Group
from offchain.commands.output import answer, json_option
from offchain.commands.plasma_session import chain_options, plasma_node, root_chain
from offchain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from offchain.node import Node
    from offchain.plasma.prover import Prover
    from offchain.plasma.records import Record
    from offchain.plasma.root_chain import RootChain

out_option = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File for the proof.  [default: standard output]"
)
check_option = click.option("--check", is_flag=True, help="Also have PlasmaInclusion check it on the root chain.")


class ProveError(UserError):
    """Says in one line why something can't be proven."""


@click.group(cls=Group)
def prove() -> None:
    """Proves to contracts of the root chain a block, a transaction, its receipt or a storage slot (PlasmaInclusion)."""


@prove.command("block")
@click.argument("number", type=click.IntRange(1))
@out_option
@check_option
@chain_options
@json_option
def prove_block(number: int, **options: Any) -> None:
    """Proves block NUMBER.

    \b
    openmg plasma prove block 12 --check
    """
    _prove("verifyBlock", lambda node: number, lambda prover: prover.block(number), options)


@prove.command("transaction")
@click.argument("hash_", metavar="HASH")
@out_option
@check_option
@chain_options
@json_option
def prove_transaction(hash_: str, **options: Any) -> None:
    """Proves the transaction HASH.

    \b
    openmg plasma prove transaction 0x... --out trade.json
    """
    digest = _digest(hash_)
    _prove("verifyTransaction", _block_of(digest), lambda prover: prover.transaction(digest), options)


@prove.command("receipt")
@click.argument("hash_", metavar="HASH")
@out_option
@check_option
@chain_options
@json_option
def prove_receipt(hash_: str, **options: Any) -> None:
    """Proves the receipt of transaction HASH, and so what it did: a trade, its price, published readings.

    \b
    openmg plasma prove receipt 0x... --check
    """
    digest = _digest(hash_)
    _prove("verifyReceipt", _block_of(digest), lambda prover: prover.receipt(digest), options)


@prove.command("slot")
@click.argument("contract", metavar="ADDRESS")
@click.argument("slot")
@click.option("--block", type=click.IntRange(1), help="After which block.  [default: the newest checkpoint's last]")
@out_option
@check_option
@chain_options
@json_option
def prove_slot(contract: str, slot: str, block: int | None, **options: Any) -> None:
    """Proves the storage slot SLOT (a number, or 32 bytes in hexadecimal) of the contract at ADDRESS.

    \b
    openmg plasma prove slot 0x... 0 --check
    """
    from offchain.assets import checked_address

    address, word = checked_address(contract), _word(slot)
    root = root_chain(options["root_url"], options["manifests"])
    number = block or root.head().end
    if not number:
        raise ProveError("there is no checkpoint yet")

    def block_of(node: Node) -> int:
        if int(node.call("eth_getStorageAt", address, "0x" + word.hex(), hex(number)), 16) == 0:
            raise ProveError(f"storage slot {slot} of {address} is zero after block {number}: that can't be proven")
        return number

    _prove("verifySlot", block_of, lambda prover: prover.slot(address, word, number), options)


def _prove(
    function: str, block: Callable[[Node], int], make: Callable[[Prover], Record], options: dict[str, Any]
) -> None:
    from offchain.plasma.prover import Prover, read_leaves

    root, node = root_chain(options["root_url"], options["manifests"]), plasma_node(options["rpc"])
    number = block(node)
    submission = root.submission_of(number)
    if submission is None:
        raise ProveError(f"block {number} is in no checkpoint yet: try again after the next one")
    checkpoint = submission.checkpoint
    prover = Prover(node, submission, read_leaves(node, checkpoint.start, checkpoint.end), node.chain_id())
    proof = make(prover)
    content: dict[str, Any] = {"function": function, "epoch": checkpoint.epoch, "block": number}
    content["proof"] = proof.to_json()
    lines = [f"Block {number} is in checkpoint {checkpoint.epoch}."]
    if options["check"]:
        content["checked"] = _checked(root, function, proof)
        final = "final" if content["checked"]["isFinal"] else "not final yet: it could still be voided"
        lines.append(f"PlasmaInclusion.{function} on the root chain accepts the proof; the checkpoint is {final}.")
    out: Path | None = options["out"]
    if out is not None:
        try:
            out.write_text(json.dumps(content, indent=2) + "\n")
        except OSError as error:
            raise ProveError(f"{out} can't be written: {error}") from error
        lines.append(f"Proof: {out}")
    elif not options["as_json"]:
        lines.append(json.dumps(proof.to_json()))
    answer(options["as_json"], content, *lines)


def _checked(root: RootChain, function: str, proof: Record) -> dict[str, Any]:
    """What PlasmaInclusion says of a proof."""
    outputs = root.inclusion.functions[function](proof.abi()).call()
    values = outputs if isinstance(outputs, list | tuple) else [outputs]
    shown = [f"0x{value.hex()}" if isinstance(value, bytes) else value for value in values]
    return {"isFinal": bool(shown[-1]), "values": shown[:-1]}


def _block_of(digest: bytes) -> Callable[[Node], int]:
    def find(node: Node) -> int:
        found = node.call("eth_getTransactionByHash", "0x" + digest.hex())
        if not found or found.get("blockNumber") is None:
            raise ProveError(f"the plasma chain has no transaction 0x{digest.hex()} in a block")
        return int(found["blockNumber"], 16)

    return find


def _digest(text: str) -> bytes:
    from offchain.plasma.records import RecordError, to_bytes

    try:
        return to_bytes(text, 32)
    except RecordError as error:
        raise ProveError(f"{text} is no hash: give 32 bytes in hexadecimal with 0x") from error


def _word(text: str) -> bytes:
    try:
        number = int(text, 0)
        return number.to_bytes(32, "big")
    except (ValueError, OverflowError) as error:
        raise ProveError(f"{text} is no storage slot: give a number, or hexadecimal with 0x") from error
