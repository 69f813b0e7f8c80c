"""Hands out the built page, the circuits' keys, and a file that says where chain and services are.

The page is a wallet: whoever serves it is trusted by whoever opens it. Its policy lets it run no script but its own
files and ask nobody but the services named here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from offchain.deployment.manifest import Manifest
from offchain.deployment.parts import MICROGRIDS
from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.http_service import answer_errors, error_answer
from offchain.zk.circuits import KEYS

BUILT = PROJECT / "offchain" / "dashboard" / "dist"
CIRCUITS = ("joinsplit", "consolidate", "trade", "issue", "settle")
"""Those that a wallet proves with."""
KEY_FILES = {"manifest.json", *(f"{name}.{kind}" for name in CIRCUITS for kind in ("wasm", "zkey", "vkey.json"))}

MODELS = "ppdl_registry"
ROOT_CONTRACTS = {"checkpoints": "plasma_root", "vault": "plasma_vault", "challenges": "plasma_challenges"}
"""What the page calls the plasma chain's contracts on the root chain, and their names in its manifest."""

FOR_GOOD = "public, max-age=31536000, immutable"
"""For files whose names change with their content."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SiteError(UserError):
    """Says in one line why the page can't be served."""


@dataclass(frozen=True)
class Services:
    """URLs that the page asks: a node of the chain; a relayer, readings' bundles, the API and a node of the root chain
    where there are some."""

    node: str
    relayer: str | None = None
    bundles: str | None = None
    api: str | None = None
    root: str | None = None

    def __post_init__(self) -> None:
        for url in self._urls:
            if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
                raise SiteError(f"{url} is no address that a page can ask: give http://HOST:PORT")

    @property
    def named(self) -> dict[str, str]:
        """Those of the chain itself that are there, by name."""
        found = {"node": self.node, "relayer": self.relayer, "bundles": self.bundles, "api": self.api}
        return {name: url for name, url in found.items() if url}

    @property
    def origins(self) -> list[str]:
        """Schemes, hosts and ports, each once."""
        parts = [urlsplit(url) for url in self._urls]
        return sorted({f"{part.scheme}://{part.netloc}" for part in parts})

    @property
    def _urls(self) -> list[str]:
        return [*self.named.values(), *([self.root] if self.root else [])]


def network_file(
    manifest: Manifest, services: Services, root: Manifest | None = None, zone: str | None = None
) -> dict[str, Any]:
    """What the page reads first; `root` is the manifest of the root chain that `services` names a node of, `zone` the
    microgrids' time zone (IANA). Raises DeploymentError if the platform isn't deployed."""
    tokens = {name: manifest.address(name) for name in MICROGRIDS if name in manifest.contracts}
    contracts = {name: manifest.address(name) for name in ("pool", "registry", "factory")}
    whole = {"chain_id": manifest.chain_id, **contracts, "tokens": tokens, "keys": "keys/", **services.named}
    if zone is not None:
        whole["zone"] = zone
    if MODELS in manifest.contracts:
        whole["models"] = manifest.address(MODELS)
    if root is not None and services.root is not None:
        named = {name: root.address(part) for name, part in ROOT_CONTRACTS.items()}
        whole["root"] = {"chain_id": root.chain_id, "node": services.root, **named}
    return whole


def policy(services: Services) -> str:
    """The page's Content-Security-Policy. snarkjs's workers begin as `blob:` of the page's own script, those that sum
    points are its files."""
    connect = " ".join(["'self'", *services.origins])
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; "
        f"img-src 'self'; font-src 'self'; connect-src {connect}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def site(
    network: Mapping[str, Any],
    services: Services,
    built: Path = BUILT,
    keys: Path = KEYS,
    bundles: Path | None = None,
) -> FastAPI:
    """The application; `bundles`: a folder of readings' bundles that it hands out too. Raises SiteError if the page
    wasn't built."""
    if not (built / "index.html").exists():
        raise SiteError(f"the page is not built in {built}: run `npm ci && npm run build` in offchain/dashboard")
    app = FastAPI(title="Enhanced Open MG page", docs_url=None, redoc_url=None, openapi_url=None)
    sent = HEADERS | {"Content-Security-Policy": policy(services)}

    @app.middleware("http")
    async def add_headers(http: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(http)
        response.headers.update(sent)
        named_by_content = http.url.path.startswith("/assets/") and response.status_code == 200
        response.headers.setdefault("Cache-Control", FOR_GOOD if named_by_content else "no-cache")
        return response

    @app.get("/network.json")
    async def network_of_page() -> JSONResponse:
        return JSONResponse(dict(network) | ({"bundles": "bundles/"} if bundles else {}))

    @app.get("/keys/{name}")
    async def key(name: str) -> Response:
        if name not in KEY_FILES:
            return error_answer(404, f"there is no key file {name[:40]}")
        return FileResponse(keys / name)

    answer_errors(app, {})
    if bundles is not None:
        app.mount("/bundles", StaticFiles(directory=bundles))
    app.mount("/", StaticFiles(directory=built, html=True))
    return app
