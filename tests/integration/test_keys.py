"""Which keys and verifiers may be deployed where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from offchain.zk.bundle import opened
from offchain.zk.ceremony import add_beacon
from offchain.zk.circuits import CIRCUITS, Circuit, Signal
from offchain.zk.keys import (
    DEVELOPMENT_ALPHA_1,
    DEVELOPMENT_BETA_2,
    KeyCheckError,
    check_keys,
    pushed_constants,
    require_keys,
)
from offchain.zk.ptau import PowersOfTau
from offchain.zk.sections import BASE_MODULUS, FileError, SectionedFile
from offchain.zk.verifier import verifier_path, verifier_source
from offchain.zk.zkey import ProvingKey, VerificationKey
from tests.tiny import BEACON, Ceremony, ceremony, quiet

LOCAL, PUBLIC = 31337, 11155111
ALPHA_1, BETA_2, GAMMA_2, DELTA_2 = 84, 212, 340, 532
"""Where points stand in section 2 of a proving key."""


@pytest.fixture(scope="module")
def held() -> Ceremony:
    """A ceremony with two contributors and a beacon."""
    return ceremony()


@pytest.fixture
def sound(held: Ceremony, tmp_path: Path) -> Circuit:
    """A circuit whose keys are of that ceremony, in files that a test may change."""
    return held.with_zkey(held.files[-1], tmp_path / "keys")


def code_of(key: VerificationKey) -> bytes:
    """Code that pushes a key's constants, among other instructions."""
    return b"\x60\x80" + b"".join(b"\x7f" + value.to_bytes(32) + b"\x50" for value in key.constants.values())


def source_of(circuit: Circuit) -> str:
    return verifier_path(circuit, circuit.keys).read_text()


def changed(circuit: Circuit, change: Callable[[bytearray, int], None]) -> VerificationKey:
    """Changes the header of the proving key; returns the key that it has then."""
    start, _ = SectionedFile.open(circuit.zkey, b"zkey").sections[2]
    content = bytearray(circuit.zkey.read_bytes())
    change(content, start)
    circuit.zkey.write_bytes(content)
    return ProvingKey.read(circuit.zkey).key


def points(*coordinates: int) -> bytes:
    """Coordinates as a key's file has them."""
    return b"".join((value * 2**256 % BASE_MODULUS).to_bytes(32, "little") for value in coordinates)


def problems(circuit: Circuit, verifier: str | bytes, chain_id: int = PUBLIC) -> str:
    return "\n".join(check_keys(circuit, verifier, chain_id, circuit.keys))


def test_keys_of_a_ceremony_are_accepted(sound: Circuit) -> None:
    """K10 keys to which somebody contributed are accepted on every chain, by source and by code."""
    for chain_id in (LOCAL, 950327, PUBLIC):
        assert check_keys(sound, source_of(sound), chain_id, sound.keys) == []
        assert check_keys(sound, code_of(VerificationKey.read(sound.vkey)), chain_id, sound.keys) == []


@pytest.mark.parametrize("chain_id", [LOCAL, 950327])
@pytest.mark.parametrize("name", CIRCUITS)
def test_development_keys_are_accepted_on_local_chains(name: str, chain_id: int) -> None:
    """K10 the committed keys, verifiers and verification keys belong together and serve both local chains."""
    circuit = CIRCUITS[name]
    assert check_keys(circuit, verifier_path(circuit).read_text(), chain_id) == []
    assert check_keys(circuit, code_of(VerificationKey.read(circuit.vkey)), chain_id) == []


def test_development_keys_are_refused_elsewhere() -> None:
    """K10 on any other chain the committed keys are refused, for both their phases."""
    circuit = CIRCUITS["joinsplit"]
    key = VerificationKey.read(circuit.vkey)
    assert (key.alpha_1, key.beta_2) == (DEVELOPMENT_ALPHA_1, DEVELOPMENT_BETA_2)
    assert check_keys(circuit, code_of(key), PUBLIC) == [
        "joinsplit: joinsplit.zkey is made of beacons alone, which anybody can repeat: anyone can forge proofs",
        "joinsplit: joinsplit.zkey is made of the development phase 1: anyone can forge proofs",
    ]
    with pytest.raises(KeyCheckError, match=r"joinsplit: joinsplit\.zkey is made of beacons alone"):
        require_keys(circuit, code_of(key), PUBLIC)
    require_keys(circuit, code_of(key), LOCAL)


def test_beacons_alone(held: Ceremony, tmp_path: Path) -> None:
    """K10 keys of a good phase 1 but with a beacon alone in phase 2 are refused."""
    add_beacon(held.files[0], tmp_path / "beacon", BEACON, 10, quiet)
    circuit = held.with_zkey(tmp_path / "beacon", tmp_path / "keys")
    assert "is made of beacons alone" in problems(circuit, source_of(circuit))
    assert "beacons" not in problems(circuit, source_of(circuit), LOCAL)


def test_no_contribution(held: Ceremony, tmp_path: Path) -> None:
    """K10 keys that nobody contributed to are refused: their gamma and delta are the same point."""
    circuit = held.with_zkey(held.files[0], tmp_path / "keys")
    found = problems(circuit, source_of(circuit))
    assert "nobody contributed to tiny.zkey" in found
    assert "gamma and delta of tiny.zkey are the same" in found


@pytest.mark.parametrize(
    ("place", "point"),
    [
        (ALPHA_1, points(*DEVELOPMENT_ALPHA_1)),
        (BETA_2, points(*DEVELOPMENT_BETA_2[0], *DEVELOPMENT_BETA_2[1])),
    ],
    ids=["alpha", "beta"],
)
def test_development_phase1(sound: Circuit, place: int, point: bytes) -> None:
    """K10 contributions to phase 2 don't help keys whose phase 1 is the development one."""

    def put(content: bytearray, start: int) -> None:
        content[start + place : start + place + len(point)] = point

    key = changed(sound, put)
    assert key.alpha_1 == DEVELOPMENT_ALPHA_1 or key.beta_2 == DEVELOPMENT_BETA_2
    assert "is made of the development phase 1" in problems(sound, code_of(key))
    assert "phase 1" not in problems(sound, code_of(key), LOCAL)


def test_gamma_is_delta(sound: Circuit) -> None:
    """K10 keys whose gamma and delta are the same are refused."""

    def put(content: bytearray, start: int) -> None:
        content[start + DELTA_2 : start + DELTA_2 + 128] = content[start + GAMMA_2 : start + GAMMA_2 + 128]

    key = changed(sound, put)
    assert key.gamma_2 == key.delta_2
    assert "gamma and delta of tiny.zkey are the same" in problems(sound, code_of(key))
    assert "gamma" not in problems(sound, code_of(key), LOCAL)


def test_each_constant_must_stand_in_the_code(sound: Circuit) -> None:
    """K10 code that lacks any one of the key's constants is refused on every chain."""
    key = VerificationKey.read(sound.vkey)
    code = code_of(key)
    assert len(key.constants) == 14 + 2 * 4
    for name, value in key.constants.items():
        pushed = b"\x7f" + value.to_bytes(32)
        without = code.replace(pushed, b"\x7f" + (value ^ 1).to_bytes(32))
        assert problems(sound, without, LOCAL).endswith(f"the verifier's code lacks constants of tiny.zkey: {name}")
        within = code.replace(pushed, b"\x61" + pushed)  # the constant as data of another instruction
        assert name in problems(sound, within, LOCAL)


def test_source_must_be_the_generated_one(sound: Circuit) -> None:
    """K10 a verifier's source with any other character is refused, also beside code that has the constants."""
    source = source_of(sound)
    other = source.replace("gammax1 = ", "gammax1 = 1")
    assert "the verifier's source is not the one that tiny.zkey gives" in problems(sound, other, LOCAL)
    code = code_of(VerificationKey.read(sound.vkey))
    path = verifier_path(sound, sound.keys)
    path.write_text(source.replace("isValid := checkPairing", "isValid := 1 //"))
    assert problems(sound, code) == "tiny: TinyVerifier.sol is not the source that tiny.zkey gives"
    path.unlink()
    assert problems(sound, code) == "tiny: TinyVerifier.sol is not the source that tiny.zkey gives"


def test_verification_key_of_another_key(held: Ceremony, sound: Circuit) -> None:
    """K10 a verification key of another proving key is refused on every chain."""
    with opened(held.files[1]) as bundle:
        shutil.copyfile(bundle.zkeys["tiny"], sound.zkey)
    source = verifier_source(sound, sound.zkey)
    assert problems(sound, source, LOCAL) == "tiny: tiny.vkey.json is of another key than tiny.zkey"


def test_keys_of_another_circuit(sound: Circuit) -> None:
    """K10 keys for another number of public signals are refused on every chain."""
    larger = replace(sound, public_inputs=(Signal("sum"), Signal("more")))
    assert problems(larger, source_of(sound), LOCAL) == "tiny: tiny.zkey is for 3 public signals; the circuit has 4"


def test_pushed_constants() -> None:
    """K10 what an instruction pushes is told from what lies within another's data; code may end in the middle."""
    assert pushed_constants(bytes.fromhex("5f60016202000000")) == {1, 0x020000}
    assert pushed_constants(bytes.fromhex("61600160025b62ff")) == {0x6001, 2, 0xFF}


def cut(content: bytes) -> bytes:
    return content[:-1]


def other_magic(content: bytes) -> bytes:
    return b"none" + content[4:]


def many_sections(content: bytes) -> bytes:
    return content[:8] + b"\xff" * 4 + content[12:]


@pytest.mark.parametrize("damage", [cut, other_magic, many_sections, lambda content: b"", lambda content: content[:40]])
@pytest.mark.parametrize("kind", ["zkey", "ptau"])
def test_damaged_files(held: Ceremony, tmp_path: Path, kind: str, damage: Callable[[bytes], bytes]) -> None:
    """P9 keys and powers of tau that are cut off or of another kind are refused in one line."""
    path = tmp_path / f"damaged.{kind}"
    path.write_bytes(damage((held.circuit.zkey if kind == "zkey" else held.ptau).read_bytes()))
    with pytest.raises(FileError, match=r"damaged\.(zkey|ptau)"):
        ProvingKey.read(path) if kind == "zkey" else PowersOfTau.read(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x00\x00\x00\x00\x11\x01", b"\x02\x00\x00\x00\x11\x01"),
        (b"\x02\x0a\x03\x20", b"\x02\x19\x03\x20"),
        (b"\x02\x0a\x03\x20", b"\x04\x0a\x03\x20"),
        (b"\x02\x0a\x03\x20", b"\x02\x0a\x02\x20"),
    ],
    ids=["kind", "iterations", "unknown part", "order"],
)
def test_damaged_contributions(held: Ceremony, tmp_path: Path, old: bytes, new: bytes) -> None:
    """P9 contributions of an unknown kind, or with a beacon hashed too often, are refused."""
    content = held.circuit.zkey.read_bytes()
    if old[0] == 0:  # the first contributor's: kind, length of the details, name
        place = content.index(b"Ada -e=secret") - 10
        content = content[:place] + new[:4] + content[place + 4 :]
    else:
        assert content.count(old) == 1
        content = content.replace(old, new)
    path = tmp_path / "damaged.zkey"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"damaged\.zkey has a (contribution|beacon|damaged contribution)"):
        ProvingKey.read(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("protocol", "plonk"),
        ("curve", "bls12381"),
        ("nPublic", 4),
        ("IC", []),
        ("vk_alpha_1", ["1", "2", "0"]),
        ("vk_alpha_1", [str(BASE_MODULUS), "2", "1"]),
        ("vk_alpha_1", [1, 2, "1"]),
        ("vk_beta_2", [["1", "2"], ["3", "4"], ["0", "0"]]),
        ("vk_delta_2", None),
    ],
)
def test_damaged_verification_key(sound: Circuit, name: str, value: object) -> None:
    """P9 a verification key that is none is refused in one line."""
    content = json.loads(sound.vkey.read_text())
    content[name] = value
    sound.vkey.write_text(json.dumps(content))
    with pytest.raises(FileError, match="is no verification key"):
        check_keys(sound, b"", LOCAL, sound.keys)


def test_missing_keys(held: Ceremony, tmp_path: Path) -> None:
    """P9 keys that are not there are named."""
    with pytest.raises(FileError, match=r"tiny\.zkey can't be read: No such file"):
        check_keys(replace(held.circuit, keys=tmp_path), b"", LOCAL)
