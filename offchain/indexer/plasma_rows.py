"""Rows of what the plasma chain's contracts on the root chain log."""

from __future__ import annotations

from offchain.indexer import tables
from offchain.indexer.entry import Columns, Entry, Takings


def _checkpoint(entry: Entry) -> Columns:
    submission = entry.arguments["submission"]
    checkpoint = submission["checkpoint"]
    return {
        "epoch": checkpoint["epoch"],
        "hash": entry.arguments["hash"],
        "start": checkpoint["start"],
        "end": checkpoint["end"],
        "blocks_root": checkpoint["blocksRoot"],
        "exit_root": checkpoint["exitRoot"],
        "state_root": checkpoint["lastStateRoot"],
        "exits": checkpoint["exitCount"],
        "signers": submission["signers"].bit_count(),
    }


def _finalised(entry: Entry) -> Columns:
    return {"verdict": "finalised", "epoch": entry.arguments["epoch"]}


def _voided(entry: Entry) -> Columns:
    return {"verdict": "voided", "epoch": entry.arguments["epoch"]}


def _halted(entry: Entry) -> Columns:
    return {"verdict": "halted", "epoch": entry.arguments["finalEpoch"]}


def _fault(entry: Entry) -> Columns:
    arguments = entry.arguments
    return {"happened": entry.event.name, "fault": arguments.get("fault"), "until": arguments.get("until")}


def _started(entry: Entry) -> Columns:
    exit_ = entry.arguments["exit"]
    return {"side": "started", "exit": entry.arguments["key"], "asset": exit_["asset"], "amount": exit_["amount"]}


def _released(entry: Entry) -> Columns:
    key, asset, amount = (entry.arguments[name] for name in ("key", "asset", "amount"))
    return {"side": "released", "exit": key, "asset": asset, "amount": amount}


ROOT: Takings = {
    "CheckpointSubmitted": (tables.checkpoints, _checkpoint),
    "CheckpointFinalised": (tables.verdicts, _finalised),
    "CheckpointsVoided": (tables.verdicts, _voided),
    "Halted": (tables.verdicts, _halted),
    "Frozen": (tables.faults, _fault),
}
CHALLENGES: Takings = {
    "FaultProven": (tables.faults, _fault),
    "EquivocationProven": (tables.faults, _fault),
}
VAULT: Takings = {"ExitStarted": (tables.exits, _started), "ExitReleased": (tables.exits, _released)}
