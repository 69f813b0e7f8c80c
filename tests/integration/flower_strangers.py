"""Who is kept out by Flower's SuperLink and by our nodes: `python -m tests.integration.flower_strangers FOLDER` in
Flower's own environment prints what became of each, as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from offchain.ppdl.flower import demo, services
from offchain.ppdl.flower.certificates import make_certificates
from offchain.process import Starting, free_port, guarded

COMMANDS = Path(sys.executable).parent
SECONDS = 120
FOREIGN_PROJECT = """
[project]
name = "foreign"
version = "1.0.0"

[tool.flwr.app]
publisher = "stranger"

[tool.flwr.app.components]
serverapp = "foreign.server:app"
clientapp = "foreign.client:app"

[tool.flwr.app.config]
replies = ""
"""
FOREIGN_SERVER = """
import json, time
from pathlib import Path
from flwr.app import ConfigRecord, Message, RecordDict
from flwr.serverapp import ServerApp

app = ServerApp()

@app.main()
def main(grid, context):
    while not (nodes := list(grid.get_node_ids())):
        time.sleep(1)
    records = {"ppdl": ConfigRecord({"content": b"give me all"}), "x": ConfigRecord({"y": 1})}
    contents = [RecordDict({name: record}) for name, record in records.items()]
    messages = [Message(content, dst_node_id=nodes[0], message_type="query") for content in contents]
    replies = grid.send_and_receive(messages)
    reasons = sorted(reply.error.reason if reply.has_error() else "it answered" for reply in replies)
    draft = Path(context.run_config["replies"] + ".new")
    draft.write_text(json.dumps(reasons))
    draft.rename(context.run_config["replies"])
"""
FOREIGN_CLIENT = """
from pathlib import Path
from flwr.app import Message, RecordDict
from flwr.clientapp import ClientApp

Path({marker!r}).write_text("loaded")
app = ClientApp()

@app.query()
def query(message, context):
    return Message(RecordDict(), reply_to=message)
"""


def main(folder: Path) -> dict[str, object]:
    """What became of each."""
    services.set_environment(folder / "flower")
    demo.prepare(folder, 1, 7)
    certificates = make_certificates(folder)
    with services.superlink(folder, certificates) as link:
        found: dict[str, object] = {
            "nodes": refused_nodes(folder, link),
            "command": refused_command(certificates.authority),
        }
        return found | foreign_app(folder, link)


def refused_nodes(folder: Path, link: services.Superlink) -> dict[str, list[object]]:
    """Exit status and output of SuperNodes that aren't known, or don't know the SuperLink."""
    (folder / "other").mkdir()
    other = make_certificates(folder / "other")
    key = services.new_node(folder, register=False)
    options = {
        "an unregistered key": services.known_by(link, key),
        "no key": ["--root-certificates", str(link.authority)],
        "another authority": ["--root-certificates", str(other.authority), "--auth-supernode-private-key", str(key)],
        "no TLS, a key": ["--insecure", "--auth-supernode-private-key", str(key)],
        "no TLS, no key": ["--insecure"],
    }
    return {name: supernode(link, some) for name, some in options.items()}


def supernode(link: services.Superlink, options: list[str]) -> list[object]:
    """Exit status and output of a SuperNode that should end soon."""
    command = [str(COMMANDS / "flower-supernode"), "--superlink", f"127.0.0.1:{link.port}", "--isolation", "process"]
    command += ["--port", str(free_port()), "--max-retries", "1", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return [done.returncode, done.stdout]


def refused_command(authority: Path) -> str:
    """What Flower's command says to a SuperLink without TLS."""
    config = authority.parent / "flower" / "config.toml"
    known = config.read_text()
    config.write_text(known.replace(f'root-certificates = "{authority.absolute()}"', "insecure = true"))
    try:
        return services.flwr("ls", services.CONNECTION)
    except services.FlowerError as error:
        return str(error)
    finally:
        config.write_text(known)


def foreign_app(folder: Path, link: services.Superlink) -> dict[str, object]:
    """What our node and one of Flower's own way answer to somebody else's app, and whether they executed it; and what
    an executor with another secret says."""
    marker, own, other = folder / "executed", folder / "node-1", folder / "node-2"
    app = write_app(folder / "app", marker)
    key = services.new_node(own)
    with services.supernode(link, own, services.known_by(link, key)) as address:
        found: dict[str, object] = {"another secret": executor_with_another_secret(folder, own, address)}
        with services.executor(address, folder / "federation.json", own):
            found |= {"our replies": replies(app, folder / "ours"), "ours executed it": marker.exists()}
    known = services.known_by(link, services.new_node(other))
    command = [str(COMMANDS / "flower-supernode"), "--superlink", f"127.0.0.1:{link.port}", *known]
    command += ["--port", str(free_port())]
    with guarded(Starting(command, lambda: True, "a SuperNode", other / "scratch")):
        return found | {"its replies": replies(app, folder / "its"), "Flower's executed it": marker.exists()}


def write_app(folder: Path, marker: Path) -> Path:
    """An app whose client leaves a mark where it is executed."""
    app = folder / "foreign"
    app.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(FOREIGN_PROJECT)
    (app / "__init__.py").touch()
    (app / "server.py").write_text(FOREIGN_SERVER)
    (app / "client.py").write_text(FOREIGN_CLIENT.format(marker=str(marker)))
    return folder


def replies(app: Path, path: Path) -> object:
    """What the node that is there answers to the app."""
    services.flwr("run", str(app), services.CONNECTION, "--run-config", f'replies="{path}"')
    deadline = time.monotonic() + SECONDS
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    return json.loads(path.read_text())


def executor_with_another_secret(folder: Path, own: Path, address: str) -> list[object]:
    """Exit status and output."""
    (folder / "secret").write_bytes(bytes(range(32)))
    command = [sys.executable, "-m", "offchain.ppdl.flower.executor", str(folder / "federation.json")]
    command += ["--readings", str(own / "readings.csv"), "--keys", str(own / "keys.json"), "--folder", str(own / "no")]
    command += ["--secret", str(folder / "secret"), "--runtime-api", address]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    return [done.returncode, done.stdout]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
