"""Whose signatures make a checkpoint count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_keys.constants import SECPK1_N
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.plasma import checkpoint as checkpoints
from offchain.plasma.checkpoint import Checkpoint, Domain
from offchain.signature import join, sign, split
from tests.conftest import Refused
from tests.plasma.faults import slash, strangers_signed
from tests.plasma.stage import AUTHORITIES, BOND, FREEZE_PERIOD, QUORUM, Plasma, authority_keys

COUNT = "WrongSignatureCount(uint256,uint256)"
NOT_ASCENDING = "SignersNotAscending(address)"
NOBODY = "ECDSAInvalidSignature()"


@pytest.fixture
def checkpoint(plasma: Plasma) -> Checkpoint:
    """The next checkpoint."""
    plasma.chain.seal()
    return plasma.checkpoint()


@pytest.fixture
def denied(plasma: Plasma, checkpoint: Checkpoint, refused: Refused) -> Callable[[bytes, Any], None]:
    """Checks that signatures are not enough for the checkpoint."""

    def check(signatures: bytes, error: Any) -> None:
        refused(plasma.root.submitCheckpoint, checkpoint.abi(), signatures, error=error, sender=plasma.owner)

    return check


Denied = Callable[[bytes, Any], None]


def seats(*numbers: int) -> int:
    """A bit for each seat."""
    return sum(1 << number for number in numbers)


@pytest.mark.parametrize(
    "signing", [(0, 1, 2, 3, 4), (2, 3, 4, 5, 6), (0, 2, 3, 5, 6), (0, 1, 2, 4, 5, 6), (0, 1, 2, 3, 4, 5, 6)]
)
def test_signers_are_kept(plasma: Plasma, checkpoint: Checkpoint, signing: tuple[int, ...]) -> None:
    """A quorum is enough; more may sign. Who did is kept, a bit for each seat."""
    submission = plasma.submit(checkpoint, [plasma.keys[seat] for seat in signing])
    assert submission.signers == seats(*signing)
    assert plasma.root.submissionHash(1) == submission.hash


def test_one_too_few(plasma: Plasma, checkpoint: Checkpoint, denied: Denied) -> None:
    """One less than a quorum is nothing."""
    for count in range(QUORUM):
        denied(plasma.signed(checkpoint, plasma.keys[:count]), (COUNT, QUORUM, count))


@pytest.mark.parametrize("cut", [1, 64, 65])
def test_shortened(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, cut: int) -> None:
    """Signatures have 65 bytes each: nothing is missing at the end."""
    denied(plasma.signed(checkpoint)[:-cut], (COUNT, QUORUM, QUORUM - 1))


@pytest.mark.parametrize("length", [1, 64])
def test_lengthened(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, length: int) -> None:
    """Nothing is left over either."""
    denied(plasma.signed(checkpoint) + bytes(length), (COUNT, QUORUM, QUORUM))


@pytest.mark.parametrize("length", [64, 66])
def test_other_lengths(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, length: int) -> None:
    """Signatures of 64 bytes (EIP-2098) and of 66 are none."""
    signatures = b"".join(one.ljust(66, b"\0")[:length] for one in split(plasma.signed(checkpoint)))
    denied(signatures, (COUNT, QUORUM, len(signatures) // 65))


def test_same_signer_twice(plasma: Plasma, checkpoint: Checkpoint, denied: Denied) -> None:
    """One authority signs once."""
    *others, last = split(plasma.signed(checkpoint))
    for twice in range(QUORUM - 1):
        kept = others[: twice + 1] + others[twice:]
        denied(b"".join(kept), (NOT_ASCENDING, plasma.keys[twice].address))
    denied(b"".join([*others, last, last]), (NOT_ASCENDING, plasma.keys[QUORUM - 1].address))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(QUORUM)))
def test_order(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, order: list[int]) -> None:
    """Signers come in ascending order."""
    signatures = split(plasma.signed(checkpoint))
    falls = [right for left, right in pairwise(order) if right < left]
    if falls:
        denied(b"".join(signatures[seat] for seat in order), (NOT_ASCENDING, plasma.keys[falls[0]].address))


@pytest.mark.parametrize("place", [0, 2, QUORUM - 1])
def test_other_half_of_s(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, place: int) -> None:
    """The second form of a signature, which anybody can compute, is refused (EIP-2)."""
    signatures = split(plasma.signed(checkpoint))
    one = signatures[place]
    high = SECPK1_N - int.from_bytes(one[32:64], "big")
    signatures[place] = one[:32] + high.to_bytes(32, "big") + bytes([27 + 28 - one[64]])
    denied(b"".join(signatures), ("ECDSAInvalidSignatureS(bytes32)", high.to_bytes(32, "big")))


@pytest.mark.parametrize("recovery", [lambda v: v - 27, lambda v: v + 2, lambda v: v + 8, lambda v: 0xFF])
def test_other_recovery_ids(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, recovery: Any) -> None:
    """The last byte is 27 or 28."""
    signatures = split(plasma.signed(checkpoint))
    signatures[0] = signatures[0][:64] + bytes([recovery(signatures[0][64])])
    denied(b"".join(signatures), NOBODY)


@pytest.mark.parametrize(
    "one", [bytes(65), b"\xff" * 65, bytes(64) + b"\x1b", bytes(32) + b"\1".rjust(32, b"\0") + b"\x1c"]
)
def test_no_signature_at_all(plasma: Plasma, checkpoint: Checkpoint, denied: Denied, one: bytes) -> None:
    """Bytes that nobody signed are nobody's signature: the zero address is no signer."""
    error = ("ECDSAInvalidSignatureS(bytes32)", b"\xff" * 32) if one[0] == 0xFF else NOBODY
    denied(one + plasma.signed(checkpoint), error)


def test_strangers(plasma: Plasma, checkpoint: Checkpoint, denied: Denied) -> None:
    """Others don't sign, whether they make up the quorum or come in addition, and whatever bond they have."""
    digest = plasma.domain.checkpoint_digest(checkpoint)
    strangers = authority_keys(2, "stranger")
    plasma.bond(strangers[:1], BOND)
    for stranger in strangers:
        for authorities in (plasma.keys[: QUORUM - 1], plasma.keys[:QUORUM], plasma.keys):
            signatures = join(digest, [sign(digest, key) for key in [*authorities, stranger]])
            denied(signatures, ("NotAuthority(address)", stranger.address))


def not_signed(plasma: Plasma, checkpoint: Checkpoint, signatures: bytes) -> None:
    """Checks that signatures are of something else than this checkpoint."""
    strangers_signed(plasma, plasma.root.submitCheckpoint, checkpoint.abi(), signatures)


def test_other_checkpoint(plasma: Plasma, checkpoint: Checkpoint) -> None:
    """Signatures of one checkpoint say nothing of another, whichever field differs."""
    signatures = plasma.signed(checkpoint)
    for field in ("blocks_root", "exit_root", "last_state_root", "data_hash", "exit_count", "end"):
        value = getattr(checkpoint, field)
        change: dict[str, Any] = {field: value + 1 if isinstance(value, int) else keccak(value)}
        not_signed(plasma, replace(checkpoint, **change), signatures)
    plasma.root.submitCheckpoint(checkpoint.abi(), signatures, sender=plasma.owner)
    assert plasma.root.headHash() == checkpoint.hash


def test_other_chains_and_contracts(plasma: Plasma, checkpoint: Checkpoint) -> None:
    """A signature counts for one contract on one chain: not for a copy of either."""
    domain = plasma.domain
    for other in (
        Domain(domain.chain_id + 1, domain.contract),
        Domain(domain.chain_id, plasma.vault.address),
        Domain(0, domain.contract),
    ):
        strangers_signed(
            plasma,
            plasma.root.submitCheckpoint,
            checkpoint.abi(),
            plasma.signatures(other.checkpoint_digest(checkpoint), plasma.keys[:QUORUM]),
        )


@pytest.mark.parametrize("part", ["DOMAIN_NAME", "DOMAIN_VERSION"])
def test_other_names(plasma: Plasma, checkpoint: Checkpoint, monkeypatch: Any, part: str) -> None:
    """A signature for a contract of another name or version doesn't count."""
    monkeypatch.setattr(checkpoints, part, "2")
    signatures = plasma.signed(checkpoint)
    monkeypatch.undo()
    assert signatures != plasma.signed(checkpoint)
    not_signed(plasma, checkpoint, signatures)


def test_bare_hashes(plasma: Plasma, checkpoint: Checkpoint) -> None:
    """The struct hash signed without a domain, or as a personal message, doesn't count."""
    digest = plasma.domain.checkpoint_digest(checkpoint)
    personal = keccak(b"\x19Ethereum Signed Message:\n32" + digest)
    for signed in (checkpoint.hash, personal):
        not_signed(plasma, checkpoint, plasma.signatures(signed, plasma.keys[:QUORUM]))


def test_signatures_of_a_freeze(plasma: Plasma, checkpoint: Checkpoint) -> None:
    """What was signed to freeze the chain makes no checkpoint."""
    strangers_signed(
        plasma,
        plasma.root.submitCheckpoint,
        checkpoint.abi(),
        plasma.signatures(plasma.domain.freeze_digest(1, 0), plasma.keys),
    )


def test_old_set(plasma: Plasma, checkpoint: Checkpoint, refused: Refused) -> None:
    """After a change neither the old set's checkpoint nor its signatures count; who is in both sets goes on."""
    newcomers = authority_keys(3, "newcomer")
    plasma.bond(newcomers)
    signatures, old = plasma.signed(checkpoint), plasma.keys
    plasma.change_authorities(sorted(old[:4] + newcomers, key=lambda key: int(key.address, 16)))
    error: Any = ("WrongSet(uint256,uint256)", 2, 1)
    refused(plasma.root.submitCheckpoint, checkpoint.abi(), signatures, error=error, sender=plasma.owner)
    renewed = plasma.checkpoint()
    assert renewed == replace(checkpoint, set_id=2)
    error = ("NotAuthority(address)", old[4].address)
    refused(
        plasma.root.submitCheckpoint, renewed.abi(), plasma.signed(renewed, old[:5]), error=error, sender=plasma.owner
    )
    signers: list[LocalAccount] = [key for key in plasma.keys if key in old or key == newcomers[0]]
    submission = plasma.submit(renewed, signers)
    assert submission.signers == seats(*(plasma.keys.index(key) for key in signers))


def test_slashed(plasma: Plasma, stranger: Any, refused: Refused) -> None:
    """Who was slashed doesn't sign any more, even when its bond is made up again; the others go on."""
    slash(plasma, 3, stranger)
    plasma.wait(FREEZE_PERIOD)
    checkpoint = plasma.checkpoint()
    error = ("NotAuthority(address)", plasma.keys[3].address)
    arguments = checkpoint.abi(), plasma.signed(checkpoint)
    refused(plasma.root.submitCheckpoint, *arguments, error=error, sender=stranger)
    plasma.bond([plasma.keys[3]], 2 * BOND)
    refused(plasma.root.submitCheckpoint, *arguments, error=error, sender=stranger)
    assert plasma.submit(checkpoint, plasma.keys[:3] + plasma.keys[4:6]).signers == seats(0, 1, 2, 4, 5)


def test_too_many_slashed(plasma: Plasma, stranger: Any) -> None:
    """Up to f slashed authorities leave a quorum; its size stays."""
    slash(plasma, 0, stranger)
    slash(plasma, 1, stranger)
    assert plasma.root.quorum() == QUORUM == len(plasma.keys[2:])
    assert plasma.submit(plasma.checkpoint(), plasma.keys[2:]).signers == seats(2, 3, 4, 5, 6)


def test_sixty_four_authorities(plasma: Plasma) -> None:
    """The largest set: 43 of 64 sign, the last seat has the bit 63, and all together may sign too."""
    keys = authority_keys(64, "many")
    plasma.bond(keys)
    plasma.change_authorities(keys)
    plasma.chain.seal()
    assert (plasma.root.quorum(), plasma.root.faultTolerance()) == (43, 21)
    assert plasma.submit(signers=keys[21:]).signers == seats(*range(21, 64))
    plasma.chain.seal()
    assert plasma.submit(signers=keys).signers == 2**64 - 1
    assert AUTHORITIES < 64
