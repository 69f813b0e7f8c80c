"""How a car shows which note it paid: a mark that only who made the note, and who got it, can compute.

The mark is HMAC-SHA256 of a tag and the session, under the note's blinding. So nobody takes another car's payment for
its own, from the chain or from the wire, and a mark is of no use for another session.
"""

from __future__ import annotations

import hmac

from offchain.wallet.note import Note

TAG = b"openmg charging payment 1"


def mark_of(note_blinding: int, session: str) -> str:
    """The mark of a note's blinding for a session, in hexadecimal."""
    return hmac.digest(note_blinding.to_bytes(32, "big"), TAG + bytes.fromhex(session), "sha256").hex()


def fits(note: Note, session: str, mark: str) -> bool:
    """Whether a mark is that of a note for a session."""
    return hmac.compare_digest(mark_of(note.blinding, session), mark)
