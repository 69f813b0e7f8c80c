"""Rows of what the registry of meters logs."""

from __future__ import annotations

from offchain.indexer import tables
from offchain.indexer.entry import Columns, Entry, Takings


def _microgrid(entry: Entry) -> Columns:
    rules = entry.arguments["rules"]
    number, token = entry.arguments["microgrid"], entry.arguments["token"]
    return {"microgrid": number, "token": token, "epoch_length": rules["epochLength"]}


def _meter(entry: Entry) -> Columns:
    number, capacity = entry.arguments["microgrid"], entry.arguments["capacity"]
    last = entry.last(tables.meters, contract=entry.event.contract, microgrid=number)
    count, total = (last.meters_total, last.capacity_total) if last else (0, 0)
    added = entry.event.name == "MeterRegistered"
    return {
        "microgrid": number,
        "side": "add" if added else "remove",
        "meters_total": count + (1 if added else -1),
        "capacity_total": total + (capacity if added else -capacity),
    }


def _published(entry: Entry) -> Columns:
    number, epoch = entry.arguments["microgrid"], entry.arguments["epoch"]
    same = {"contract": entry.event.contract, "microgrid": number}
    last, corrected = entry.last(tables.published, **same), entry.last(tables.published, **same, epoch=epoch)
    sums = {name: entry.arguments[name] for name in ("exported", "imported")}
    totals = {
        f"{name}_total": sums[name]
        + (getattr(last, f"{name}_total") if last else 0)
        - (getattr(corrected, name) if corrected else 0)
        for name in sums
    }
    root = entry.arguments["readingsRoot"].to_bytes(32, "big")
    return {"microgrid": number, "epoch": epoch, "root": root, "data_hash": entry.arguments["dataHash"]} | sums | totals


REGISTRY: Takings = {
    "MicrogridChanged": (tables.microgrids, _microgrid),
    "MeterRegistered": (tables.meters, _meter),
    "MeterRemoved": (tables.meters, _meter),
    "ReadingsPublished": (tables.published, _published),
}
