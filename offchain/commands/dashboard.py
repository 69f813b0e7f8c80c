"""The page in the browser."""

from __future__ import annotations

import click

from offchain.command import Command
from offchain.commands.output import answer, json_option
from offchain.commands.session import listen, network, rpc_option


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Network address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8660, show_default=True)
@click.option(
    "--relayer", metavar="URL", help="Relayer that the page sends through; it must know this page's --origin."
)
@click.option("--readings", metavar="URL", help="Where the page fetches bundles of readings.")
@click.option("--api", metavar="URL", help="Service of prices, forecasts and a home's energy.")
@rpc_option
@json_option
def dashboard(
    host: str, port: int, relayer: str | None, readings: str | None, api: str | None, rpc: str | None, as_json: bool
) -> None:
    """Serves the page with the wallet that runs in the browser, until Ctrl-C.

    \b
    openmg dashboard --relayer http://127.0.0.1:8650
    """
    from offchain import http_service
    from offchain.chains import PLASMA
    from offchain.dashboard.site import Services, network_file, site

    chain = network(rpc)
    services = Services(rpc or PLASMA.url, relayer, readings, api)
    app = site(network_file(chain.manifest, services), services)
    listening = listen(host, port)
    url = f"http://{host}:{port}"
    answer(as_json, {"url": url}, f"The page is at {url}", "Press Ctrl-C to stop.")
    click.get_text_stream("stdout").flush()
    http_service.serve(app, listening)
