"""The end of the plasma chain: checkpoints are made final, authorities freeze, anyone halts, deposits go back."""

from __future__ import annotations

from typing import Any

import click

from offchain.command import Command
from offchain.commands.output import answer, columns, day_and_time, stages
from offchain.commands.plasma_session import Account, account_options

list_option = click.option("--list", "only_list", is_flag=True, help="Only show how far it is; send nothing.")


@click.command(cls=Command)
@list_option
@account_options(both=False)
def finalise(account: Account, only_list: bool) -> None:
    """Makes the checkpoints final whose challenge period is over, so that their exits can be paid.

    \b
    openmg plasma finalise
    openmg plasma finalise --list
    """
    from offchain.plasma import ending

    root = account.root
    sender = None if only_list else account.sender(root.node)
    with stages("making checkpoints final"):
        done = ending.finalise(root, sender) if sender else None
    final, state = root.final_epoch(), root.state()
    left = ending.waiting(root) if state == "running" or state.startswith("frozen") else []
    lines = [f"Checkpoint {done} is final now, and all before it."] if done else []
    lines += [f"Final up to checkpoint {final}. The plasma chain is {state}."]
    lines += [f"Checkpoint {one.checkpoint.epoch} can be final from {day_and_time(at)} UTC on." for one, at in left[:1]]
    waiting = [{"epoch": one.checkpoint.epoch, "from": at} for one, at in left]
    answer(account.as_json, {"finalised": done, "finalEpoch": final, "state": state, "waiting": waiting}, *lines)


@click.command(cls=Command)
@list_option
@account_options(both=False)
def halt(account: Account, only_list: bool) -> None:
    """Ends the plasma chain for good, if it is silent, leaves a message out, or was proven faulty. Anyone may.

    Then everybody leaves with the last final state. Checkpoints that are ready are made final first; others are void.

    \b
    openmg plasma halt --list      which trigger holds, or when; and what would be void
    openmg plasma halt
    """
    from offchain.plasma import ending

    root = account.root
    sender = None if only_list else account.sender(root.node)
    with stages("ending the plasma chain"):
        reason = ending.halt(root, sender) if sender else None
    halted, final = root.state() == "halted", root.final_epoch()
    content: dict[str, Any] = {"halted": halted, "reason": reason, "finalEpoch": final, "triggers": [], "waiting": []}
    if halted:
        how = f"The plasma chain is halted now: {reason}." if reason else "The plasma chain has halted already."
        counts = f"What counts is checkpoint {final}, the last final one." if final else "No checkpoint was final."
        answer(account.as_json, content, how, f"{counts} Go on with `openmg plasma refund` and `openmg plasma escape`.")
        return
    now, due = root.node.time(), ending.triggers(root)
    lines = [] if any(one.holds(now) for one in due) else ["No trigger holds yet."]
    for one in due:
        when = "can be halted now" if one.holds(now) else f"can be halted from {day_and_time(one.due)} UTC on"
        lines.append(f"The plasma chain {when}: {one.reason}.")
    left = ending.waiting(root)
    if left:
        first, last = left[0][0].checkpoint.epoch, left[-1][0].checkpoint.epoch
        lines.append(f"A halt makes void what isn't ready to be final; checkpoints after {first - 1} aren't final yet.")
        lines.append(f"Checkpoint {last}, the newest, can be final from {day_and_time(left[-1][1])} UTC on.")
    content["triggers"] = [{"reason": one.reason, "from": one.due} for one in due]
    content["waiting"] = [{"epoch": one.checkpoint.epoch, "from": at} for one, at in left]
    answer(account.as_json, content, *lines)


@click.command(cls=Command)
@list_option
@click.option("--of", "depositor", metavar="ADDRESS", help="Whose deposits.  [default: the signing account's]")
@account_options(both=False)
def refund(account: Account, only_list: bool, depositor: str | None) -> None:
    """After the halt, gives back the deposits that the plasma chain had not taken. Run it again until all are.

    \b
    openmg plasma refund
    openmg plasma refund --list --of 0x...
    """
    from offchain.plasma.refunds import Refunds

    whose = account.chosen(depositor)
    refunds = Refunds(account.root)
    with stages("giving deposits back"):
        found = list(refunds.of(whose) if only_list else refunds.advance(account.sender(account.root.node), whose))
    content = [
        {
            "message": one.id,
            "asset": one.message.asset,
            "amount": str(one.message.amount),
            "refunded": str(one.refunded),
        }
        for one in found
    ]
    rows = []
    for one in found:
        asset = account.assets.at(one.message.asset)
        how = "refunded" if not one.left else f"not refunded: {asset.shown(one.left)}"
        rows.append((f"message {one.id}", asset.shown(one.message.amount), how))
    answer(account.as_json, {"refunds": content}, *(columns(rows) if rows else ["No deposits were left."]))


@click.command(cls=Command)
@click.argument("signatures", nargs=-1, metavar="[SIGNATURE]...")
@account_options(both=False)
def freeze(account: Account, signatures: tuple[str, ...]) -> None:
    """Freezes the plasma chain for a while, with the signatures of f + 1 authorities: time to look at what can't be
    proven.

    An authority signs with its key. As long as there are too few, the signature is printed for the next authority;
    with enough the chain is frozen.

    \b
    openmg plasma freeze --key a1.key            the first authority: prints 0x...
    openmg plasma freeze 0x... --key a2.key      the next one, of four: freezes
    """
    from offchain.plasma.freezing import Freeze, FreezeError
    from offchain.plasma.records import RecordError, to_bytes, to_hex

    key = account.key
    try:
        given = [to_bytes(one) for one in signatures]
    except RecordError as error:
        raise FreezeError(f"a signature is none: {error}") from error
    until = _frozen_until(account)
    if until:
        content = {"frozenUntil": until, "signatures": [], "needed": 0}
        answer(account.as_json, content, f"The plasma chain is frozen until {day_and_time(until)} UTC.")
        return
    freeze_ = Freeze.next(account.root)
    signed = freeze_.checked(given)
    if key.address in freeze_.members:
        signed |= {str(key.address): freeze_.signed(key)}
    elif len(signed) < freeze_.needed:
        raise FreezeError(f"{len(signed)} of {freeze_.needed} signatures, and {key.address} is no authority that signs")
    shown = [to_hex(one) for one in signed.values()]
    lines = [f"{len(signed)} of {freeze_.needed} signatures. The next authority goes on, with its own --key:"]
    lines.append(f"openmg plasma freeze {' '.join(shown)}")
    if len(signed) >= freeze_.needed:
        with stages("freezing"):
            until = freeze_.send(account.sender(account.root.node), signed.values())
        lines = [f"The plasma chain is frozen until {day_and_time(until)} UTC."]
    answer(account.as_json, {"frozenUntil": until, "signatures": shown, "needed": freeze_.needed}, *lines)


def _frozen_until(account: Account) -> int | None:
    """When a freeze ends that lasts."""
    root = account.root
    until = int(root.node.ask(root.root.functions.frozenUntil()))
    return until if root.state().startswith("frozen") else None
