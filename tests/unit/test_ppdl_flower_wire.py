"""Messages between server and nodes: what is no message is refused, whatever the bytes are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.flower import wire

WORDS, SIGNATURES = st.binary(min_size=32, max_size=32), st.binary(min_size=65, max_size=65)
CONTENTS, INDICES = st.binary(min_size=1, max_size=300), st.integers(0, 2046)
KEYS = st.builds(wire.SignedKeys, st.binary(min_size=20, max_size=20), WORDS, WORDS, SIGNATURES)
SEEDS = st.builds(wire.SignedSeeds, INDICES, WORDS, st.lists(WORDS, max_size=5).map(tuple), SIGNATURES, CONTENTS)
UPDATES = st.builds(wire.SignedUpdate, INDICES, WORDS, SIGNATURES)
ALIVE = st.builds(wire.SignedAlive, INDICES, SIGNATURES)
ROUNDS = st.integers(1, 2**32 - 1)


def some(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(parts, max_size=3).map(tuple)


BOARDS = st.builds(wire.Board, ROUNDS, some(KEYS), some(SEEDS), some(UPDATES), some(ALIVE))
ASKS: st.SearchStrategy[wire.Ask] = st.one_of(
    st.builds(wire.AskKeys, ROUNDS),
    st.builds(wire.AskSeeds, BOARDS),
    st.builds(wire.AskUpdate, BOARDS, CONTENTS),
    st.builds(wire.AskAlive, BOARDS),
    st.builds(wire.AskReveal, BOARDS),
)
SAID = st.builds(
    wire.Said,
    some(KEYS),
    some(SEEDS),
    some(st.builds(wire.Upload, INDICES, CONTENTS, SIGNATURES)),
    some(ALIVE),
    some(st.builds(wire.Revealed, INDICES, CONTENTS)),
    some(st.text(max_size=50)),
)
GOOD = {"type": "keys", "round": 1}
BOARD: dict[str, Any] = {"round": 1, "keys": [], "seeds": [], "updates": [], "alive": []}
KEY = {"participant": bytes(20), "channel_key": bytes(32), "mask_key": bytes(32), "signature": bytes(65)}
SEED = {"index": 0, "shares_root": bytes(32), "seed_hashes": [], "signature": bytes(65), "parcel": b"x"}


@given(ASKS)
def test_what_is_asked_arrives(ask: wire.Ask) -> None:
    """P9 a message is read as it was written."""
    assert wire.decode_ask(wire.encode(ask)) == ask


@given(SAID)
def test_what_is_answered_arrives(said: wire.Said) -> None:
    """P9 an answer is read as it was written."""
    assert wire.decode_said(wire.encode(said)) == said


@given(st.one_of(st.binary(max_size=400), ASKS.map(wire.encode), SAID.map(wire.encode)), st.data())
@settings(max_examples=300)
def test_bytes_are_a_message_or_refused(content: bytes, data: st.DataObject) -> None:
    """P9 any bytes, and any message with bytes changed, cut off or added, are a message within all limits or a
    WireError."""
    at = data.draw(st.integers(0, max(len(content) - 1, 0)))
    changed = data.draw(
        st.sampled_from([content, content[:at], content + b"\0", content[:at] + b"\xff" + content[at + 1 :]])
    )
    for decode in (wire.decode_ask, wire.decode_said):
        try:
            message = decode(changed)
        except wire.WireError:
            continue
        assert decode(wire.encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "keys"},
        {"type": "kees", "round": 1},
        GOOD | {"round": 0},
        GOOD | {"round": -1},
        GOOD | {"round": 2**32},
        GOOD | {"round": 2**64 - 1},
        GOOD | {"round": "1"},
        GOOD | {"round": 1.0},
        GOOD | {"round": True},
        GOOD | {"more": 1},
        {"type": "seeds", "board": None},
        {"type": "seeds", "board": BOARD | {"rounds": 1}},
        {"type": "seeds", "board": BOARD | {"keys": [KEY | {"participant": bytes(21)}]}},
        {"type": "seeds", "board": BOARD | {"keys": [KEY | {"channel_key": bytes(31)}]}},
        {"type": "seeds", "board": BOARD | {"keys": [KEY | {"mask_key": "x" * 32}]}},
        {"type": "seeds", "board": BOARD | {"keys": [KEY | {"signature": bytes(64)}]}},
        {"type": "seeds", "board": BOARD | {"keys": [{name: KEY[name] for name in list(KEY)[:3]}]}},
        {"type": "seeds", "board": BOARD | {"keys": [KEY] * 2048}},
        {"type": "seeds", "board": BOARD | {"seeds": [SEED | {"index": -1}]}},
        {"type": "seeds", "board": BOARD | {"seeds": [SEED | {"index": 2047}]}},
        {"type": "seeds", "board": BOARD | {"seeds": [SEED | {"seed_hashes": [bytes(32)] * 102}]}},
        {"type": "seeds", "board": BOARD | {"seeds": [SEED | {"parcel": b""}]}},
        {"type": "update", "board": BOARD},
        {"type": "update", "board": BOARD, "state": b""},
        {"type": "update", "board": BOARD, "state": [1, 2]},
    ],
    ids=str,
)
def test_another_form_is_refused(message: dict[str, Any]) -> None:
    """P9 a field that is missing, too many, of another type, length or range is refused."""
    with pytest.raises(wire.WireError, match="that is no message"):
        wire.decode_ask(msgspec.msgpack.encode(message))


def test_the_smallest_of_each_form_is_accepted() -> None:
    """P9 the forms that the test above spoils are right."""
    assert wire.decode_ask(msgspec.msgpack.encode(GOOD)) == wire.AskKeys(1)
    board = BOARD | {"keys": [KEY], "seeds": [SEED]}
    assert isinstance(wire.decode_ask(msgspec.msgpack.encode({"type": "seeds", "board": board})), wire.AskSeeds)


def test_nesting_is_refused() -> None:
    """P9 lists in lists without end are no message."""
    with pytest.raises(wire.WireError):
        wire.decode_said(b"\x91" * 100_000)


def test_an_answer_is_no_question() -> None:
    """P9 what one side says is nothing that the other side may say."""
    with pytest.raises(wire.WireError):
        wire.decode_ask(wire.encode(wire.Said()))
    with pytest.raises(wire.WireError):
        wire.decode_said(wire.encode(wire.AskKeys(1)))


def test_a_message_beyond_all_lengths_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 nobody reads a message longer than the longest."""
    monkeypatch.setattr(wire, "MOST_BYTES", 10)
    with pytest.raises(wire.WireError, match="11 bytes is longer than any"):
        wire.decode_said(bytes(11))
