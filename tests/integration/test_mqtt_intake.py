"""Readings over a real broker: each meter's own topic, answers, and what comes while nobody takes it."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from sqlalchemy import func, select

from offchain.api.mqtt import Broker, BrokerError, Subscriber
from offchain.api.watch import Metrics, json_log
from offchain.environment import PROJECT
from offchain.history.database import Database, HistoryError
from offchain.history.intake import Intake
from offchain.history.tables import readings
from tests import mosquitto
from tests.history import opened
from tests.metered import Device, last_interval
from tests.mosquitto import INTAKE, PASSWORD

SECONDS = 30
WINDOW = 72 * 3600
HOME, NEIGHBOUR = Device(1), Device(2)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A broker that knows both meters."""
    users = [device.commitment.hex() for device in (HOME, NEIGHBOUR)]
    with mosquitto.started(tmp_path_factory.mktemp("mosquitto"), users) as port:
        yield port


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A history that knows both meters."""
    with opened("sqlite", tmp_path) as database:
        HOME.added_to(database)
        NEIGHBOUR.added_to(database)
        yield database


class Meter:
    """A meter's connection to the broker."""

    def __init__(self, port: int, device: Device) -> None:
        self.name = device.commitment.hex()
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set(self.name, PASSWORD)
        subscribed = Event()
        self.confirmed: queue.Queue[int] = queue.Queue()
        self.client.on_publish = lambda client, data, number, code, more: self.confirmed.put(code.value)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = self._answered
        self.client.on_connect = lambda client, *_: client.subscribe(f"openmg/answers/{self.name}", 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert subscribed.wait(SECONDS)

    def publish(self, payload: bytes | str, topic: str | None = None) -> int:
        """Publishes to its own topic, or another; returns the broker's code, from 128 on a refusal."""
        self.client.publish(f"openmg/readings/{topic or self.name}", payload, qos=1)
        return self.confirmed.get(timeout=SECONDS)

    def send(self, *contents: Any) -> dict[str, Any]:
        """Publishes a batch; returns the answer."""
        assert self.publish(json.dumps({"readings": contents})) < 128
        return self.answers.get(timeout=SECONDS)

    def _answered(self, client: Client, data: Any, message: MQTTMessage) -> None:
        self.answers.put(json.loads(message.payload))

    def close(self) -> None:
        """Ends the connection."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def home(port: int) -> Iterator[Meter]:
    """The connection of the home's meter."""
    meter = Meter(port, HOME)
    yield meter
    meter.close()


@contextmanager
def taking(port: int, database: Database, name: str) -> Iterator[list[Exception]]:
    """Takes readings in a thread; yields the errors that ended it."""
    subscriber = Subscriber(
        Broker("127.0.0.1", port, False, INTAKE, PASSWORD),
        name,
        Intake(database, WINDOW),
        Metrics(),
        json_log(io.StringIO()),
    )
    ready = Event()
    ended: list[Exception] = []

    def run() -> None:
        try:
            subscriber.run(ready.set)
        except (BrokerError, HistoryError) as error:
            ended.append(error)

    thread = Thread(target=run)
    thread.start()
    assert ready.wait(SECONDS)
    try:
        yield ended
    finally:
        subscriber.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()


def kept(database: Database) -> int:
    """How many readings the history holds."""
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(readings)) or 0


def reasons(answer: dict[str, Any]) -> list[str]:
    """Status of each reading, or the reason of a rejected one."""
    return [row["reason"] or row["status"] for row in answer["readings"]]


def test_readings_come_and_are_answered(port: int, database: Database, home: Meter) -> None:
    """U3 U9 over its own topic; the same again is a duplicate, another's is refused."""
    right, other = HOME.content(last_interval()), NEIGHBOUR.content(last_interval())
    with taking(port, database, "answers"):
        assert reasons(home.send(right, other)) == ["accepted", "wrong_sender"]
        assert reasons(home.send(right)) == ["duplicate"]
    assert kept(database) == 1


def test_the_documented_rules_keep_meters_apart(port: int, home: Meter) -> None:
    """U9 a meter publishes to no other's topic, and reads no other's answers."""
    assert home.publish("{}", NEIGHBOUR.commitment.hex()) >= 128
    page = (PROJECT / "docs" / "reference" / "readings.md").read_text().replace("\n", " ")
    assert [rule for rule in mosquitto.RULES.splitlines() if "pattern" in rule and f"`{rule}`" not in page] == []


def test_bad_messages_hinder_nothing(port: int, database: Database, home: Meter) -> None:
    """P9 U9 what is no batch is answered in one line, and the next one is taken."""
    with taking(port, database, "bad"):
        for payload in (b"", b"\xff", b"[" * 50_000, b"{}", b"x" * 600_000):
            assert home.publish(payload) < 128
            answer = home.answers.get(timeout=SECONDS)
            assert reasons(answer) == ["malformed"]
            assert "\n" not in answer["readings"][0]["detail"]
        assert reasons(home.send(HOME.content(last_interval()))) == ["accepted"]


def test_what_could_not_be_kept_comes_again(port: int, database: Database, home: Meter) -> None:
    """P6 U9 a message isn't confirmed while the database fails: the next run takes it."""
    content = HOME.content(last_interval())
    with taking(port, database, "again") as ended:
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE meters RENAME TO away")
        assert home.publish(json.dumps({"readings": [content]})) < 128
        with pytest.raises(queue.Empty):
            home.answers.get(timeout=2)
    assert [type(error) for error in ended] == [HistoryError]
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO meters")
    with taking(port, database, "again"):
        assert reasons(home.answers.get(timeout=SECONDS)) == ["accepted"]


def test_a_killed_intake_loses_nothing(port: int, database: Database, home: Meter) -> None:
    """P6 U9 what is published after kill -9 is taken by the next run of the command, and what was before stays."""
    url = f"mqtt://{INTAKE}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}"
    place = database.engine.url.render_as_string()
    environment = os.environ | {"OPENMG_MQTT": url, "OPENMG_DATABASE": place}
    command = [sys.executable, "-c", "from offchain.cli import main; main()", "api", "intake", "--name", "killed"]

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert "Takes readings from mqtt://127.0.0.1" in process.stdout.readline()
        return process

    first = start()
    assert reasons(home.send(HOME.content(last_interval(2)))) == ["accepted"]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert home.publish(json.dumps({"readings": [HOME.content(last_interval())]})) < 128
    second = start()
    answered = [reasons(home.answers.get(timeout=SECONDS))]
    if answered == [["duplicate"]]:  # the first, which was kept but not confirmed before the kill
        answered.append(reasons(home.answers.get(timeout=SECONDS)))
    assert answered[-1] == ["accepted"]
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=SECONDS)
    assert kept(database) == 2


def test_a_broker_that_refuses(port: int, database: Database) -> None:
    """P9 U9 a wrong password, or no broker at all, ends in one line without the password."""
    for broker, why in (
        (Broker("127.0.0.1", port, False, INTAKE, "wrong"), "refuses"),
        (Broker("127.0.0.1", 1, False), "reached"),
    ):
        subscriber = Subscriber(broker, "refused", Intake(database, WINDOW), Metrics(), json_log(io.StringIO()))
        with pytest.raises(BrokerError, match=why) as caught:
            subscriber.run()
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "host", "http://host", "mqtt://", "mqtt://host:x", "mqtt://host/topic", "mqtt://host:99999", "mqtt://[::1"],
)
def test_wrong_brokers(url: str) -> None:
    """P9 U9 one line that says how to write it."""
    with pytest.raises(BrokerError, match="write mqtt://HOST"):
        Broker.parse(url)


def test_brokers() -> None:
    """U9 ports, TLS and passwords as URLs have them; the password isn't shown."""
    broker = Broker.parse("mqtts://in%40take:a%2Fb@broker.example")
    assert broker == Broker("broker.example", 8883, True, "in@take", "a/b")
    assert "a/b" not in f"{broker} {broker!r}"
    assert Broker.parse("mqtt://[::1]:9") == Broker("::1", 9, False)
