"""Rows of what the model chain's registry, its challenges and the market for forecasts log."""

from __future__ import annotations

from offchain.indexer import tables
from offchain.indexer.entry import Columns, Entry, Takings


def _header(entry: Entry) -> Columns:
    header = entry.arguments["header"]
    return {
        "number": header["number"],
        "hash": entry.arguments["hash"],
        "previous": header["prevHash"],
        "round": header["round"],
        "weights_root": header["weightsRoot"],
        "weight_hash": header["weightHash"],
        "testset_hash": header["testsetHash"],
        "participant_hash": header["participantHash"],
        "born": header["timestamp"],
        "loss_before": header["lossBefore"],
        "loss_after": header["lossAfter"],
        "accepted": header["accepted"],
    }


def _requested(entry: Entry) -> Columns:
    order = entry.arguments["order"]
    told = {name: order[name] for name in ("kind", "asset", "payment")}
    model = None if order["latest"] else order["model"]
    return {**_happened(entry), "model": model, **told}


def _answered(entry: Entry) -> Columns:
    answer = entry.arguments["answerHash"].to_bytes(32, "big")
    return {**_happened(entry), "model": entry.arguments["model"], "answer_hash": answer}


def _happened(entry: Entry) -> Columns:
    return {"request": entry.arguments["id"], "happened": entry.event.name}


def _demand(entry: Entry) -> Columns:
    place = {name: entry.arguments[name] for name in ("kind", "subject", "chunk", "place")}
    return {"happened": entry.event.name, **place}


MODELS: Takings = {"HeaderAppended": (tables.headers, _header)}
MARKET: Takings = {
    "Requested": (tables.inference, _requested),
    "Answered": (tables.inference, _answered),
    **{name: (tables.inference, _happened) for name in ("Disputed", "NodePaid", "Refunded", "NodeConvicted")},
}
DEMANDS: Takings = {
    name: (tables.demands, _demand) for name in ("Demanded", "Answered", "DemandReleased", "FaultProven")
}
