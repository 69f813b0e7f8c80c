"""Keys of the API."""

from __future__ import annotations

from typing import Any

import click

from offchain.command import Group
from offchain.commands.output import answer, columns, day_and_time, json_option

SCOPES = ("readings:write", "own:read", "own:erase", "market:read", "operator:read")


class Commitment(click.ParamType):
    """A meter's commitment, or its card; taken as 32 bytes."""

    name = "meter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        from offchain.errors import UserError
        from offchain.metering.card import PREFIX, MeterCard

        text = str(value)
        if isinstance(value, bytes):
            return value
        try:
            if text.lower().startswith(PREFIX):
                return MeterCard.parse(text).commitment.to_bytes(32, "big")
            data = bytes.fromhex(text.removeprefix("0x"))
        except (ValueError, UserError) as error:
            self.fail(f"{text[:20]!r} is no meter: {error}", param, ctx)
        if len(data) != 32:
            self.fail(f"{text[:20]!r} is no meter: give its card, or 64 hexadecimal digits", param, ctx)
        return data


@click.group(cls=Group)
def key() -> None:
    """Makes, lists and revokes keys of the API."""


@key.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="May be given several times."
)
@click.option(
    "--meter", "meters", type=Commitment(), multiple=True, help="Card or commitment of one of its own meters."
)
@json_option
def new(name: str, scopes: tuple[str, ...], meters: tuple[bytes, ...], as_json: bool) -> None:
    """Makes a key called NAME and shows it, this once.

    \b
    openmg api key new home-01 --scope own:read --scope own:erase --meter openmgmeter1...
    openmg api key new concentrator --scope readings:write
    """
    from offchain.api.keys import KeyRing, Scope
    from offchain.history.database import Database
    from offchain.settings import settings

    database = Database(settings.database)
    made = KeyRing(database).new(name, [Scope(scope) for scope in scopes], meters)
    database.close()
    content = {"key": made, "name": name, "scopes": sorted(set(scopes))}
    answer(as_json, content, made, "Keep it: it is shown this once, and can't be had again.")


@key.command("list")
@json_option
def show(as_json: bool) -> None:
    """Lists all keys, without their secrets.

    \b
    openmg api key list
    """
    from offchain.api.keys import KeyRing
    from offchain.history.database import Database
    from offchain.settings import settings

    database = Database(settings.database)
    keys = KeyRing(database).all()
    database.close()
    rows = [("id", "name", "scopes", "meters", "made", "revoked")]
    content = []
    for one in keys:
        scopes = sorted(one.scopes)
        revoked = "" if one.revoked is None else day_and_time(one.revoked)
        rows.append((one.id, one.name, " ".join(scopes), str(len(one.meters)), day_and_time(one.created), revoked))
        whole = {"id": one.id, "name": one.name, "scopes": scopes, "meters": len(one.meters)}
        content.append({**whole, "created": one.created, "revoked": one.revoked})
    answer(as_json, {"keys": content}, *columns(rows))


@key.command()
@click.argument("id")
@json_option
def revoke(id: str, as_json: bool) -> None:
    """Ends the key with that ID at once.

    \b
    openmg api key revoke 9f86d081884c7d65
    """
    from offchain.api.keys import KeyRing
    from offchain.history.database import Database
    from offchain.settings import settings

    database = Database(settings.database)
    KeyRing(database).revoke(id)
    database.close()
    answer(as_json, {"id": id, "revoked": True}, f"Key {id} is revoked.")
