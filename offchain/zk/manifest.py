"""The manifest of a set of keys: hashes of every file, and who contributed. `circuits/keys/manifest.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from offchain.errors import UserError
from offchain.zk.circuits import KEYS, Circuit
from offchain.zk.compiler import Compiled
from offchain.zk.sections import digest
from offchain.zk.signals import VERIFIERS
from offchain.zk.transcript import Transcript
from offchain.zk.verifier import verifier_path

NAME = "manifest.json"
DEVELOPMENT = (
    "DEVELOPMENT KEYS. They are made of public texts: anyone can forge proofs with them. Never use them for value."
)
CEREMONY = "Keys of a ceremony; transcript.txt says who contributed. One honest contributor to each phase is enough."
SHA256 = re.compile(r"[0-9a-f]{64}")


class ManifestError(UserError):
    """Says in one line why a manifest can't be used, or what differs from it."""


@dataclass(frozen=True)
class Hashes:
    """SHA-256 of a circuit's files, in hex."""

    r1cs: str
    wasm: str
    zkey: str
    vkey: str
    verifier: str


@dataclass(frozen=True)
class Manifest:
    """What a set of keys is made of. `transcript` is the ceremony's."""

    statement: str
    transcript: Transcript
    circuits: Mapping[str, Hashes]

    @classmethod
    def read(cls, folder: Path = KEYS) -> Manifest:
        """Raises ManifestError if there is none in the folder, or it is damaged."""
        path = folder / NAME
        try:
            content = json.loads(path.read_text())
            circuits = {name: Hashes(**hashes) for name, hashes in content["circuits"].items()}
            if not all(SHA256.fullmatch(one) for hashes in circuits.values() for one in asdict(hashes).values()):
                raise ValueError("a hash is none")
            return cls(str(content["statement"]), Transcript.parse(json.dumps(content["transcript"])), circuits)
        except OSError as error:
            raise ManifestError(f"the keys' manifest can't be read: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ManifestError(f"{path} is no manifest of keys ({error})") from error

    def write(self, folder: Path) -> None:
        """Writes the manifest into a folder."""
        content: dict[str, Any] = {
            "statement": self.statement,
            "circuits": {name: asdict(hashes) for name, hashes in self.circuits.items()},
            "transcript": json.loads(self.transcript.dump()),
        }
        (folder / NAME).write_text(json.dumps(content, indent=2) + "\n")

    def build_problems(self, compiled: Sequence[Compiled]) -> Iterator[str]:
        """What differs between the compiled circuits and those that the keys were made of."""
        for name in set(self.circuits) ^ {one.circuit.name for one in compiled}:
            yield f"{name} is not both a circuit and in the keys' manifest"
        for one in compiled:
            known = self.circuits.get(one.circuit.name)
            for kind in ("r1cs", "wasm") if known else ():
                if digest(getattr(one, kind)) != getattr(known, kind):
                    yield f"{one.circuit.name} compiles to another {kind} than its keys were made of"

    def file_problems(self, circuits: Sequence[Circuit], verifiers: Path = VERIFIERS) -> Iterator[str]:
        """Which files of the keys, or verifiers, are missing or not those of the manifest."""
        for circuit in circuits:
            known = self.circuits.get(circuit.name)
            for kind, path in files_of(circuit, verifiers).items() if known else ():
                if not path.exists():
                    yield f"{path.name} is missing"
                elif digest(path) != getattr(known, kind):
                    yield f"{path.name} is not the one of the manifest"


def files_of(circuit: Circuit, verifiers: Path) -> dict[str, Path]:
    """A circuit's committed files, by their names in `Hashes`."""
    return {
        "wasm": circuit.wasm,
        "zkey": circuit.zkey,
        "vkey": circuit.vkey,
        "verifier": verifier_path(circuit, verifiers),
    }
