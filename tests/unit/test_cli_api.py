"""The commands of the API: meters, keys, the service, and the file of an epoch."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from fastapi import FastAPI, Request
from sqlalchemy import text

from offchain.advice.tariff import BUNDLED
from offchain.api.keys import Scope
from offchain.commands.api_key import SCOPES
from offchain.environment import PROJECT
from offchain.history.database import Database
from offchain.history.intake import Intake
from offchain.http_service import serving
from offchain.metering.card import MeterCard
from offchain.metering.source import SOURCES, Epoch
from offchain.settings import Settings, settings
from tests.metered import INTERVAL, Device, last_interval
from tests.unit.command_line import CommandLine

HOME = Device(1)
KEY = bytes(HOME.key.verify_key).hex()
METER = HOME.commitment.hex()
ADD = ("api", "meter", "add", METER, "mg1", "--signing-key", KEY, "--capacity", "4000")


@pytest.fixture
def openmg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_meters(openmg: CommandLine) -> None:
    """U10 added once, changed after that; a card names a meter too."""
    assert openmg.done(*ADD) == {"meter": METER, "microgrid": "MG1", "capacity": 4000, "new": True}
    assert not openmg.done(*ADD[:-1], "5000")["new"]
    card = MeterCard.of(7)
    openmg.done(*ADD[:3], str(card), *ADD[4:])
    meters = openmg.done("api", "meter", "list")["meters"]
    assert [meter["capacity"] for meter in meters] == [5000, 4000]
    assert meters[1]["meter"] == f"{card.commitment:064x}"
    assert f"0x{METER}" in openmg.run("api", "meter", "list").out


def test_keys(openmg: CommandLine) -> None:
    """U10 a key is shown when it is made, and never again."""
    openmg.done(*ADD)
    made = openmg.done("api", "key", "new", "home", "--scope", "own:read", "--meter", f"0x{METER}")["key"]
    number, secret = made.split("_")[1:]
    (listed,) = openmg.done("api", "key", "list")["keys"]
    assert (listed["id"], listed["scopes"], listed["meters"], listed["revoked"]) == (number, ["own:read"], 1, None)
    assert secret not in openmg.run("api", "key", "list").out
    assert openmg.done("api", "key", "revoke", number)["revoked"]
    assert openmg.done("api", "key", "list")["keys"][0]["revoked"]
    assert "could be revoked" in openmg.run("api", "key", "revoke", number).error


def test_scopes_are_those_of_the_api() -> None:
    """U10 the command offers each scope."""
    assert sorted(SCOPES) == sorted(Scope)


def test_an_epoch_becomes_the_file_that_is_published(openmg: CommandLine, tmp_path: Path) -> None:
    """U10 the file is one that `openmg operator publish` reads, and meters that sent nothing are named."""
    openmg.done(*ADD)
    openmg.done(*ADD[:3], Device(2).commitment.hex(), *ADD[4:])
    database = Database(settings.database)
    Intake(database, 3 * 24 * 3600).take([HOME.content(last_interval(), 120, 30)])
    database.close()
    epoch, file = str(last_interval() // INTERVAL), tmp_path / "epoch.csv"
    done = openmg.done("api", "collect", "MG1", epoch, str(file))
    assert done["missing"] == [f"0x{Device(2).commitment.hex()}"]
    (reading,) = SOURCES.load("csv")(str(file), Epoch("MG1", int(epoch), INTERVAL))
    assert (reading.commitment, reading.exported, reading.imported) == (1, 30, 120)
    assert "can't be written" in openmg.run("api", "collect", "MG1", epoch, str(file)).error
    assert "no meter of MG2" in openmg.run("api", "collect", "MG2", epoch, str(tmp_path / "none.csv")).error
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((*ADD[:3], "0x12", *ADD[4:]), "is no meter"),
        ((*ADD[:3], "openmgmeter1qqq", *ADD[4:]), "is no meter"),
        ((*ADD[:6], "zz", *ADD[7:]), "no hexadecimal number"),
        ((*ADD[:6], "00", *ADD[7:]), "no Ed25519 public key"),
        ((*ADD[:4], "M G", *ADD[5:]), "a microgrid's name"),
        ((*ADD, "--minutes", "7"), "whole minutes"),
        (("api", "key", "new", "a"), "Missing option '--scope'"),
        (("api", "key", "new", "a", "--scope", "all"), "is not one of"),
        (("api", "key", "new", "a", "--scope", "own:read"), "own meters"),
        (("api", "key", "new", "a", "--scope", "own:read", "--meter", METER), "is not registered here"),
        (("api", "key", "revoke", "' OR 1=1 --"), "there is no key"),
        (("api", "intake"), "write mqtt://HOST"),
        (("api", "serve", "--host", "nowhere.invalid"), "can't listen"),
    ],
)
def test_wrong_arguments(openmg: CommandLine, arguments: tuple[str, ...], why: str) -> None:
    """P9 U10 one line, and nothing is added."""
    assert why in openmg.run(*arguments).error
    assert openmg.done("api", "meter", "list")["meters"] == openmg.done("api", "key", "list")["keys"] == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OPENMG_TIME_ZONE", "Mars/Olympus", "no such time zone"),
        ("OPENMG_TIME_ZONE", "../../etc/passwd", "no such time zone"),
        ("OPENMG_API_ORIGINS", "*", "is no origin"),
        ("OPENMG_API_ORIGINS", "https://a.example,https://b.example/path", "is no origin"),
        ("OPENMG_API_RATE", "0", "greater than or equal to 1"),
        ("OPENMG_LATE_HOURS", "many", "valid integer"),
        ("OPENMG_DATABASE", "mysql://me:secret@host/x", "write sqlite:///FILE"),
    ],
)
def test_wrong_settings(name: str, value: str, why: str) -> None:
    """P9 U10 one line."""
    command = [sys.executable, "-c", "from offchain.cli import main; main()", "api", "meter", "list"]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ | {name: value}, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert why in line
    assert "secret" not in line


def test_origins_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """U10 separated by commas."""
    monkeypatch.setenv("OPENMG_API_ORIGINS", "https://a.example, http://localhost:5173")
    assert Settings().api_origins == ("https://a.example", "http://localhost:5173")


def test_the_service(openmg: CommandLine) -> None:
    """U10 serves until it is stopped, on the database of the setting."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    openmg.done(*ADD)
    key = openmg.done("api", "key", "new", "home", "--scope", "own:read", "--meter", METER)["key"]
    command = [sys.executable, "-c", "from offchain.cli import main; main()", "api", "serve", "--port", port, "--json"]
    environment = os.environ | {"OPENMG_DATABASE": settings.database}
    service = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert service.stdout is not None
    url = json.loads(service.stdout.readline())["url"]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=5))
        assert [meter["meter"] for meter in session.get(f"{url}/v1/me", timeout=30).json()["meters"]] == [METER]
    service.send_signal(signal.SIGINT)
    log = service.communicate(timeout=30)[1]
    assert json.loads(log.splitlines()[0])["route"] == "/v1/me"
    assert "Traceback" not in log


def test_migrate(openmg: CommandLine, tmp_path: Path) -> None:
    """U1 the newest tables, and once more the same; a database of a later version is left alone."""
    made = openmg.done("api", "migrate")
    assert made["database"].endswith("history.db")
    assert openmg.done("api", "migrate") == made
    database = Database(settings.database)
    assert database.version() == made["version"]
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    assert "later version" in openmg.run("api", "migrate").error


@pytest.mark.parametrize(
    ("proxies", "shown"), [("127.0.0.1", "10.9.8.7"), ("10.0.0.0/24", "127.0.0.1"), ("127.0.0.0/8", "10.9.8.7")]
)
def test_whose_requests_proxies_forward(monkeypatch: pytest.MonkeyPatch, proxies: str, shown: str) -> None:
    """U4 who asks is told by the proxies that are named, and by nobody else."""
    monkeypatch.setattr(settings, "proxies", proxies)
    app = FastAPI()

    @app.get("/")
    def host(request: Request) -> str:
        return request.client.host if request.client else ""

    with serving(app, socket.create_server(("127.0.0.1", 0))) as url:
        assert requests.get(url, headers={"X-Forwarded-For": "10.9.8.7"}).json() == shown


def test_an_operators_tariff_that_is_none(openmg: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """J2 P9 the service isn't started, and one line names the file and what is wrong with it."""
    monkeypatch.setattr(settings, "advice", tmp_path / "advice")
    (tmp_path / "advice" / "tariffs").mkdir(parents=True)
    text = (BUNDLED / "kepco_residential_low.toml").read_text()
    (tmp_path / "advice" / "tariffs" / "ours.toml").write_text(text.replace("months = [7, 8]", "months = [7]", 1))
    error = openmg.run("api", "serve", "--port", "1").error
    assert "ours.toml is no tariff: rates of 2022-04-01: the seasons don't have every month once" in error
