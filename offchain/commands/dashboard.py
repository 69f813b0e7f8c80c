"""The page in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from offchain.command import Command
from offchain.commands.output import answer, json_option
from offchain.commands.plasma_session import root_option
from offchain.commands.reporting import reporting
from offchain.commands.session import SessionError, listen, network, rpc_option

if TYPE_CHECKING:
    from offchain.deployment.manifest import Manifest


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8680, show_default=True)
@click.option(
    "--relayer", metavar="URL", help="Relayer that the page sends through; it must know this page's --origin."
)
@click.option("--readings", metavar="URL", help="Where the page fetches bundles of readings.")
@click.option("--api", metavar="URL", help="Service of prices, forecasts and a home's energy.")
@click.option("--public-rpc", metavar="URL", help="Node of the chain for the page, if it can't ask that of --rpc.")
@click.option("--public-root", metavar="URL", help="Node of the root chain for the page, likewise.")
@rpc_option
@root_option
@json_option
def dashboard(
    host: str,
    port: int,
    relayer: str | None,
    readings: str | None,
    api: str | None,
    public_rpc: str | None,
    public_root: str | None,
    rpc: str | None,
    root_url: str | None,
    as_json: bool,
) -> None:
    """Serves the page with the wallet that runs in the browser, until Ctrl-C.

    \b
    openmg dashboard --relayer http://127.0.0.1:8650
    """
    from offchain import http_service
    from offchain.chains import PLASMA
    from offchain.dashboard.site import Services, network_file, site
    from offchain.node import Node
    from offchain.settings import settings

    chain = network(rpc)
    root, root_manifest = _root(root_url)
    services = Services(public_rpc or rpc or PLASMA.url, relayer, readings, api, root and (public_root or root))
    app = site(network_file(chain.manifest, services, root_manifest, settings.time_zone), services)
    listening = listen(host, port)
    url = f"http://{host}:{port}"
    answer(as_json, {"url": url}, f"The page is at {url}", "Press Ctrl-C to stop.")
    click.get_text_stream("stdout").flush()
    with reporting({"node": Node(chain.web3).height}):
        http_service.serve(app, listening)


def _root(url: str | None) -> tuple[str | None, Manifest | None]:
    """A node of the root chain and that chain's manifest; none where no URL is given and no local chain with the plasma
    chain's contracts runs. Raises UserError."""
    from offchain.chains import ROOT, connect, find
    from offchain.deployment.manifest import Manifest
    from offchain.node import Node

    if url is not None and not url.startswith(("http://", "https://")):
        raise SessionError(f"--root {url}: give http://HOST:PORT")
    found = find(ROOT) if url is None else None
    node = found.url if found is not None else url
    if node is None:
        return None, None
    manifest = Manifest.open(Node(connect(node)).chain_id())
    return (node, manifest) if url or "plasma_root" in manifest.contracts else (None, None)
