"""The key file: encrypted, its owner's alone, written at once or not at all."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.wallet import keystore
from offchain.wallet.keys import Seed
from offchain.wallet.keystore import KeyFileError

FAST = 1 << 4
PASSWORD = "correct hórse"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wallets" / "home.json"


@pytest.mark.parametrize("seed", [Seed.new(12), Seed.new(24), Seed(bytes(16)), Seed(bytes([255] * 32))], ids=str)
def test_a_seed_survives_its_file(path: Path, seed: Seed) -> None:
    """Also seeds that would be no private key of an account."""
    keystore.save(seed, path, PASSWORD, FAST)
    assert keystore.load(path, PASSWORD) == seed
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["home.json"]


def test_the_file_is_a_common_key_file_without_an_address(path: Path) -> None:
    seed = Seed.new()
    keystore.save(seed, path, PASSWORD, FAST)
    content = json.loads(path.read_text())
    assert content["version"] == 3
    assert "address" not in content
    assert bytes(Account.decrypt(content, PASSWORD)) == seed.entropy
    assert seed.entropy.hex() not in path.read_text()


def test_the_usual_cost_is_that_of_the_documentation(path: Path) -> None:
    keystore.save(Seed.new(), path, PASSWORD)
    parameters = json.loads(path.read_text())["crypto"]["kdfparams"]
    assert (parameters["n"], parameters["r"], parameters["p"]) == (131072, 8, 1)


def test_a_wrong_password_gives_one_line(path: Path) -> None:
    """P9: and neither password nor secret is in it."""
    keystore.save(Seed.new(), path, PASSWORD, FAST)
    with pytest.raises(KeyFileError, match=r"password of .* is wrong") as refused:
        keystore.load(path, "guess")
    assert "guess" not in str(refused.value)
    with pytest.raises(KeyFileError, match="a password is needed"):
        keystore.save(Seed.new(), path.with_name("other.json"), "", FAST)


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    """P9: the first seed stays."""
    first = Seed.new()
    keystore.save(first, path, PASSWORD, FAST)
    with pytest.raises(KeyFileError, match="is not overwritten"):
        keystore.save(Seed.new(), path, PASSWORD, FAST)
    assert keystore.load(path, PASSWORD) == first
    assert len(list(path.parent.iterdir())) == 1


def test_missing_files_and_folders_are_named(path: Path, tmp_path: Path) -> None:
    """P9: also a file where a folder should be."""
    with pytest.raises(KeyFileError, match="there is no key file"):
        keystore.load(path, PASSWORD)
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="can't be written"):
        keystore.save(Seed.new(), tmp_path / "file" / "home.json", PASSWORD, FAST)
    with pytest.raises(KeyFileError, match="can't be read"):
        keystore.load(tmp_path, PASSWORD)


@pytest.mark.parametrize("digit", [0, 17, 31])
def test_another_counter_gives_no_other_seed(tmp_path: Path, digit: int) -> None:
    """P9: the format's own check doesn't cover the counter. What another program wrote, without ours, is read."""
    path, seed = tmp_path / "home.json", Seed(bytes(range(16)))
    keystore.save(seed, path, PASSWORD, FAST)
    content = json.loads(path.read_text())
    counter = content["crypto"]["cipherparams"]["iv"]
    other = counter[:digit] + f"{int(counter[digit], 16) ^ 1:x}" + counter[digit + 1 :]
    content["crypto"]["cipherparams"]["iv"] = other
    path.write_text(json.dumps(content))
    with pytest.raises(KeyFileError, match="damaged or no key file"):
        keystore.load(path, PASSWORD)
    content["crypto"]["cipherparams"]["iv"] = counter
    del content["checksum"]
    path.write_text(json.dumps(content))
    assert keystore.load(path, PASSWORD) == seed


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_refused_or_gives_the_seed(tmp_path: Path, data: st.DataObject) -> None:
    """P9: whatever bytes are changed, cut or added."""
    path = tmp_path / "home.json"
    path.unlink(missing_ok=True)
    seed = Seed(bytes(range(16)))
    keystore.save(seed, path, PASSWORD, FAST)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole)))
    path.write_bytes(
        whole[:place] + data.draw(st.binary(max_size=4)) + whole[data.draw(st.integers(place, len(whole))) :]
    )
    with suppress(KeyFileError):  # the only exception there may be
        assert keystore.load(path, PASSWORD) == seed


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"version": 3}', '{"version": 9}', '{"version": 3, "crypto": 5}', '"text"', "\x00\xff", "null"],
)
def test_what_is_no_key_file_is_said_so(tmp_path: Path, content: str) -> None:
    """P9: JSON of something else, or no JSON."""
    path = tmp_path / "home.json"
    path.write_text(content)
    with pytest.raises(KeyFileError, match="damaged or no key file"):
        keystore.load(path, PASSWORD)
