"""The page reads events as the contracts log them."""

from __future__ import annotations

import re
from typing import Any

from offchain.artifacts import load
from offchain.indexer.contracts import TAKINGS
from tests.dashboard.package import DASHBOARD

CLAIMS = DASHBOARD / "src" / "check"


def test_events_and_structs_are_the_contracts() -> None:
    """Q4 Q5 every event and struct that a check decodes stands so in a contract's ABI: types, names, indices."""
    known = {text for kind in TAKINGS for item in load(kind).abi for text in written(item)}
    source = "".join(path.read_text() for path in CLAIMS.glob("*.ts"))
    source += "".join(source.replace("${name}", name) for name in re.findall(r'"(Meter\w+)"', source))
    texts = {text for text in re.findall(r'["`]((?:event|struct) [^"`]+)["`]', source) if "${" not in text}
    assert len(texts) > 12
    assert texts - known == set()


def written(item: dict[str, Any]) -> list[str]:
    """An event of an ABI and the structs in it, as Solidity writes them."""
    if item["type"] != "event":
        return []
    arguments = [f"{named(one)}{' indexed' if one['indexed'] else ''} {one['name']}" for one in item["inputs"]]
    return [f"event {item['name']}({', '.join(arguments)})", *structs(item["inputs"])]


def structs(fields: list[dict[str, Any]]) -> list[str]:
    """The structs among fields, with those within them."""
    found = []
    for one in fields:
        if "components" in one:
            inner = "".join(f"{named(part)} {part['name']}; " for part in one["components"])
            found += [f"struct {named(one)} {{ {inner}}}", *structs(one["components"])]
    return found


def named(field: dict[str, Any]) -> str:
    """A field's type."""
    if "components" in field:
        return str(field["internalType"]).removeprefix("struct ").rsplit(".", 1)[-1]
    return str(field["type"])
