"""Secrets that are given by file, as settings and as the password of wallets."""

from __future__ import annotations

from pathlib import Path

import pytest

from offchain.settings import SECRETS, Settings, read
from tests.unit.command_line import CommandLine
from tests.unit.test_cli_wallet import WORDS

URL = "postgresql://openmg:correct-horse@db/openmg"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that holds a secret as it should."""
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text(f"{URL}\n")
    return path


@pytest.mark.parametrize("field", SECRETS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_setting_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, file: Path, field: str, end: str) -> None:
    """G1 its one line, without the end of the line; from `.env` as from the environment."""
    file.write_bytes(f"{URL}{end}".encode())
    monkeypatch.setenv(f"OPENMG_{field}_FILE".upper(), str(file))
    settings = read()
    assert URL in (settings.database, settings.mqtt.get_secret_value())
    monkeypatch.undo()
    dotenv = file.parent / ".env"
    dotenv.write_text(f"OPENMG_{field.upper()}_FILE={file}\n")
    monkeypatch.setitem(Settings.model_config, "env_file", dotenv)
    settings = read()
    assert URL in (settings.database, settings.mqtt.get_secret_value())


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"", 0o600, "is empty"),
        (b" \n", 0o600, "is empty"),
        (f"{URL}\n{URL}\n".encode(), 0o600, "has more than one line"),
        (b"\xff\xfe", 0o600, "is no text"),
        (b"a" * 70_000, 0o600, "has more than 65,536 bytes"),
        (URL.encode(), 0o604, "is open to every account of this machine"),
        (URL.encode(), 0o602, "is open to every account of this machine"),
        (None, 0o600, "can't be read: No such file"),
    ],
)
def test_a_wrong_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, file: Path, content: bytes | None, mode: int, why: str
) -> None:
    """G1 that names the variable and the file, and shows nothing of what it holds."""
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
        file.chmod(mode)
    monkeypatch.setenv("OPENMG_DATABASE_FILE", str(file))
    with pytest.raises(SystemExit) as ended:
        read()
    line = str(ended.value.code)
    assert line.startswith(f"Error: OPENMG_DATABASE_FILE: {file} ")
    assert why in line
    assert "\n" not in line
    assert "correct-horse" not in line


def test_one_of_both(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """G1 a secret that is given twice is refused, and so is a file without a name."""
    monkeypatch.setenv("OPENMG_MQTT_FILE", str(file))
    monkeypatch.setenv("OPENMG_MQTT", "mqtt://broker")
    with pytest.raises(SystemExit, match="OPENMG_MQTT and OPENMG_MQTT_FILE are both set"):
        read()
    monkeypatch.delenv("OPENMG_MQTT")
    monkeypatch.setenv("OPENMG_MQTT_FILE", "")
    with pytest.raises(SystemExit, match="OPENMG_MQTT_FILE names no file"):
        read()


def test_the_password_of_a_wallet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    """G1 by file, where there is no terminal; a wrong one opens nothing."""
    openmg = CommandLine(tmp_path, monkeypatch, capsys)
    address = openmg.done("wallet", "restore", typed=WORDS)["address"]
    openmg.password = None
    monkeypatch.setenv("OPENMG_PASSWORD_FILE", str(file))
    assert "default.json is wrong" in openmg.run("wallet", "address").error
    file.write_text("correct horse\n")
    assert openmg.done("wallet", "address")["address"] == address
    openmg.password = "correct horse"
    assert "are both set" in openmg.run("wallet", "address").error
