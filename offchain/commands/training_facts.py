"""What there is to know of a training in process before it starts, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from offchain.ppdl.trainer import Trainer


def facts(trainer: Trainer) -> dict[str, Any]:
    """Where the readings are from, the model, and what privacy has cost so far."""
    plan, task = trainer.plan, trainer.task
    content: dict[str, Any] = {"data": {"source": plan.source, "kind": _kind(trainer)}}
    content["model"] = {"weights": task.model.weights, "provable": task.provable}
    if task.private and trainer.ledger:
        parts = {"epsilon": task.private.epsilon, "delta": task.private.delta, "length": task.private.bound}
        content["privacy"] = parts | {"spent": round(trainer.ledger.spent(), 4), "book": str(trainer.ledger.path)}
    return content


def told(trainer: Trainer) -> Iterator[str]:
    """The same in lines."""
    plan, task, cohort = trainer.plan, trainer.task, trainer.cohort
    name = "" if _kind(trainer) == "made-up homes" else f"{Path(plan.source).name} is a {_kind(trainer)}: "
    members, hours = len(cohort.members), cohort.training_hours
    yield f"{name}{members} homes train on {hours:,} hours each; {cohort.volunteers} others publish theirs for tests."
    if not task.provable:
        yield f"There is no circuit for this model of {task.model.weights:,} weights: its answers can't be disputed."
    if task.private and trainer.ledger:
        spent = f"{trainer.ledger.spent():.3g} of epsilon {task.private.epsilon:g} is spent"
        yield f"Private: {spent} (delta {task.private.delta:g}); the book is {trainer.ledger.path}"
    if task.robust == "groups":
        yield "Groups of at least 8 homes sum in secret; the model moves by the median of their means."
    elif task.robust:
        yield "Updates are NOT masked: whoever has the chain's folder can read much of the readings from them."


def _kind(trainer: Trainer) -> str:
    from offchain.ppdl.learning.source import Source
    from offchain.ppdl.plan import BUNDLED

    source = trainer.plan.source
    return "made-up homes" if source == BUNDLED else Source.of(Path(source)).value
