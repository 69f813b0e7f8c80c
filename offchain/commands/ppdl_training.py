"""Training in one process, and how good its forecasts are."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.output import answer, columns, json_option, say

if TYPE_CHECKING:
    from offchain.ppdl.learning.federation import Round
    from offchain.ppdl.trainer import Trainer

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
HORIZONS = click.Choice(["next_hour", "day_ahead"])

chain_option = click.option(
    "--chain",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the model chain.  [default: models/demand]",
)


def chain_folder(folder: Path | None) -> Path:
    """The folder that was given, or the usual one."""
    from offchain.settings import settings

    return folder or settings.models / "demand"


@click.command(cls=Command)
@click.option(
    "--data", type=FILE, help="CSV of readings in kWh: reading_datetime, and a column a home.  [default: made-up homes]"
)
@click.option(
    "--zone", help="Time zone of readings without an offset, such as Asia/Seoul.  [default: clocks as they stand]"
)
@click.option("--horizon", type=HORIZONS, default="next_hour", show_default=True, help="Which hour is foreseen.")
@click.option("--homes", type=click.IntRange(1, 2047), help="Takes the first so many.  [default: all; 24 made-up ones]")
@click.option(
    "--volunteers",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="How many of them publish their readings as the test set, and don't train.",
)
@click.option("--rounds", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="The same seed gives the same model.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@chain_option
@json_option
def train(
    data: Path | None,
    zone: str | None,
    horizon: Any,
    homes: int | None,
    volunteers: int,
    rounds: int,
    seed: int,
    device: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Trains a forecast with all homes in this process, each a participant of its own: updates are masked, summed in
    secret and unmasked as on many machines; every round becomes a block of the model chain.

    Goes on where it stopped when it is run again with the same options.

    \b
    openmg ppdl train --rounds 5
    openmg ppdl train --data homes.csv --zone Asia/Seoul --horizon day_ahead --chain models/seoul
    """
    from offchain.ppdl.plan import BUNDLED, Plan
    from offchain.ppdl.trainer import Trainer

    source = str(data.resolve()) if data else BUNDLED
    plan = Plan(source, zone, horizon, homes, volunteers, rounds=rounds, seed=seed)
    trainer = Trainer(chain_folder(folder), plan, device)
    begun = trainer.chain.height
    if not as_json:
        _announce(trainer, begun)
    done = [_shown(round_, as_json) for round_ in _timed(trainer)]
    head = trainer.chain.block(trainer.chain.height).header
    content = {
        "chain": str(trainer.chain.folder),
        "height": head.number,
        "weightHash": "0x" + head.weight_hash.hex(),
        "rounds": done,
    }
    answer(as_json, content, f"Block {head.number} of {trainer.chain.folder}: model 0x{head.weight_hash.hex()}")


def _announce(trainer: Trainer, begun: int) -> None:
    members, hours = len(trainer.ground.members), trainer.ground.training_hours
    say(f"{members} homes train on {hours:,} hours each; {trainer.ground.volunteers} others publish theirs for tests.")
    if begun:
        say(f"Going on after block {begun}.")
    say("round  loss in training  on the test set  model    seconds")


def _timed(trainer: Trainer) -> Any:
    start = time.perf_counter()
    for done in trainer.rounds():
        now = time.perf_counter()
        yield done, now - start
        start = now


def _shown(timed: tuple[Round, float], as_json: bool) -> dict[str, Any]:
    done, seconds = timed
    after = done.loss_after / 2**20
    if not as_json:
        follows = "follows" if done.accepted else "refused"
        say(f"{done.number:5}  {done.training_loss:16.4f}  {after:15.4f}  {follows}  {seconds:7.1f}")
    shown = ("number", "clients", "training_loss", "loss_before", "loss_after", "accepted")
    return {name: value for name, value in asdict(done).items() if name in shown} | {"seconds": round(seconds, 3)}


@click.command(cls=Command)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the picture goes.  [default: reports/forecast.png]",
)
@chain_option
@json_option
def evaluate(picture: Path | None, folder: Path | None, as_json: bool) -> None:
    """Forecasts the last part of the time, which was not trained on, with the newest model of a chain; beside it the
    same hour of the week before. Draws a week of it.

    \b
    openmg ppdl evaluate
    """
    from offchain.ppdl.evaluation import Evaluation
    from offchain.ppdl.forecast_picture import draw
    from offchain.settings import settings

    evaluation = Evaluation.of(chain_folder(folder))
    path = picture or settings.reports / "forecast.png"
    draw(evaluation, path)
    rows = evaluation.scores()
    table = [("", "nRMSE", "MASE", "MAPE of the sum")]
    table += [(name, f"{one.nrmse:.3f}", f"{one.mase:.3f}", f"{one.mape_of_sum:.1f} %") for name, one in rows.items()]
    content = {
        "block": evaluation.number,
        "scores": {name: asdict(one) for name, one in rows.items()},
        "picture": str(path),
    }
    answer(as_json, content, *columns(table), f"Model of block {evaluation.number}; a week of it: {path}")
