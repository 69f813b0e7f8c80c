"""What secure aggregation costs, as one JSON object: bytes a client publishes, seconds of everybody together.

    .venv/bin/python benchmarks/secure_aggregation.py              60 rounds of 42 clients, half a minute or more
    .venv/bin/python benchmarks/secure_aggregation.py --rounds 3   fewer

All clients compute in this one thread. Seconds of a phase are the processor's, medians over the rounds. Three in ten
drop out after their shares in every other round. A round on the chain takes a signature of each client and the sum
tree besides.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any

import click
import numpy as np
from eth_account import Account

from offchain.ppdl.aggregation.in_process import Costs, DropOuts, SecureAggregation
from offchain.ppdl.aggregation.lanes import Signed, to_chunks
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.aggregation.sum_tree import SumTree
from offchain.signature import SIGNATURE_LENGTH

CLIENTS = 42
DROPPED = frozenset(range(0, CLIENTS, 3)) - {0}
MODELS = {"641": 642, "4097": 4098}
"""Lanes of an update by the model's weights."""
SIGNED = 3
"""Update, parcel of shares and what is revealed carry a signature each."""
REGISTRY = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
TIMES = 5


def random_updates(lanes: int) -> Signed:
    """Updates of the largest size."""
    return np.random.default_rng(0).integers(-(1 << 20), (1 << 20) + 1, (CLIENTS, lanes), dtype=np.int32)


def rounds(lanes: int, count: int) -> dict[str, Any]:
    """So many rounds, each checked against the plain sum."""
    updates, costs, wall, cpu = random_updates(lanes), [], time.perf_counter(), time.process_time()
    for number in range(count):
        gone = DROPPED if number % 2 else frozenset()
        aggregation = SecureAggregation(DropOuts(seeds=gone))
        result = aggregation(number, updates)
        alive = [index for index in range(CLIENTS) if index not in gone]
        if result.total.tolist() != updates[alive].sum(axis=0).tolist():
            raise click.ClickException(f"round {number} has another sum than its updates")
        costs.append(aggregation.costs)
    return {
        "rounds": count,
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "median_seconds": phases(costs),
        "published_bytes": published(costs, lanes),
    }


def phases(costs: list[Costs]) -> dict[str, float]:
    """Seconds of each phase, and of a round."""
    found = {phase: median(one.seconds[phase] for one in costs) for phase in costs[0].seconds}
    found["round"] = median(sum(one.seconds.values()) for one in costs)
    return {phase: round(seconds, 4) for phase, seconds in found.items()}


def published(costs: list[Costs], lanes: int) -> dict[str, Any]:
    """What the client that publishes most publishes in a round, beside its update in plain."""
    said: Counter[str] = max((said for one in costs for said in one.published.values()), key=Counter.total)
    parts = {**said, "signatures": SIGNED * SIGNATURE_LENGTH}
    whole = sum(parts.values())
    return {**parts, "whole": whole, "plain": 4 * lanes, "times_plain": round(whole / (4 * lanes), 3)}


def chain_round(lanes: int) -> dict[str, float]:
    """What a round on the chain takes besides: building the sum tree with three in ten gone, and a signature."""
    updates = [to_chunks(update) for update in random_updates(lanes)]
    alive = CLIENTS - len(DROPPED)
    masks = [(-1, secrets.token_bytes(32)) for _ in range(alive)]
    pairs = [(1, secrets.token_bytes(32)) if slot < alive else None for _ in DROPPED for slot in range(CLIENTS - 1)]
    domain, account = Domain(1, REGISTRY), Account.create()
    signature = domain.sign(Update(1, bytes(32)), account)
    return {
        "sum_tree_seconds": timed(lambda: SumTree.of(updates[:alive], [*masks, *pairs])),
        "sign_seconds": timed(lambda: domain.sign(Update(1, bytes(32)), account)),
        "check_signature_seconds": timed(lambda: domain.signer(Update(1, bytes(32)), signature)),
    }


def timed(work: Callable[[], object]) -> float:
    """Median seconds of the processor."""
    found = []
    for _ in range(TIMES):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return round(median(found), 4)


@click.command()
@click.option("--rounds", "count", default=60, show_default=True, type=click.IntRange(1))
def main(count: int) -> None:
    """Prints the JSON object."""
    figures: dict[str, Any] = {"clients": CLIENTS}
    for weights, lanes in MODELS.items():
        share = count if weights == "641" else max(count // 10, 1)
        figures[weights] = {**rounds(lanes, share), "on_chain": chain_round(lanes)}
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
