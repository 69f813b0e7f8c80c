"""Wallets made, restored and shown on the command line."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from offchain.wallet.address import Address
from offchain.wallet.keys import Seed, ViewingKey
from tests.unit.command_line import CommandLine

WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
"""A published BIP-39 example."""


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_new_wallet_is_what_its_words_restore(openmg: CommandLine) -> None:
    """C2 words alone bring back address, account and viewing key."""
    made = openmg.done("wallet", "new", "--wallet", "home")
    assert len(made["words"].split()) == 24
    restored = openmg.done("wallet", "restore", "--wallet", "again", typed=made["words"] + "\n")
    assert (restored["address"], restored["account"]) == (made["address"], made["account"])
    assert "words" not in restored
    keys = Seed.from_words(made["words"]).keys()
    assert openmg.done("wallet", "address", "--wallet", "again")["address"] == str(keys.address)
    shown = openmg.done("wallet", "viewing-key", "--wallet", "home")["viewing_key"]
    assert ViewingKey.parse(shown) == keys.viewing


def test_words_are_shown_once(openmg: CommandLine) -> None:
    """C2 by `new`, with what they are; no other command tells them."""
    ended = openmg.run("wallet", "new", "--words", "12")
    assert ended.status == 0
    (words,) = [line for line in ended.out.splitlines() if len(line.split()) == 12 and line.islower()]
    assert Seed.from_words(words)
    assert "whoever has them can spend" in ended.out
    for command in ("address", "viewing-key"):
        assert words.split()[0] not in openmg.run("wallet", command).out.split()


def test_key_file_is_its_owners_alone(openmg: CommandLine) -> None:
    """C2 readable by nobody else, and neither seed nor address stands in it."""
    made = openmg.done("wallet", "new", "--words", "12")
    path = openmg.wallets / "default.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert Seed.from_words(made["words"]).entropy.hex() not in text
    assert made["account"][2:].lower() not in text.lower()
    assert Address.parse(made["address"]).encryption_key.hex() not in text


def test_lines_for_people_say_the_same(openmg: CommandLine) -> None:
    """C1 without --json the same values stand in lines."""
    openmg.done("wallet", "restore", typed=WORDS)
    content, ended = openmg.done("wallet", "address"), openmg.run("wallet", "address")
    assert content["address"] in ended.out
    assert content["account"] in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "The words is needed"),
        ("legal winner", "12 or 24 words, not 2"),
        (WORDS.replace("yellow", "yello"), "word 12, 'yello'"),
        (WORDS.replace("yellow", "zoo"), "checksum"),
    ],
)
def test_wrong_words_make_no_wallet(openmg: CommandLine, typed: str, why: str) -> None:
    """P9 one line, and nothing is written."""
    assert why in openmg.run("wallet", "restore", typed=typed).error
    assert openmg.files() == {}


def test_a_wallet_is_never_overwritten(openmg: CommandLine) -> None:
    """P9 neither by `new` nor by `restore`."""
    openmg.done("wallet", "new")
    before = openmg.files()
    assert "there is a wallet default already" in openmg.run("wallet", "new").error
    assert "there is a wallet default already" in openmg.run("wallet", "restore", typed=WORDS).error
    assert openmg.files() == before


def test_wrong_or_missing_password(openmg: CommandLine) -> None:
    """P9 one line; the file stays as it is."""
    openmg.done("wallet", "new")
    before = openmg.files()
    openmg.password = "wrong"
    assert "the password of" in openmg.run("wallet", "address").error
    openmg.password = None
    assert "set OPENMG_PASSWORD" in openmg.run("wallet", "address").error
    assert "set OPENMG_PASSWORD" in openmg.run("wallet", "new", "--wallet", "other").error
    openmg.password = ""
    assert "a password is needed" in openmg.run("wallet", "new", "--wallet", "other").error
    assert openmg.files() == before


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"crypto": 1}', "\0\1"])
def test_a_damaged_key_file_is_named(openmg: CommandLine, damage: str) -> None:
    """P9 one line; the file stays as it is."""
    openmg.done("wallet", "new")
    (openmg.wallets / "default.json").write_text(damage)
    assert "is damaged or no key file" in openmg.run("wallet", "address").error
    assert openmg.files() == {"default.json": damage.encode()}


def test_a_key_file_with_a_byte_changed_is_refused(openmg: CommandLine) -> None:
    """P9 a wrong seed would be an empty wallet."""
    openmg.done("wallet", "new")
    path = openmg.wallets / "default.json"
    content = json.loads(path.read_text())
    text = content["crypto"]["ciphertext"]
    content["crypto"]["ciphertext"] = ("1" if text[0] == "0" else "0") + text[1:]
    path.write_text(json.dumps(content))
    assert "the password of" in openmg.run("wallet", "address").error


def test_a_wallet_that_is_missing_is_named_beside_those_there(openmg: CommandLine) -> None:
    """P9 so that a mistyped name is seen."""
    openmg.done("wallet", "new", "--wallet", "home")
    error = openmg.run("wallet", "address", "--wallet", "hime").error
    assert "there is no wallet hime" in error
    assert error.endswith("there are: home")


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "a b", "-x", "x" * 41, "ü"])
def test_a_name_can_t_leave_the_folder(openmg: CommandLine, name: str) -> None:
    """P9 names are plain words."""
    assert "no name of a wallet" in openmg.run("wallet", "new", f"--wallet={name}").error
    assert openmg.files() == {}
