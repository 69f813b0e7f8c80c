"""Powers of tau: the first phase of a key ceremony, one for all circuits. Source: snarkjs, powersoftau_utils.js."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from offchain.zk.sections import BASE_MODULUS, FileError, Reader, SectionedFile, digest
from offchain.zk.zkey import MOST_CONTRIBUTIONS, Contribution, described

POINTS_OF_CONTRIBUTION = 64 + 128 + 64 + 64 + 128 + 6 * 64 + 3 * 128
PARTIAL_HASH = 216
LEAST_POWER, MOST_POWER = 1, 28


@dataclass(frozen=True)
class PowersOfTau:
    """What a .ptau file says of itself."""

    path: Path
    power: int
    """Keys of circuits with up to 2^power constraints can be made of it."""
    prepared: bool
    """Whether a second phase can begin with it."""
    contributions: tuple[Contribution, ...]
    """Each one's hash is that of the challenge for the next."""

    @classmethod
    def read(cls, path: Path) -> PowersOfTau:
        """Raises FileError if the file is no .ptau file over BN254, or damaged in these parts."""
        file = SectionedFile.open(path, b"ptau")
        header = file.read(1)
        if header.number(header.number()) != BASE_MODULUS:
            raise FileError(f"{path} is not over BN254")
        power = header.number()
        if not LEAST_POWER <= power <= MOST_POWER:
            raise FileError(f"{path} claims a power of {power}")
        return cls(path, power, 12 in file.sections, tuple(_contributions(file.read(7))))

    @property
    def forgeable(self) -> bool:
        """Whether nobody contributed a secret: whoever repeats the beacons can forge with any key made of it."""
        return all(contribution.beacon is not None for contribution in self.contributions)


def _contributions(history: Reader) -> Iterator[Contribution]:
    count = history.number()
    if count > MOST_CONTRIBUTIONS:
        raise FileError(f"{history.path} claims {count} contributions")
    for _ in range(count):
        history.take(POINTS_OF_CONTRIBUTION + PARTIAL_HASH)
        challenge = history.take(64).hex()
        kind = history.number()
        yield described(challenge, kind, Reader(history.take(history.number()), history.path))


def pinned(path: Path, sha256: str, power: int) -> PowersOfTau:
    """The powers of tau, if they are those with that hash, prepared, and enough for that power. Raises FileError."""
    found = digest(path)
    if found != sha256.lower():
        raise FileError(f"{path} has the SHA-256 {found}, not {sha256}: don't use it")
    powers = PowersOfTau.read(path)
    if powers.power < power:
        raise FileError(f"{path} is for circuits up to 2^{powers.power} constraints; 2^{power} are needed")
    if not powers.prepared:
        raise FileError(f"{path} is not prepared for phase 2: run `ape run ceremony phase1 prepare` on it")
    return powers
