"""Waiting notes move into the tree: at once when there are many, after a while when there are few."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from offchain import flusher as module
from offchain.chains import ChainSpec, started
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.flusher import FULL, Flusher
from offchain.sender import Sender, development_sender
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.shielding import Shielding

ADDRESS = Seed(bytes([7] * 16)).keys().address
MOST_SECONDS = 60


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sender, Manifest]]:
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        manifest = Manifest.open(950327, tmp_path_factory.mktemp("deployment"))
        operator = development_sender(chain.web3, 0)
        list(PlatformDeployment(operator, manifest, operator.address).run())
        yield operator, manifest


def shield(sender: Sender, manifest: Manifest, notes: int) -> None:
    for _ in range(notes):
        sender.send(Shielding.to(ADDRESS, ETH, 1000).transaction(manifest.address("pool")))


def test_all_that_waits_is_flushed(manifest: tuple[Sender, Manifest], monkeypatch: pytest.MonkeyPatch) -> None:
    """N1 in as many transactions as it takes; nothing waits is no error."""
    operator, deployed = manifest
    flusher = Flusher(operator, deployed)
    assert flusher.flush() == []
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    shield(operator, deployed, 3)
    assert [count for count, _ in flusher.flush()] == [2, 1]
    assert flusher.waiting() == 0


def test_watcher_flushes_many_at_once_and_few_after_a_while(
    manifest: tuple[Sender, Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """N1 sixteen at once; a single one when its time is over, and not before."""
    operator, deployed = manifest
    flusher = Flusher(development_sender(operator.web3, 9), deployed)
    stop, moved, failures = Event(), list[int](), list[str]()
    watcher = Thread(target=flusher.watch, args=(stop, lambda count, _: moved.append(count), failures.append))
    shield(operator, deployed, FULL)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 3600.0)
    watcher.start()
    try:
        wait_until(lambda: sum(moved) == FULL)
        shield(operator, deployed, 1)
        time.sleep(3 * module.POLL_SECONDS)
        assert sum(moved) == FULL
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
        wait_until(lambda: sum(moved) == FULL + 1)
    finally:
        stop.set()
        watcher.join()
    assert failures == []


def test_watcher_outlives_a_node_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 N1 it says so in one line and tries again."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        deployed = Manifest.open(950327, tmp_path)
        operator = development_sender(chain.web3, 0)
        list(PlatformDeployment(operator, deployed, operator.address).run())
        flusher = Flusher(operator, deployed)
    stop, failures = Event(), list[str]()
    watcher = Thread(target=flusher.watch, args=(stop, lambda *_: None, failures.append))
    watcher.start()
    try:
        wait_until(lambda: len(failures) > 1)
    finally:
        stop.set()
        watcher.join()
    assert "trying again" in failures[0]
    assert "\n" not in failures[0]


def wait_until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not reached():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
