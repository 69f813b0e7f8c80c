"""Who contributed what to a key ceremony, as a file for machines and as a text for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from offchain.errors import UserError
from offchain.zk.zkey import Contribution, ProvingKey

SHA256 = re.compile(r"[0-9a-f]{64}")
BLAKE2B = re.compile(r"[0-9a-f]{128}")


class TranscriptError(UserError):
    """Says in one line what is wrong with a ceremony's transcript."""


@dataclass(frozen=True)
class Step:
    """One contribution to all circuits' keys. `hashes` are by circuit, BLAKE2b-512 in hex."""

    name: str
    beacon: str | None
    iterations: int | None
    hashes: Mapping[str, str]

    @property
    def receipt(self) -> str:
        """One hash for the whole contribution: its contributor looks for it in the final transcript."""
        lines = (f"{circuit}:{hashed}\n" for circuit, hashed in sorted(self.hashes.items()))
        return sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Transcript:
    """What a ceremony's keys are made of, and by whom."""

    phase1: str
    """SHA-256 of the powers of tau."""
    power: int
    r1cs: Mapping[str, str]
    """SHA-256 of each compiled circuit."""
    circuit_hashes: Mapping[str, str]
    """What each key says of circuit and phase 1, BLAKE2b-512."""
    phase1_steps: tuple[Contribution, ...]
    steps: tuple[Step, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Transcript:
        """Raises TranscriptError if the text is no transcript."""
        try:
            content = json.loads(text)
            for hashed in (content["phase1"], *content["r1cs"].values()):
                _check(SHA256, hashed)
            for hashed in content["circuit_hashes"].values():
                _check(BLAKE2B, hashed)
            if not content["r1cs"] or list(content["r1cs"]) != list(content["circuit_hashes"]):
                raise ValueError("its circuits don't agree")
            phase1_steps = tuple(Contribution(**step) for step in content["phase1_steps"])
            steps = tuple(Step(**_without_receipt(step)) for step in content["steps"])
            names = [*(step.name for step in phase1_steps), *(step.name for step in steps)]
            if not all(name.isprintable() for name in names):
                raise ValueError("a name can't be printed")
            return cls(
                content["phase1"],
                int(content["power"]),
                content["r1cs"],
                content["circuit_hashes"],
                phase1_steps,
                steps,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TranscriptError(f"the ceremony's transcript is damaged ({error})") from error

    def dump(self) -> str:
        """The transcript as JSON."""
        content: dict[str, Any] = asdict(self)
        content["steps"] = [asdict(step) | {"receipt": step.receipt} for step in self.steps]
        return json.dumps(content, indent=2) + "\n"

    def text(self) -> str:
        """The transcript for people."""
        lines = ["Key ceremony of Enhanced Open MG", "", f"Phase 1: powers of tau up to 2^{self.power}"]
        lines.append(f"  SHA-256 {self.phase1}")
        lines += [
            f"  {number}. {_who(step.name, step.beacon, step.iterations)}"
            for number, step in enumerate(self.phase1_steps, 1)
        ]
        lines += ["", "Phase 2: compiled circuits (SHA-256)"]
        lines += [f"  {name:12} {hashed}" for name, hashed in self.r1cs.items()]
        for number, step in enumerate(self.steps, 1):
            lines += ["", f"{number}. {_who(step.name, step.beacon, step.iterations)}", f"  receipt {step.receipt}"]
            for circuit, hashed in step.hashes.items():
                lines += [f"  {circuit:12} {hashed[:64]}", f"  {'':12} {hashed[64:]}"]
        return "\n".join([*lines, ""])

    def check(self, keys: Mapping[str, ProvingKey]) -> None:
        """Raises TranscriptError unless it says of the keys, by circuit, what they say of themselves."""
        if list(keys) != list(self.r1cs):
            raise TranscriptError("the transcript is of other circuits than the keys")
        for name, key in keys.items():
            if key.circuit_hash != self.circuit_hashes[name]:
                raise TranscriptError(f"the key of {name} is of another circuit or phase 1 than the transcript says")
        if steps_of(keys) != self.steps:
            raise TranscriptError("the transcript lists other contributions than the keys have")


def steps_of(keys: Mapping[str, ProvingKey]) -> tuple[Step, ...]:
    """The contributions that keys have in common. Raises TranscriptError if one of them has others."""
    histories = [[(one.name, one.beacon, one.iterations) for one in key.contributions] for key in keys.values()]
    if any(history != histories[0] for history in histories):
        raise TranscriptError("the circuits' keys have different contributions")
    return tuple(
        Step(*histories[0][index], {name: key.contributions[index].hash for name, key in keys.items()})
        for index in range(len(histories[0]))
    )


def _check(shape: re.Pattern[str], hashed: Any) -> None:
    if not isinstance(hashed, str) or not shape.fullmatch(hashed):
        raise ValueError(f"{hashed!r} is no hash")


def _without_receipt(step: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key != "receipt"}


def _who(name: str, beacon: str | None, iterations: int | None) -> str:
    return f"{name or 'unnamed'}: beacon {beacon}, hashed 2^{iterations} times" if beacon else name or "unnamed"
