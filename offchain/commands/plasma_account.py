"""Money between the root chain and the plasma chain: deposits and exits."""

from __future__ import annotations

import click

from offchain.command import Amount, Command
from offchain.commands.output import answer, columns, stages
from offchain.commands.plasma_session import Account, account_options


@click.command(cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset", default="ETH")
@click.option("--to", metavar="ADDRESS", help="Account on the plasma chain.  [default: the same account]")
@account_options()
def deposit(account: Account, amount: int, asset: str, to: str | None) -> None:
    """Deposits AMOUNT of ASSET (ETH, or a listed token's address) from the root chain for the plasma chain.

    It arrives there when its block on the root chain is final.

    \b
    openmg plasma deposit 2 ETH
    openmg plasma deposit 100 0x... --to 0x...
    """
    from offchain.plasma.events import MessageSent, event_in

    recipient, root, what = account.chosen(to), account.root, account.assets.parse(asset)
    units = what.base_units(amount)
    sender, vault = account.sender(root.node), root.vault.functions
    with stages("depositing"):
        if what.name == "ETH":
            receipt = sender.transact(vault.depositEth(recipient), units)
        else:
            from offchain.artifacts import load

            token = load("Token").at(root.node.web3, what.address).functions
            if token.allowance(sender.address, root.vault.address).call() < units:
                sender.transact(token.approve(root.vault.address, units))
            receipt = sender.transact(vault.depositToken(what.address, recipient, units))
    message, transaction = event_in(MessageSent, receipt["logs"]), receipt["transactionHash"].to_0x_hex()
    content = {"message": message.id, "recipient": recipient, "amount": str(units), "transaction": transaction}
    shown = f"Deposited {what.shown(units)} for {recipient}, message {message.id}: {transaction}"
    answer(account.as_json, content, shown)


@click.command("exit", cls=Command)
@click.argument("amount", type=Amount())
@click.argument("asset", default="ETH")
@click.option("--to", metavar="ADDRESS", help="Account on the root chain.  [default: the same account]")
@account_options()
def exit_command(account: Account, amount: int, asset: str, to: str | None) -> None:
    """Burns AMOUNT of ASSET on the plasma chain, to be paid on the root chain; `openmg plasma exits` sees it through.

    \b
    openmg plasma exit 1 ETH
    openmg plasma exit 100 0x... --to 0x...
    """
    from offchain.artifacts import load
    from offchain.plasma.events import ExitBurned, event_in
    from offchain.plasma.messages import BRIDGE

    recipient, what = account.chosen(to), account.assets.parse(asset)
    plasma, units = account.plasma, what.base_units(amount)
    sender, bridge = account.sender(plasma), load("PlasmaBridge").at(plasma.web3, BRIDGE).functions
    with stages("burning"):
        if what.name == "ETH":
            receipt = sender.transact(bridge.exitEth(recipient), units)
        else:
            receipt = sender.transact(bridge.exitToken(what.address, recipient, units))
    burned, transaction = event_in(ExitBurned, receipt["logs"]), receipt["transactionHash"].to_0x_hex()
    content = {"exit": burned.id, "recipient": recipient, "amount": str(units), "transaction": transaction}
    shown = f"Exit {burned.id} of {what.shown(units)} to {recipient}: {transaction}"
    answer(account.as_json, content, shown)


@click.command(cls=Command)
@click.option("--list", "only_list", is_flag=True, help="Only show how far they are; send nothing.")
@click.option("--of", "recipient", metavar="ADDRESS", help="Whose exits.  [default: the signing account's]")
@click.option("--started", is_flag=True, help="Only those that were started: needs no node of the plasma chain.")
@account_options()
def exits(account: Account, only_list: bool, recipient: str | None, started: bool) -> None:
    """Takes the next step of each exit that is due: start, release, pay. Run it again until all are paid.

    \b
    openmg plasma exits
    openmg plasma exits --list --of 0x...
    """
    from offchain.plasma.exits import Exits

    whose = account.chosen(recipient)
    sender = None if only_list else account.sender(account.root.node)
    of_all = Exits(account.root, None if started else account.plasma)
    done = []
    if sender is not None:
        with stages("seeing exits through"):
            done = [(state.exit.id, what) for state, what in of_all.advance(sender, whose)]
    states = of_all.of(whose)
    content = [
        {"exit": one.exit.id, "asset": one.exit.asset, "amount": str(one.exit.amount), "stage": one.stage.value}
        for one in states
    ]
    rows = [
        (f"exit {one.exit.id}", account.assets.at(one.exit.asset).shown(one.exit.amount), one.stage.value)
        for one in states
    ]
    lines = [f"Exit {number}: {what}." for number, what in done]
    steps = [{"exit": number, "step": what} for number, what in done]
    answer(account.as_json, {"done": steps, "exits": content}, *lines, *(columns(rows) if rows else ["No exits."]))
