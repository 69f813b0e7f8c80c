"""Burns that can be released, for the tests of what leaves the vault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from offchain.plasma.messages import Exit
from tests.plasma.stage import ETH, WINDOW, Plasma

CAP = 1000
SUPPLY = 10**12

Burned = Callable[..., list[Exit]]


def burning(plasma: Plasma, sender: Any, recipient: Any) -> Burned:
    """Makes burns that are started and final, backed by as much or by what is said, the newest window just begun."""

    def burned(*amounts: int, backing: int | None = None, asset: Any = ETH, to: Any = recipient) -> list[Exit]:
        held = sum(amounts) if backing is None else backing
        if held:
            plasma.chain.deliver(plasma.deposit(sender, held, asset=asset))
        exits = [plasma.chain.burn(asset, sender, to, amount) for amount in amounts]
        plasma.seal_and_submit()
        for exit_ in exits:
            plasma.start_exit(exit_)
        plasma.finalise()
        plasma.wait(next_window(plasma) - plasma.now)
        return exits

    return burned


def listed_token(plasma: Plasma, project: Any, deployer: Any, holder: Any) -> Any:
    """A token, listed with CAP, that behaves as it is told; half of it is the holder's."""
    token = deployer.deploy(project.PlannedToken, SUPPLY)
    token.transfer(holder, SUPPLY // 2, sender=deployer)
    plasma.vault.listToken(token, CAP, sender=plasma.owner)
    return token


def next_window(plasma: Plasma) -> int:
    """When the next window begins."""
    return (plasma.now // WINDOW + 1) * WINDOW


def release(plasma: Plasma, exit_: Exit) -> Any:
    """Releases what can be of an exit."""
    return plasma.vault.releaseExit(exit_.abi(), sender=plasma.owner)
