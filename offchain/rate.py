"""How much one sender of requests may ask for."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address

REMEMBERED = 10_000
IPV6_BITS_OF_HOST = 64


class Rate:
    """So many requests at once per network address or other name, filled up again at `per_minute`. Addresses are
    forgotten, the ones longest unseen first, and never written anywhere; of IPv6 the network counts. For one thread."""

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._most, self._clock = per_minute / 60, float(at_once), clock
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def allows(self, host: str) -> bool:
        """Whether another request of that address may come now; if so, it is counted."""
        key, now = _network(host), self._clock()
        left, last = self._left.pop(key, (self._most, now))
        left = min(self._most, left + (now - last) * self._per_second)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now)
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return allowed


def _network(host: str) -> object:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return int(address) >> IPV6_BITS_OF_HOST if address.version == 6 else address
