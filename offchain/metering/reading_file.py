"""One meter's reading of an epoch with its path, as the operator hands it to the meter's owner: a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from offchain.errors import UserError
from offchain.metering.readings_tree import DEPTH, EPOCH_LIMIT, READING_LIMIT, Reading, ReadingPath
from offchain.zk.field import MODULUS

LARGEST_FILE = 65_536


class ReadingFileError(UserError):
    """Says in one line why a file is no reading."""


@dataclass(frozen=True)
class ReadingFile:
    """A reading in Wh and what proves it against the published root of the microgrid's epoch."""

    microgrid: int
    epoch: int
    reading: Reading
    path: ReadingPath

    def to_json(self) -> str:
        """One line; commitment and hashes are hexadecimal strings."""
        siblings = zip(self.path.hashes, self.path.exported, self.path.imported, strict=True)
        content = {
            "microgrid": self.microgrid,
            "epoch": self.epoch,
            "commitment": hex(self.reading.commitment),
            "exported": self.reading.exported,
            "imported": self.reading.imported,
            "index": self.path.index,
            "siblings": [
                {"hash": hex(node), "exported": exported, "imported": imported} for node, exported, imported in siblings
            ],
        }
        return json.dumps(content)

    @classmethod
    def parse(cls, text: str | bytes) -> ReadingFile:
        """The reading of a file. Raises ReadingFileError. Whether it was published is for `verify_reading` to say."""
        try:
            if len(text) > LARGEST_FILE:
                raise ValueError("it is too large")
            content = json.loads(text)
            siblings = content["siblings"]
            if len(siblings) != DEPTH:
                raise ValueError(f"it has {len(siblings)} siblings, not {DEPTH}")
            commitment = _field_element(content["commitment"])
            exported, imported = (_count(content[name], READING_LIMIT) for name in ("exported", "imported"))
            path = ReadingPath(
                _count(content["index"], 1 << DEPTH),
                [_field_element(sibling["hash"]) for sibling in siblings],
                [_count(sibling["exported"], READING_LIMIT << DEPTH) for sibling in siblings],
                [_count(sibling["imported"], READING_LIMIT << DEPTH) for sibling in siblings],
            )
            microgrid, epoch = (_count(content[name], EPOCH_LIMIT) for name in ("microgrid", "epoch"))
        except KeyError as error:
            raise ReadingFileError(f"this is no reading: it lacks {error}") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise ReadingFileError(f"this is no reading: {' '.join(str(error).split())[:100]}") from error
        return cls(microgrid, epoch, Reading(commitment, exported, imported), path)


def _count(value: Any, limit: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise ValueError("a number is out of range")
    return value


def _field_element(value: Any) -> int:
    number = int(value, 16) if isinstance(value, str) and len(value) <= 66 else -1
    if not 0 <= number < MODULUS:
        raise ValueError("a hash is out of range")
    return number
