"""Readings over MQTT 5: one topic a meter, of any broker (docs/reference/readings.md).

A message is confirmed to the broker only when its readings are on the disk, so one that comes while this process is
down or being killed comes again.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from offchain.api.intake import LARGEST_BODY, Answers, parse_batch
from offchain.api.watch import Metrics
from offchain.errors import UserError
from offchain.health import health
from offchain.history.database import HistoryError
from offchain.history.intake import Intake, Outcome, Reason, Status
from offchain.metering.signed_reading import FormatError

READINGS = "openmg/readings"
ANSWERS = "openmg/answers"
TOPIC = re.compile(rf"{READINGS}/([0-9a-f]{{64}})")
PORTS = {"mqtt": 1883, "mqtts": 8883}
SESSION_SECONDS = 7 * 24 * 60 * 60
"""How long the broker keeps messages for a process that is away."""
KEEP_ALIVE_SECONDS = 30
AT_ONCE = 64
"""Messages that the broker sends ahead."""
QOS = 1
PART = "broker"
"""What the connection's health goes by."""


class BrokerError(UserError):
    """Says in one line why readings can't be taken from a broker."""


@dataclass(frozen=True)
class Broker:
    """Where a broker is, and as whom to connect."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Broker:
        """The broker of a URL. Raises BrokerError, which shows no password."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in PORTS or parts.path.strip("/") or parts.query or parts.fragment:
            raise BrokerError("OPENMG_MQTT is no broker: write mqtt://HOST or mqtts://USER:PASSWORD@HOST:PORT")
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(host, port or PORTS[parts.scheme], parts.scheme == "mqtts", user, password)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class Subscriber:
    """Takes readings from a broker until `stop`. `name` is that of its session: two may not have the same."""

    def __init__(self, broker: Broker, name: str, intake: Intake, metrics: Metrics, log: Any) -> None:
        self._broker, self._intake, self._metrics, self._log = broker, intake, metrics, log
        self._ready: Callable[[], None] = lambda: None
        self._failure: UserError | None = None
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        self._client.on_connect, self._client.on_message = self._connected, self._message
        self._client.on_connect_fail = lambda client, data: self._gone("it doesn't answer")
        self._client.on_subscribe, self._client.on_disconnect = self._subscribed, self._disconnected
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set_context(ssl.create_default_context())

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Takes readings until it is stopped; `ready` is told of each subscription. A broker that goes away is looked
        for again. Raises BrokerError if it isn't there at the start or refuses, HistoryError if nothing can be kept."""
        self._ready = ready
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_SECONDS
        properties.ReceiveMaximum = AT_ONCE
        properties.MaximumPacketSize = 2 * LARGEST_BODY
        try:
            self._client.connect(
                self._broker.host, self._broker.port, KEEP_ALIVE_SECONDS, clean_start=False, properties=properties
            )
        except (OSError, ValueError) as error:
            raise BrokerError(f"the broker {self._broker} can't be reached: {error}") from error
        self._client.loop_forever()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ends `run`, from any thread."""
        self._client.disconnect()

    def _connected(self, client: Client, data: Any, flags: ConnectFlags, code: ReasonCode, more: object) -> None:
        if code.is_failure:
            self._fail(BrokerError(f"the broker {self._broker} refuses: {code}"))
            return
        client.subscribe(f"{READINGS}/+", qos=QOS)

    def _subscribed(self, client: Client, data: Any, number: int, codes: list[ReasonCode], more: object) -> None:
        if any(code.is_failure for code in codes):
            self._fail(BrokerError(f"the broker {self._broker} refuses the topic {READINGS}/+: {codes[0]}"))
            return
        self._log.info("subscribed")
        health.works(PART, lasts=inf)
        self._ready()

    def _disconnected(self, client: Client, data: Any, flags: DisconnectFlags, code: ReasonCode, more: object) -> None:
        self._log.info("disconnected", reason=str(code))
        self._gone(str(code))

    def _gone(self, why: str) -> None:
        health.fails(PART, f"the broker {self._broker} isn't there: {why}", lasts=inf)

    def _message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        """Takes a message; one that can't be kept now isn't confirmed, and the process ends."""
        topic = TOPIC.fullmatch(message.topic)
        outcomes = [Outcome(0, Status.REJECTED, Reason.WRONG_SENDER, "the topic names no meter")]
        if topic is not None:
            try:
                outcomes = self._intake.take(_batch(bytes(message.payload)), bytes.fromhex(topic[1]))
            except FormatError as error:
                outcomes = [Outcome(0, Status.REJECTED, Reason.MALFORMED, str(error))]
            except HistoryError as error:
                self._fail(error)
                return
            answer = Answers.of(outcomes).model_dump_json()
            client.publish(f"{ANSWERS}/{topic[1]}", answer, qos=QOS)
        client.ack(message.mid, message.qos)
        self._metrics.count_readings("mqtt", outcomes)
        for outcome in outcomes:
            if outcome.status is Status.REJECTED:
                self._log.warning("reading rejected", reason=outcome.reason)

    def _fail(self, error: UserError) -> None:
        self._failure = error
        self._client.disconnect()


def _batch(payload: bytes) -> list[Any]:
    if len(payload) > LARGEST_BODY:
        raise FormatError(f"a message has at most {LARGEST_BODY:,} bytes")
    return parse_batch(payload)
