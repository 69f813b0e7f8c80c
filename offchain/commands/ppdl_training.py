"""Training in one process, and how good its forecasts are."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offchain.command import Command
from offchain.commands.output import answer, columns, json_option, say
from offchain.commands.training_facts import facts, told
from offchain.commands.training_options import PrivateBudget, Shape

if TYPE_CHECKING:
    from offchain.ppdl.learning.federation import Round
    from offchain.ppdl.plan import Private
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
    "--data",
    type=FILE,
    help="Readings in kWh: a CSV file with reading_datetime and a column a home, or a readings database.  [default:"
    " made-up homes]",
)
@click.option(
    "--zone", help="Time zone of readings without an offset, such as Asia/Seoul.  [default: clocks as they stand]"
)
@click.option("--horizon", type=HORIZONS, default="next_hour", show_default=True, help="Which hour is foreseen.")
@click.option("--generation", is_flag=True, help="Foresees what panels give: the readings are of that.")
@click.option("--holidays", type=FILE, help="Days that count as free ones, a date such as 2026-12-25 a row.")
@click.option("--homes", type=click.IntRange(1, 2047), help="Takes the first so many.  [default: all; 24 made-up ones]")
@click.option(
    "--volunteers",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="How many of them publish their readings as the test set, and don't train.",
)
@click.option(
    "--model",
    "shape",
    type=Shape(),
    default="16,8",
    show_default=True,
    help="Hidden layers of a perceptron, or a model's name: linear, gru, or one of another package. Only answers of the"
    " default can be proven and disputed.",
)
@click.option("--rounds", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="The same seed gives the same model, but for the noise of private mode.",
)
@click.option(
    "--private",
    type=PrivateBudget(),
    help="Private mode with this budget for all rounds.  [default of delta: below one in the number of homes]",
)
@click.option(
    "--robust",
    type=click.Choice(["groups", "median", "trimmed_mean", "multi_krum"]),
    help="Against bad updates: the median of masked groups of 8 or more; or a rule on updates that ALL CAN SEE.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@chain_option
@json_option
def train(
    data: Path | None,
    zone: str | None,
    horizon: Any,
    generation: bool,
    holidays: Path | None,
    homes: int | None,
    volunteers: int,
    shape: tuple[tuple[int, ...], int, str],
    rounds: int,
    seed: int,
    private: Private | None,
    robust: Any,
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
    openmg ppdl train --private 8 --model linear --chain models/private
    """
    from offchain.ppdl.learning.holidays import read_holidays
    from offchain.ppdl.plan import BUNDLED, Plan
    from offchain.ppdl.trainer import Trainer
    from offchain.settings import settings

    plan = Plan(
        str(data.resolve()) if data else BUNDLED,
        zone,
        horizon,
        homes,
        volunteers,
        rounds=rounds,
        seed=seed,
        quantity="generation" if generation else "demand",
        holidays=read_holidays(holidays) if holidays else (),
        layers=shape[0],
        window=shape[1],
        kind=shape[2],
        private=private,
        robust=robust,
    )
    trainer = Trainer(chain_folder(folder), plan, device, settings.models / "privacy")
    begun = trainer.chain.height
    if not as_json:
        _announce(trainer, begun)
    done = [_shown(trainer, round_, as_json) for round_ in _timed(trainer)]
    head = trainer.chain.block(trainer.chain.height).header
    content = {
        "chain": str(trainer.chain.folder),
        "height": head.number,
        "weightHash": "0x" + head.weight_hash.hex(),
        "rounds": done,
        **facts(trainer),
    }
    answer(as_json, content, f"Block {head.number} of {trainer.chain.folder}: model 0x{head.weight_hash.hex()}")


def _announce(trainer: Trainer, begun: int) -> None:
    for line in told(trainer):
        say(line)
    if begun:
        say(f"Going on after block {begun}.")
    say("round  loss in training  on the test set  model    seconds")


def _timed(trainer: Trainer) -> Any:
    start = time.perf_counter()
    for done in trainer.rounds():
        now = time.perf_counter()
        yield done, now - start
        start = now


def _shown(trainer: Trainer, timed: tuple[Round, float], as_json: bool) -> dict[str, Any]:
    done, seconds = timed
    after, told = done.loss_after / 2**20, trainer.task.private is None
    if not as_json:
        follows, training_loss = "follows" if done.accepted else "refused", f"{done.training_loss:.4f}"
        say(f"{done.number:5}  {training_loss if told else 'private':>16}  {after:15.4f}  {follows}  {seconds:7.1f}")
    shown = ("number", "loss_before", "loss_after", "accepted")
    content = {name: value for name, value in asdict(done).items() if name in shown}
    learned = {"clients": len(trainer.cohort.members), "training_loss": done.training_loss if told else None}
    return content | learned | {"seconds": round(seconds, 3)}


@click.command(cls=Command)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the picture goes.  [default: reports/forecast.png]",
)
@chain_option
@click.option("--tuned", is_flag=True, help="Also with each home's own model, which it tunes for itself.")
@json_option
def evaluate(picture: Path | None, folder: Path | None, tuned: bool, as_json: bool) -> None:
    """Forecasts the last part of the time, which was not trained on, with the newest model of a chain; beside it each
    home's own regression and the same hour of the week before. Draws a week of it.

    \b
    openmg ppdl evaluate --tuned
    """
    from offchain.ppdl.evaluation import Evaluation
    from offchain.ppdl.forecast_picture import draw
    from offchain.ppdl.learning.tuning import Tuning
    from offchain.settings import settings

    evaluation = Evaluation.of(chain_folder(folder), Tuning() if tuned else None)
    path = picture or settings.reports / "forecast.png"
    draw(evaluation, path)
    rows = {name: asdict(one) for name, one in evaluation.scores().items()}
    if evaluation.task.quantity == "generation":  # a share of next to nothing at night says nothing
        rows = {name: one | {"mape_of_sum": None} for name, one in rows.items()}
    table = [("", "nRMSE", "MASE", "MAPE of the sum")]
    table += [(name, f"{one['nrmse']:.3f}", f"{one['mase']:.3f}", _percent(one)) for name, one in rows.items()]
    content = {
        "block": evaluation.number,
        "scores": rows,
        "picture": str(path),
    }
    answer(as_json, content, *columns(table), f"Model of block {evaluation.number}; a week of it: {path}")


def _percent(scores: dict[str, float | None]) -> str:
    share = scores["mape_of_sum"]
    return "-" if share is None or share != share else f"{share:.1f} %"
