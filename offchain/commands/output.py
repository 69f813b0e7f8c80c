"""How commands answer: lines for people or one JSON object on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import click

from offchain.errors import UserError

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object; amounts are base units.")

Stage = Callable[[str], None]

STAGES = {
    "witness": "computing the witness",
    "proof": "proving",
    "verification": "checking the proof",
}
"""What the prover's stages are called."""


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object in one line."""
    click.echo(json.dumps(content, ensure_ascii=False))


def say(line: str) -> None:
    """A line at once, from a command that goes on."""
    click.echo(line)
    click.get_text_stream("stdout").flush()


def answer(as_json: bool, content: Mapping[str, Any], *lines: str) -> None:
    """The result of a command, in one of both forms."""
    if as_json:
        print_json(content)
    else:
        click.echo("\n".join(lines))


@contextmanager
def stages(first: str) -> Iterator[Stage]:
    """Shows on a terminal's stderr which stage a command is in; what it yields is told each next one."""
    if not sys.stderr.isatty():
        yield lambda stage: None
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield lambda stage: status.update(STAGES.get(stage, stage))


def go_on(part: str, step: Callable[[], None], seconds: float, done: Callable[[], bool] = lambda: False) -> None:
    """Takes a step again and again, `seconds` apart, until Ctrl-C or it is done. What hinders it is said once, on
    stderr; the health of `part` is how the last step went."""
    from offchain.health import health

    said = ""
    with suppress(KeyboardInterrupt):
        while not done():
            problem = ""
            try:
                step()
                health.works(part)
            except UserError as error:
                problem = str(error)
                health.fails(part, problem)
            if problem and problem != said:
                click.echo(problem, err=True)
            said = problem
            click.get_text_stream("stdout").flush()
            time.sleep(seconds)


def day_and_time(moment: int) -> str:
    """A Unix time as people read it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
