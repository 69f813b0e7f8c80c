"""Settles sessions that are over: pays the rest back, then signs the receipt."""

from __future__ import annotations

from collections.abc import Callable

import requests
from web3.exceptions import Web3Exception

from offchain.charging.incoming import Incoming
from offchain.charging.journal import Session
from offchain.charging.once import Once
from offchain.charging.receipt import Receipt
from offchain.charging.station import Station
from offchain.errors import UserError
from offchain.wallet.address import Address


class Cashier:
    """Pays a station's refunds. For one thread: the one whose wallet it has."""

    def __init__(self, station: Station, chain: Incoming, once: Once, failed: Callable[[str], None]) -> None:
        self._station, self._chain, self._once, self._failed = station, chain, once, failed
        self.problems: list[str] = []
        """What hindered the last step."""

    def step(self) -> list[Receipt]:
        """Settles all that is due and can be: a refund may wait for a flush. What hinders one is told once, and tried
        again with the next step."""
        receipts, said, self.problems = [], self.problems, []
        for session in self._station.due():
            try:
                receipts.append(self._settle(session))
            except (UserError, requests.RequestException, Web3Exception) as error:
                self.problems.append(f"session {session.quote.session[:8]} can't be settled yet: {error}")
        for problem in self.problems:
            if problem not in said:
                self._failed(problem)
        return receipts

    def _settle(self, session: Session) -> Receipt:
        quote, bill = session.quote, session.bill
        for paid in session.payments:
            self._chain.notes(paid.transaction)  # raises for what a reorganisation took back
        if not bill.refund:
            return self._station.settle(session, None)
        receiver = Address.parse(quote.refund_address)
        refund = self._once.pay(f"refund {quote.session}", receiver, bill.refund, quote.asset)
        return self._station.settle(session, refund.transaction)
