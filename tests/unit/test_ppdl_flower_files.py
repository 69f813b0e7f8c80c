"""Files of a federation's members: what can't be used is told in one line; nothing secret is left to others."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from offchain.ppdl.aggregation.participant import Participant
from offchain.ppdl.flower import keys
from offchain.ppdl.flower.comparison import DifferenceError, compared
from offchain.ppdl.flower.federation import Federation, FederationError
from offchain.ppdl.flower.keys import KeysError
from offchain.ppdl.flower.progress import Done, Ended, Progress, ProgressError, Told
from offchain.ppdl.flower.rounds import RoundError, Rounds
from offchain.ppdl.learning.federation import Round
from tests.unit.flower import account, federation

ME = b"\x11" * 20


def test_a_federation_is_read_as_it_was_written(tmp_path: Path) -> None:
    """P9 all members have the same file, and the same domain of their signatures; another file has another one."""
    path = tmp_path / "federation.json"
    federation(9).write(path)
    found = Federation.read(path)
    assert found == federation(9)
    assert found.domain == federation(9).domain
    others = [
        federation(9, "other"),
        federation(10),
        Federation(found.name, found.participants, "day_ahead", 336, 3, 1),
    ]
    assert len({one.domain for one in (found, *others)}) == 4
    assert len({one.summary for one in (found, *others)}) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"participants": []}, "length >= 8"),
        ({"participants": [account(0).address] * 9}, "a participant stands there twice"),
        ({"participants": [account(0).address, account(0).address.lower(), *map(str, range(7))]}, "matching regex"),
        ({"participants": ["0x" + "zz" * 20] * 9}, "matching regex"),
        ({"participants": [account(at).address + "\n" for at in range(9)]}, "matching regex"),
        ({"name": ""}, "length >= 1"),
        ({"horizon": "next_year"}, "Invalid enum value"),
        ({"training_hours": 10}, ">= 168"),
        ({"rounds": 0}, ">= 1"),
        ({"seed": -1}, ">= 0"),
        ({"seed": None}, "Expected `int`"),
        ({"more": 1}, "unknown field `more`"),
    ],
    ids=str,
)
def test_another_federation_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    """P9 a federation's file has all of its fields, within their limits, and no others."""
    path = tmp_path / "federation.json"
    federation(9).write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(FederationError, match="is no federation") as caught:
        Federation.read(path)
    assert reason in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b'{"\xff": 1}', b"[" * 100_000, b"null"], ids=lambda one: str(one[:9]))
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    """P9 whatever a file holds, the error is one line that names it."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FederationError, match="file is no federation"):
        Federation.read(path)
    with pytest.raises(KeysError, match="file has no keys"):
        keys.read(path)
    path.write_bytes(content + b"\n")
    with pytest.raises(ProgressError):
        list(Progress(path).new())
    for read in (Federation.read, keys.read):
        with pytest.raises((FederationError, KeysError), match="No such file"):
            read(tmp_path / "nothing")


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    """P9 keys are made once, for the owner of the file alone, and none is lost by making them again."""
    path = tmp_path / "keys.json"
    made = keys.create(path, 3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.address for one in keys.read(path)] == [one.address for one in made]
    with pytest.raises(KeysError, match="can't be written"):
        keys.create(path, 3)
    for wrong in ("0x12", "0x" + "00" * 32, "0x" + "ff" * 32, "0x" + "12" * 32 + "\n"):
        path.write_text(json.dumps([wrong]))
        with pytest.raises(KeysError, match="has no keys") as caught:
            keys.read(path)
        assert wrong not in str(caught.value)


def test_a_command_makes_keys(tmp_path: Path) -> None:
    """P9 the command prints addresses, never a key, and says in one line if the file is there already."""
    path = tmp_path / "keys.json"
    done = CliRunner().invoke(keys.main, [str(path), "--homes", "2"])
    assert done.output.split() == [one.address for one in keys.read(path)]
    again = CliRunner().invoke(keys.main, [str(path), "--homes", "2"])
    assert (again.exit_code, again.output) == (1, f"Error: {path} can't be written: File exists\n")


def test_rounds_ascend(tmp_path: Path) -> None:
    """P8 a node goes on in its latest round after a restart, never in an earlier one, nor in one that is over."""
    rounds = Rounds(tmp_path)
    with pytest.raises(RoundError, match="not in round 1"):
        rounds.check(1)
    rounds.begin(4)
    Rounds(tmp_path).check(4)
    Rounds(tmp_path).begin(4)
    with pytest.raises(RoundError, match="round 3 is over"):
        Rounds(tmp_path).begin(3)
    Rounds(tmp_path).finish()
    for number in (3, 4):
        with pytest.raises(RoundError, match=f"round {number} is over"):
            Rounds(tmp_path).begin(number)
    with pytest.raises(RoundError, match="not in round 4"):
        Rounds(tmp_path).check(4)


def test_records_go_with_their_round(tmp_path: Path) -> None:
    """P8 secrets of a round are on the disk as long as it lasts, for their owner alone."""
    rounds = Rounds(tmp_path)
    for number in (1, 2):
        rounds.begin(number)
        record = rounds.record(ME)
        kept = Participant(number, ME, record).keys()
        record.close()
        again = Rounds(tmp_path).record(ME)
        assert Participant(number, ME, again).keys() == kept
        again.close()
        (path,) = tmp_path.glob("*.jsonl")
        assert path.name.startswith(f"{number}-")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rounds.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["round"]


@pytest.mark.parametrize("content", ["", "x", "3 off", "3 over over", "over"])
def test_a_damaged_round_is_refused(tmp_path: Path, content: str) -> None:
    """P9 a node that can't tell which round it was in takes part in none."""
    (tmp_path / "round").write_text(content)
    with pytest.raises(RoundError, match="can't be used as a node's folder"):
        Rounds(tmp_path)


def test_progress_is_read_while_it_grows(tmp_path: Path) -> None:
    """P9 each event is told once, and half a line not yet."""
    path = tmp_path / "progress"
    assert list(Progress(path).new()) == []
    reader, writer = Progress(path), Progress(path)
    writer.write(Told(1, "keys"))
    assert list(reader.new()) == [Told(1, "keys")]
    with path.open("ab") as file:
        file.write(b'{"type": "ended"')
    assert list(reader.new()) == []
    with path.open("ab") as file:
        file.write(b"}\n")
    assert list(reader.new()) == [Ended()]


def test_engines_that_differ_are_told() -> None:
    """P9 one unit in one weight, or another course of a round, is a difference."""
    state = np.arange(5, dtype=np.int32)
    rounds = [Round(number, state, 9, 0.5, 10, 9, True) for number in (1, 2)]
    same = [Done(number, 9, 0.5, 10, 9, True, state.tolist()) for number in (1, 2)]
    assert list(compared(same, rounds))[-1] == "same: the largest difference is 0"
    moved = [same[0], Done(2, 9, 0.5, 10, 9, True, [0, 1, 2, 3, 5])]
    lines = compared(moved, rounds)
    assert next(lines).endswith("are the same")
    assert next(lines).endswith("are up to 1 units of 2^-20 apart")
    with pytest.raises(DifferenceError, match=r"the largest difference is 9\.54e-07"):
        next(lines)
    for other in (
        Done(2, 8, 0.5, 10, 9, True, state.tolist()),
        Done(2, 9, 0.5, 10, 9, False, state.tolist()),
        Done(2, 9, 0.5, 10, 9, True, state.tolist()[:4]),
        Done(3, 9, 0.5, 10, 9, True, state.tolist()),
    ):
        with pytest.raises(DifferenceError, match="not the same"):
            list(compared([same[0], other], rounds))
    for few in ([], same[:1]):
        with pytest.raises(DifferenceError, match="rounds are over Flower"):
            list(compared(few, rounds))
