"""What the chain and its model call things."""

from __future__ import annotations

ETHER, NORTH, SOUTH, PLAIN = "ether", "north", "south", "plain"
ASSETS = (ETHER, NORTH, SOUTH, PLAIN)
MICROGRIDS = {NORTH: 1, SOUTH: 2}
"""Energy is the token of a microgrid with that number."""

ACTORS = ("prosumer", "consumer", "stranger")
"""Send everything but what the operator does. The stranger may hold no energy."""
ENTITLED = ACTORS[:2]
OPERATOR, POOL, REGISTRY, NOBODY = "operator", "pool", "registry", "nobody"
MARKETS = {NORTH: "north market", SOUTH: "south market"}
"""Each energy's exchange."""
HOLDERS = (*ACTORS, POOL, *MARKETS.values())

EPOCH_SECONDS = 900
FIRST_EPOCH = 1_944_445
"""In which the microgrids are added; the machine begins three later."""
CORRECTION_SECONDS = 300
PRICE_SECONDS = 120
MAX_DEVIATION = 1_000
CAPACITY = 5_000_000
"""Wh an epoch of all meters of either microgrid."""
QUEUE_CAPACITY = 1024
WATT_HOUR = 10**15

ETHER_EACH = 10**24
TOKENS_EACH = 10**27
RESERVE_ETHER = 10**20
RESERVE_ENERGY = 2 * 10**22
"""Of either exchange at the start."""
