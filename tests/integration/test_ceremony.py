"""The key ceremony from its first file to keys that prove, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from offchain.errors import UserError
from offchain.zk import development
from offchain.zk.bundle import Bundle, BundleError, opened, write
from offchain.zk.ceremony import (
    CeremonyError,
    add_beacon,
    beacon_phase1,
    contribute,
    contribute_phase1,
    export,
    new_phase1,
    prepare_phase1,
    start,
    verify,
    verify_phase1,
)
from offchain.zk.development import make_development_keys
from offchain.zk.manifest import CEREMONY, DEVELOPMENT, Manifest
from offchain.zk.ptau import PowersOfTau
from offchain.zk.sections import FileError, digest
from offchain.zk.snarkjs import SnarkjsError, snarkjs
from offchain.zk.transcript import Transcript, TranscriptError
from offchain.zk.zkey import ProvingKey, VerificationKey
from scripts.ceremony import cli
from tests.tiny import BEACON, NAMES, POWER, Ceremony, ceremony, quiet


@pytest.fixture(scope="module")
def held() -> Ceremony:
    """A ceremony with two contributors and a beacon."""
    return ceremony()


def check(held: Ceremony, source: Path, receipts: tuple[str, ...] = ()) -> Transcript:
    return verify(source, held.compiled, held.ptau, held.sha256, receipts, quiet)


def test_whole_chain_is_verified(held: Ceremony) -> None:
    """K5 two contributors and a beacon: the chain holds, and everyone's receipt is in it."""
    transcript = check(held, held.files[-1], tuple(step.receipt for step in held.steps))
    assert transcript.steps == held.steps
    assert [step.name for step in transcript.steps] == [*NAMES, "beacon"]
    assert [step.beacon for step in transcript.steps] == [None, None, BEACON]
    assert [(step.name, step.beacon) for step in transcript.phase1_steps] == [(NAMES[0], None), ("beacon", BEACON)]
    assert len({step.receipt for step in held.steps}) == 3


def test_hashes_are_those_of_snarkjs(held: Ceremony) -> None:
    """K5 the transcript's hashes are the ones that snarkjs shows for the same key."""
    (compiled,) = held.compiled
    shown = snarkjs("zkey", "verify", compiled.r1cs, held.ptau, held.circuit.zkey)
    words = ["".join(block.split()) for block in re.findall(r"contribution #\d.*\n((?:\s+[0-9a-f ]+\n){4})", shown)]
    assert words[::-1] == [step.hashes["tiny"] for step in held.steps]


def test_a_ceremony_without_end_can_be_verified(held: Ceremony) -> None:
    """K5 a contributor can verify what comes in before adding to it."""
    assert check(held, held.files[1]).steps == held.steps[:1]


def test_keys_prove(held: Ceremony, tmp_path: Path) -> None:
    """K6 a proof made with the exported key and witness generator holds against the exported verification key."""
    inputs, witness, proof, public = (tmp_path / name for name in ("input.json", "w.wtns", "proof.json", "public.json"))
    inputs.write_text(json.dumps({"sum": 7, "a": 3, "b": 4}))
    snarkjs("wtns", "calculate", held.circuit.wasm, inputs, witness)
    snarkjs("groth16", "prove", held.circuit.zkey, witness, proof, public)
    assert json.loads(public.read_text()) == ["12", "9", "7"]
    snarkjs("groth16", "verify", held.circuit.vkey, public, proof)
    public.write_text('["12", "9", "8"]')
    with pytest.raises(SnarkjsError, match="Invalid proof"):
        snarkjs("groth16", "verify", held.circuit.vkey, public, proof)


def test_export_is_described_by_its_manifest(held: Ceremony) -> None:
    """K6 the export's manifest has the hash of each of its files and the transcript."""
    manifest = Manifest.read(held.keys)
    assert manifest.statement == CEREMONY
    assert manifest.transcript.steps == held.steps
    assert list(manifest.build_problems(held.compiled)) == []
    assert list(manifest.file_problems([held.circuit], held.keys)) == []
    assert ProvingKey.read(held.circuit.zkey).key == VerificationKey.read(held.circuit.vkey)
    assert manifest.transcript.text() == (held.keys / "transcript.txt").read_text()
    assert all(step.receipt in manifest.transcript.text() for step in held.steps)


def test_secrets_stand_on_no_command_line(held: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K7 what a contributor puts in is typed into the tool, not named on its command line, and is new each time."""
    run, seen = subprocess.run, []

    def watched(command: list[str], **options: Any) -> Any:
        seen.append((command, options["input"]))
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    contribute(held.files[0], tmp_path / "1", "Ada", quiet)
    contribute_phase1(held.phase1[0], tmp_path / "2", "Ada")
    typed = [answer for _, answer in seen]
    assert all(re.fullmatch(r"[0-9a-f]{128}\n", answer) for answer in typed)
    assert len(set(typed)) == len(typed) == 2
    assert not any(answer.strip() in word for command, answer in seen for word in command)


def test_each_contribution_changes_the_keys(held: Ceremony, tmp_path: Path) -> None:
    """K5 the same step taken twice gives different keys; a beacon gives the same."""
    one, two = (contribute(held.files[0], tmp_path / name, "Ada", quiet) for name in "12")
    assert one.hashes != two.hashes
    assert add_beacon(held.files[2], tmp_path / "3", "0x" + BEACON.upper(), 10, quiet) == held.steps[2]
    assert check(held, tmp_path / "3").steps == held.steps


def test_phase1_is_verified(held: Ceremony, tmp_path: Path) -> None:
    """K5 the contributions to phase 1 can be checked; a changed one is found."""
    assert verify_phase1(held.ptau).power == POWER
    content = bytearray(held.phase1[1].read_bytes())
    content[200] ^= 1
    broken = tmp_path / "broken.ptau"
    broken.write_bytes(content)
    with pytest.raises(SnarkjsError):
        verify_phase1(broken)


def test_wrong_hash_or_size_of_phase1(held: Ceremony, tmp_path: Path) -> None:
    """K8 powers of tau with another hash, too small, or not prepared are refused, at the start and in the end."""
    output = tmp_path / "0.ceremony"
    with pytest.raises(FileError, match=f"has the SHA-256 {held.sha256}, not {'0' * 64}: don't use it"):
        start(held.compiled, held.ptau, "0" * 64, output, quiet)
    with pytest.raises(FileError, match="don't use it"):
        verify(held.files[-1], held.compiled, held.ptau, "0" * 64, (), quiet)
    unprepared = held.phase1[2]
    with pytest.raises(FileError, match="is not prepared for phase 2"):
        start(held.compiled, unprepared, digest(unprepared), output, quiet)
    (one,) = held.compiled
    larger = [replace(one, system=replace(one.system, constraints=2**POWER))]
    with pytest.raises(FileError, match=rf"is for circuits up to 2\^{POWER} constraints; 2\^{POWER + 1} are needed"):
        start(larger, held.ptau, held.sha256, output, quiet)
    assert not output.exists()


def test_phase1_that_anyone_can_repeat(held: Ceremony, tmp_path: Path) -> None:
    """K8 a phase 1 without a secret contribution is refused; with other powers of tau, a chain doesn't verify."""
    beaconed, prepared, output = tmp_path / "1.ptau", tmp_path / "2.ptau", tmp_path / "0.ceremony"
    beacon_phase1(held.phase1[0], beaconed, BEACON, 10)
    sha256 = prepare_phase1(beaconed, prepared)
    with pytest.raises(CeremonyError, match="nobody contributed a secret to"):
        start(held.compiled, prepared, sha256, output, quiet)
    with pytest.raises(CeremonyError, match="was begun with other powers of tau"):
        verify(held.files[-1], held.compiled, prepared, sha256, (), quiet)


def edited(held: Ceremony, path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The final file with a changed transcript."""
    with zipfile.ZipFile(held.files[-1]) as archive:
        content = json.loads(archive.read("transcript.json"))
        zkey = archive.read("tiny.zkey")
    change(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("transcript.json", json.dumps(content))
        archive.writestr("tiny.zkey", zkey)
    return path


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: content["steps"].pop(), "lists other contributions than the keys have"),
        (lambda content: content["steps"][0].update(name="Eve"), "lists other contributions than the keys have"),
        (lambda content: content["steps"][0]["hashes"].update(tiny="0" * 128), "lists other contributions"),
        (lambda content: content["steps"][2].update(iterations=11), "lists other contributions"),
        (lambda content: content["circuit_hashes"].update(tiny="0" * 128), "is of another circuit or phase 1"),
        (lambda content: content.update(phase1="0" * 64), "was begun with other powers of tau"),
        (lambda content: content.update(power=5), "was begun with other powers of tau"),
        (lambda content: content["phase1_steps"].pop(), "lists other contributions to phase 1"),
        (lambda content: content["r1cs"].update(tiny="0" * 64), "is of other circuits than those of this folder"),
        (lambda content: content["r1cs"].update(other="0" * 64), "its circuits don't agree"),
        (lambda content: content["phase1_steps"][0].update(name="\x1b[2J"), "a name can't be printed"),
        (lambda content: content.pop("steps"), "the ceremony's transcript is damaged"),
        (lambda content: content["steps"][0].update(extra=1), "the ceremony's transcript is damaged"),
    ],
)
def test_tampered_transcript(
    held: Ceremony, tmp_path: Path, change: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    """K9 P9 a transcript that says anything else than the keys and powers of tau is found."""
    with pytest.raises(UserError, match=problem):
        check(held, edited(held, tmp_path / "edited", change))


def test_tampered_key(held: Ceremony, tmp_path: Path) -> None:
    """K9 a key with one other byte among its points doesn't verify, whatever the transcript says."""
    with opened(held.files[-1]) as bundle:
        content = bytearray(bundle.zkeys["tiny"].read_bytes())
        content[-2_000] ^= 1
        changed = tmp_path / "changed.zkey"
        changed.write_bytes(content)
        write(tmp_path / "changed", Bundle(bundle.transcript, {"tiny": changed}))
    with pytest.raises(UserError):
        check(held, tmp_path / "changed")


def test_key_of_another_chain(held: Ceremony, tmp_path: Path) -> None:
    """K9 a key with contributions swapped in from another ceremony doesn't go with the transcript."""
    contribute(held.files[0], tmp_path / "other", "Ada", quiet)
    with opened(held.files[1]) as ours, opened(tmp_path / "other") as other:
        write(tmp_path / "mixed", Bundle(ours.transcript, other.zkeys))
    with pytest.raises(TranscriptError, match="lists other contributions than the keys have"):
        check(held, tmp_path / "mixed")


def test_missing_receipt(held: Ceremony) -> None:
    """K9 who looks for a contribution that isn't there is told."""
    with pytest.raises(CeremonyError, match=f"no contribution has the receipt {'1' * 64}"):
        check(held, held.files[-1], (held.steps[0].receipt.upper(), "1" * 64))


def test_other_circuits(held: Ceremony, tmp_path: Path) -> None:
    """K9 keys of other circuits than this folder's are neither verified nor exported."""
    (one,) = held.compiled
    other = tmp_path / "other.r1cs"
    other.write_bytes(one.r1cs.read_bytes() + b"\0")
    changed = [replace(one, r1cs=other)]
    with pytest.raises(CeremonyError, match="is of other circuits"):
        verify(held.files[-1], changed, held.ptau, held.sha256, (), quiet)
    with pytest.raises(CeremonyError, match="is of other circuits"):
        export(held.files[-1], changed, tmp_path / "keys", quiet)


def test_nothing_after_a_beacon_and_no_empty_export(held: Ceremony, tmp_path: Path) -> None:
    """K5 P9 a ceremony that has ended takes no more; one without contributions gives no keys."""
    with pytest.raises(CeremonyError, match="ends with a beacon: the ceremony is over"):
        contribute(held.files[-1], tmp_path / "more", "Eve", quiet)
    with pytest.raises(CeremonyError, match="nobody contributed to"):
        export(held.files[0], held.compiled, tmp_path / "keys", quiet)


def test_wrong_files(held: Ceremony, tmp_path: Path) -> None:
    """P9 files of another kind, cut off or missing are named; nothing is overwritten."""
    output, cut = tmp_path / "out", tmp_path / "cut"
    cut.write_bytes(held.files[1].read_bytes()[:3_000])
    for wrong in (held.ptau, cut, tmp_path / "missing", tmp_path):
        with pytest.raises(BundleError, match=re.escape(str(wrong))):
            contribute(wrong, output, "Ada", quiet)
    with pytest.raises(FileError, match=r"is no \.ptau file"):
        contribute_phase1(held.files[0], output, "Ada")
    with pytest.raises(FileError, match=r"is no \.ptau file"):
        start(held.compiled, held.circuit.zkey, digest(held.circuit.zkey), output, quiet)
    with pytest.raises(BundleError, match="is there already: name another file"):
        contribute(held.files[0], held.files[1], "Ada", quiet)
    with pytest.raises(BundleError, match="is there already: name another file"):
        new_phase1(held.phase1[0], 4)
    with pytest.raises(BundleError, match="is no folder"):
        new_phase1(tmp_path / "no" / "folder.ptau", 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut"]


def test_bundle_with_other_entries(held: Ceremony, tmp_path: Path) -> None:
    """P9 an archive with more, or other, entries than its transcript names is refused before it is unpacked."""
    extra = tmp_path / "extra"
    shutil.copyfile(held.files[1], extra)
    with zipfile.ZipFile(extra, "a") as archive:
        archive.writestr("../escaped", "x")
    with pytest.raises(BundleError, match="doesn't hold what its transcript says"):
        contribute(extra, tmp_path / "out", "Ada", quiet)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[2J", "x" * 65, "김" * 22])
def test_names(held: Ceremony, tmp_path: Path, name: str) -> None:
    """P9 a name that can't stand in a transcript is refused."""
    with pytest.raises(CeremonyError, match="a name has 1 to 64 bytes"):
        contribute(held.files[0], tmp_path / "out", name, quiet)
    with pytest.raises(CeremonyError, match="a name has 1 to 64 bytes"):
        contribute_phase1(held.phase1[0], tmp_path / "out", name)


@pytest.mark.parametrize(
    ("beacon", "iterations"), [("ab", 10), ("x" * 64, 10), (BEACON + "a", 10), (BEACON, 9), (BEACON, 25)]
)
def test_beacons(held: Ceremony, tmp_path: Path, beacon: str, iterations: int) -> None:
    """P9 a beacon that is too short, no hex, or hashed too little or too often is refused."""
    with pytest.raises(CeremonyError, match="a beacon"):
        add_beacon(held.files[0], tmp_path / "out", beacon, iterations, quiet)
    with pytest.raises(CeremonyError, match="a beacon"):
        beacon_phase1(held.phase1[0], tmp_path / "out", beacon, iterations)


def test_powers(tmp_path: Path) -> None:
    """P9 a power that no tool can make is refused."""
    for power in (0, 29):
        with pytest.raises(CeremonyError, match="the power must be 1 to 28"):
            new_phase1(tmp_path / "0.ptau", power)


def test_development_keys_are_the_same_each_time(held: Ceremony, tmp_path: Path) -> None:
    """K3 two makings of development keys agree in each byte; phase 1 is made once and known again."""
    kept = tmp_path / "kept"
    made = [make_development_keys(held.compiled, tmp_path / name, tmp_path / name, quiet, kept) for name in "12"]
    assert made[0] == made[1]
    assert made[0].statement == DEVELOPMENT
    assert {path.name: digest(path) for path in (tmp_path / "1").iterdir()} == {
        path.name: digest(path) for path in (tmp_path / "2").iterdir()
    }
    (phase1,) = kept.iterdir()
    assert PowersOfTau.read(phase1).forgeable


def test_other_development_phase1_is_not_used(held: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K3 powers of tau under the name of the development ones are made anew, and must come out with the known hash."""
    power = held.compiled[0].system.power
    path = tmp_path / f"development_{power}.ptau"
    shutil.copyfile(held.ptau, path)
    assert development.development_phase1(power, quiet, tmp_path) == path
    assert digest(path) != held.sha256
    monkeypatch.setitem(development.PHASE1_SHA256, power, "0" * 64)
    with pytest.raises(FileError, match="came out with the SHA-256"):
        development.development_phase1(power, quiet, tmp_path)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def test_commands(held: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K5 the commands lead from an empty folder to keys, as their help says."""
    monkeypatch.setattr("scripts.ceremony.circuits", lambda progress: held.compiled)
    powers = [tmp_path / f"{number}.ptau" for number in range(4)]
    assert run("phase1", "new", "--power", "3", powers[0]).exit_code == 0
    assert run("phase1", "contribute", powers[0], powers[1], "--name", "Ada").exit_code == 0
    assert run("phase1", "beacon", powers[1], powers[2], "--beacon", BEACON).exit_code == 0
    prepared = run("phase1", "prepare", powers[2], powers[3])
    sha256 = prepared.output.split()[-1]
    assert sha256 == digest(powers[3])
    assert "1. Ada\n2. beacon, beacon abab" in run("phase1", "verify", powers[3]).output
    files = [tmp_path / f"{number}.ceremony" for number in range(3)]
    assert run("start", "--ptau", powers[3], "--sha256", sha256, files[0]).exit_code == 0
    contributed = run("contribute", files[0], files[1], "--name", "Ada")
    receipt = contributed.output.split()[-1]
    assert run("beacon", files[1], files[2], "--beacon", BEACON).exit_code == 0
    verified = run("verify", files[2], "--ptau", powers[3], "--sha256", sha256, "--receipt", receipt)
    assert f"{files[2]}: in order\n" in verified.output
    assert "Warning" not in verified.output
    assert receipt in run("transcript", files[2]).output
    assert Transcript.parse(run("transcript", "--json", files[2]).output).steps[0].receipt == receipt
    assert run("export", files[2], tmp_path / "keys").exit_code == 0
    assert Manifest.read(tmp_path / "keys").transcript.steps[0].receipt == receipt
    refused = run("contribute", files[2], tmp_path / "more", "--name", "Eve")
    assert refused.exit_code == 1
    assert refused.output.endswith(f"Error: {files[2]} ends with a beacon: the ceremony is over\n")


def test_verify_warns_of_keys_without_secret(held: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K8 verifying a chain of beacons alone says that anyone can forge with its keys."""
    monkeypatch.setattr("scripts.ceremony.circuits", lambda progress: held.compiled)
    add_beacon(held.files[0], tmp_path / "1", BEACON, 10, quiet)
    shown = run("verify", tmp_path / "1", "--ptau", held.ptau, "--sha256", held.sha256)
    assert shown.exit_code == 0, shown.output
    assert "Warning: nobody contributed a secret" in shown.output


def test_help_teaches_the_flow() -> None:
    """K5 the help names every command, in the order of their use."""
    shown = run("--help").output
    assert isinstance(cli, click.Group)
    assert all(name in shown for name in cli.commands)
    places = [shown.index(word) for word in ("1. Phase 1", "start --ptau", "contribute 0.ceremony", "verify final")]
    assert places == sorted(places)
