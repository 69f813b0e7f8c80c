"""Backups of services' folders."""

from __future__ import annotations

from pathlib import Path

import click

from offchain.command import Group
from offchain.commands.output import answer, day_and_time, json_option, stages

EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(cls=Group)
def backup() -> None:
    """Copies of services' folders, taken while they run, and put back.

    For all that lies in files: nodes, wallets, journals, metering books, models, SQLite histories. A history in
    PostgreSQL is copied by `pg_dump`.
    """


@backup.command()
@click.argument("folder", type=EXISTING)
@click.argument("copy", type=FOLDER)
@json_option
def make(folder: Path, copy: Path, as_json: bool) -> None:
    """Copies a service's FOLDER into the new folder COPY. The service may run meanwhile.

    \b
    openmg backup make /var/lib/openmg/coordinator /backup/coordinator-2026-11-27
    """
    from offchain import backup

    with stages("copying") as stage:
        made = backup.make(folder, copy, lambda name: stage(f"copying {name}"))
    answer(as_json, {"copy": str(copy), "files": len(made.files)}, f"{len(made.files)} files of {folder} in {copy}")


@backup.command()
@click.argument("copy", type=EXISTING)
@json_option
def verify(copy: Path, as_json: bool) -> None:
    """Checks that the backup COPY is whole.

    \b
    openmg backup verify /backup/coordinator-2026-11-27
    """
    from offchain import backup

    with stages("hashing") as stage:
        found = backup.verify(copy, lambda name: stage(f"hashing {name}"))
    line = f"{copy}: {len(found.files)} files, whole, of {day_and_time(found.taken)} UTC"
    answer(as_json, {"copy": str(copy), "files": len(found.files), "taken": found.taken}, line)


@backup.command()
@click.argument("copy", type=EXISTING)
@click.argument("folder", type=FOLDER)
@json_option
def restore(copy: Path, folder: Path, as_json: bool) -> None:
    """Puts the backup COPY into FOLDER, which must be empty or not be there.

    An authority that is started on it signs no checkpoint that it may have signed after the backup was taken.

    \b
    openmg backup restore /backup/coordinator-2026-11-27 /var/lib/openmg/coordinator
    """
    from offchain import backup

    with stages("copying") as stage:
        found = backup.restore(copy, folder, lambda name: stage(f"copying {name}"))
    line = f"{len(found.files)} files of {day_and_time(found.taken)} UTC in {folder}"
    answer(as_json, {"folder": str(folder), "files": len(found.files), "taken": found.taken}, line)
