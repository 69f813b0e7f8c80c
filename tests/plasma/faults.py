"""Faults of authorities, and their proofs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.plasma.checkpoint import Submission
from offchain.signature import sign
from tests.plasma.stage import Plasma


def equivocation(plasma: Plasma, seat: int, **changes: Any) -> tuple[Any, ...]:
    """What proves that the authority of a seat signed two checkpoints of an epoch; `changes` bend both."""
    plasma.chain.seal()
    checkpoints = [plasma.checkpoint(data_hash=keccak(text=text), **changes) for text in ("one", "other")]
    signed = [
        (checkpoint.abi(), sign(plasma.domain.checkpoint_digest(checkpoint), plasma.keys[seat]))
        for checkpoint in checkpoints
    ]
    return (*signed[0], *signed[1], seat)


def slash(plasma: Plasma, seat: int, challenger: Any) -> None:
    """Has an authority contradict itself and proves it; this also freezes the chain."""
    plasma.challenges.proveEquivocation(*equivocation(plasma, seat), sender=challenger)


def submit_fault(plasma: Plasma, signers: Sequence[LocalAccount] | None = None) -> Submission:
    """A block, and a checkpoint of it with a wrong state root."""
    plasma.chain.seal()
    return plasma.submit(plasma.checkpoint(last_state_root=keccak(text="wrong")), signers)


def condemn(plasma: Plasma, submission: Submission, challenger: Any) -> None:
    """Proves that a checkpoint's last state root is wrong."""
    plasma.challenges.proveWrongState(plasma.leaf_proof(submission.checkpoint.end, submission), sender=challenger)


def strangers_signed(plasma: Plasma, method: Any, *arguments: Any) -> None:
    """Checks that a call is refused since its signatures are not of what they should be: whoever they seem to be of is
    no authority, or out of order."""
    data = "0x" + bytes(method.encode_input(*arguments)).hex()
    call = {"from": plasma.owner.address, "to": method.contract.address, "data": data}
    answer = plasma.provider.web3.provider.make_request("eth_call", [call, "latest"])
    errors = ("NotAuthority(address)", "SignersNotAscending(address)", "ECDSAInvalidSignature()")
    assert answer["error"]["data"][2:10] in [keccak(text=error)[:4].hex() for error in errors]
