"""Private trades on the exchange: their output, their limits, and what others could try with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from offchain.exchange import PoolState
from offchain.wallet.note import ETH, commitment
from offchain.wallet.request import Request, SwapOrder
from offchain.zk.field import MODULUS
from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import ETHER, input_price, output_price
from tests.unit.shielded import EPOCH_SECONDS, KWH, MAX_DEVIATION, PRICE_WINDOW, WATT_HOUR, Shielded, number
from tests.unit.test_oracle import Pin

CLASSES = [1, 9, 10, 11, 90, 99, 100, 110, 990, 1_000, 25_000, 8_700_000, 4_200_000_000]
TRADED = [100, 230, 990, 1_000, 7_000, 10_000, 300_000, 1_000_000, 5_000_000]
"""What the exchanges have room for."""
LARGEST = TRADED[-1]
ENERGY = 20_000 * KWH
"""In either exchange, beside 100 ETH: a Wh is worth 5e12 wei."""
ZERO = "0x" + "00" * 20
UNLIMITED = 2**256 - 1


@dataclass(frozen=True)
class Market:
    """Two microgrids' exchanges, founded at the start of `epoch`; `now` is a time of it when averages are known."""

    shielded: Shielded
    north: Pool
    south: Pool
    epoch: int
    now: int

    def buy(self, wei: int, cap: int = LARGEST, minimum: int = 1, epoch: int | None = None, **signals: int) -> Request:
        """ETH for energy of the north."""
        order = SwapOrder(self.north.token.address, minimum, number())
        return self.shielded.swap(ETH, wei, order, self.epoch if epoch is None else epoch, cap, **signals)

    def sell(
        self, energy: int, cap: int = LARGEST, minimum: int = 1, epoch: int | None = None, **signals: int
    ) -> Request:
        """Energy of the north for ETH."""
        order = SwapOrder(ETH, minimum, number())
        epoch = self.epoch if epoch is None else epoch
        return self.shielded.swap(self.north.token, energy, order, epoch, cap, **signals)

    def cross(
        self, energy: int, cap: int = LARGEST, minimum: int = 1, epoch: int | None = None, **signals: int
    ) -> Request:
        """Energy of the north for energy of the south."""
        order = SwapOrder(self.south.token.address, minimum, number())
        epoch = self.epoch if epoch is None else epoch
        return self.shielded.swap(self.north.token, energy, order, epoch, cap, **signals)


@pytest.fixture(scope="module")
def founded(
    shielded: Shielded,
    new_pool: NewPool,
    deployer: Any,
    operator: Any,
    liquidity_provider: Any,
    trader: Any,
    chain: Any,
) -> Market:
    """Both exchanges, observed once; 40 ETH and 100 MWh of the north are in the pool."""
    start = (int(chain.pending_timestamp) // EPOCH_SECONDS + 100) * EPOCH_SECONDS
    chain.provider.set_timestamp(start)
    pools = []
    for microgrid, token in enumerate((shielded.north, shielded.south), start=1):
        for holder in (liquidity_provider, trader):
            shielded.registry.setAccount(microgrid, holder, True, sender=operator)
            token.mint(holder, 10 * ENERGY, sender=operator)
        pool = new_pool(token, 100 * ETHER, ENERGY, create="createOracleExchange")
        pool.exchange.observe(sender=deployer)
        pools.append(pool)
    shielded.pool.shield(ETH, 40 * ETHER, number(), b"", sender=trader, value=40 * ETHER)
    shielded.north.approve(shielded.pool, UNLIMITED, sender=trader)
    shielded.pool.shield(shielded.north, 5 * ENERGY, number(), b"", sender=trader)
    return Market(shielded, pools[0], pools[1], start // EPOCH_SECONDS, start + PRICE_WINDOW + 100)


@pytest.fixture
def market(founded: Market, at_time: Pin) -> Market:
    """The market, the next block being in its epoch."""
    at_time(founded.now)
    return founded


def inside(market: Market) -> list[int]:
    """What may leave the shielded pool: ETH, north, south."""
    assets = (ETH, market.north.token, market.south.token)
    return [market.shielded.pool.inside(asset) for asset in assets]


def held(market: Market) -> list[int]:
    """Energy and allowances that the shielded pool has."""
    pool = market.shielded.pool
    return [side.token.balanceOf(pool) for side in (market.north, market.south)]


def check_output(market: Market, request: Request, receipt: Any, amount_in: int, amount_out: int, cap: int) -> None:
    """The output is the first note, made out to the order's npk; nullifiers and events are exact."""
    pool, order = market.shielded.pool, request.details
    assert isinstance(order, SwapOrder)
    expected = commitment(order.npk, order.asset, amount_out)
    (spent,) = receipt.decode_logs(pool.NullifiersSpent)
    (queued,) = receipt.decode_logs(pool.NotesQueued)
    (swapped,) = receipt.decode_logs(pool.Swapped)
    position = pool.queued() - 4
    assert spent == pool.NullifiersSpent(nullifiers=list(request.nullifiers))
    commitments = [expected, *request.commitments]
    assert queued == pool.NotesQueued(firstPosition=position, commitments=commitments, ciphertexts=b"sealed")
    assert swapped == pool.Swapped(
        assetIn=f"0x{request.signals[9]:040x}",
        assetOut=order.asset,
        amountIn=amount_in,
        amountOut=amount_out,
        npk=order.npk,
        cap=cap,
        position=position,
    )
    assert receipt.return_value == amount_out
    assert pool.waiting(position) == expected
    assert pool.isSlotUsed(request.signals[6])
    assert not pool.isSlotUsed(request.signals[5])


def test_ether_for_energy(market: Market, stranger: Any) -> None:
    """S13 ETH leaves, energy is bought, burned and queued as a note; the pool keeps none."""
    ether, north, south = inside(market)
    supply, bought = market.north.token.totalSupply(), input_price(ETHER, 100 * ETHER, ENERGY)
    request = market.buy(ETHER)
    receipt = market.shielded.send(request, stranger)
    check_output(market, request, receipt, ETHER, bought, LARGEST)
    assert inside(market) == [ether - ETHER, north + bought, south]
    assert market.shielded.pool.balance == ether - ETHER
    assert (market.north.eth, market.north.tokens) == (101 * ETHER, ENERGY - bought)
    assert market.north.token.totalSupply() == supply - bought
    assert held(market) == [0, 0]


def test_energy_for_ether(market: Market, stranger: Any) -> None:
    """S13 energy is minted for the exchange, ETH comes in and is queued as a note."""
    ether, north, south = inside(market)
    sold = 1000 * KWH
    supply, bought = market.north.token.totalSupply(), input_price(sold, ENERGY, 100 * ETHER)
    request = market.sell(sold)
    receipt = market.shielded.send(request, stranger)
    check_output(market, request, receipt, sold, bought, LARGEST)
    assert inside(market) == [ether + bought, north - sold, south]
    assert market.shielded.pool.balance == ether + bought
    assert (market.north.eth, market.north.tokens) == (100 * ETHER - bought, ENERGY + sold)
    assert market.north.token.totalSupply() == supply + sold
    assert held(market) == [0, 0]


def test_energy_for_energy(market: Market, stranger: Any) -> None:
    """S13 through both exchanges: minted on one side, burned on the other."""
    ether, north, south = inside(market)
    sold = 500 * KWH
    wei = input_price(sold, ENERGY, 100 * ETHER)
    bought = input_price(wei, 100 * ETHER, ENERGY)
    supplies = [side.token.totalSupply() for side in (market.north, market.south)]
    request = market.cross(sold)
    receipt = market.shielded.send(request, stranger)
    check_output(market, request, receipt, sold, bought, LARGEST)
    assert inside(market) == [ether, north - sold, south + bought]
    assert market.shielded.pool.balance == ether
    assert (market.north.eth, market.south.eth) == (100 * ETHER - wei, 100 * ETHER + wei)
    assert [side.token.totalSupply() for side in (market.north, market.south)] == [
        supplies[0] + sold,
        supplies[1] - bought,
    ]
    assert held(market) == [0, 0]


def test_allowance_is_kept(market: Market, stranger: Any) -> None:
    """S13 the exchange of each energy is approved once, without limit, and no other account ever is."""
    pool, north, south = market.shielded.pool, market.north, market.south
    assert north.token.allowance(pool, north.exchange) == 0
    first = market.shielded.send(market.sell(KWH), stranger)
    assert len(first.decode_logs(north.token.Approval)) == 1
    second = market.shielded.send(market.sell(KWH), stranger)
    assert second.decode_logs(north.token.Approval) == []
    assert north.token.allowance(pool, north.exchange) == UNLIMITED
    market.shielded.send(market.cross(KWH), stranger)
    assert south.token.allowance(pool, south.exchange) == north.token.allowance(pool, south.exchange) == 0


def test_notes_left_out(market: Market, stranger: Any) -> None:
    """S13 the output is queued alone if the proof makes no notes."""
    request = market.buy(ETHER, commitment0=0, commitment1=0, commitment2=0)
    receipt = market.shielded.send(request, stranger)
    (queued,) = receipt.decode_logs(market.shielded.pool.NotesQueued)
    assert isinstance(request.details, SwapOrder)
    expected = commitment(request.details.npk, market.north.token.address, receipt.return_value)
    assert queued.commitments == [expected]


@pytest.mark.parametrize("npk", [MODULUS, 2**256 - 1])
def test_output_key_is_a_field_element(market: Market, denied: Refused, npk: int) -> None:
    """S13 the output's npk is below the field's modulus, as a shield's."""
    order = SwapOrder(market.north.token.address, 1, npk)
    request = market.shielded.swap(ETH, ETHER, order, market.epoch, LARGEST)
    denied(request, error=("NotInField(uint256)", npk), time=market.now)


def test_minimum(market: Market, denied: Refused, stranger: Any) -> None:
    """S13 the minimum is met exactly; one unit more is refused, and a minimum of nothing too."""
    below = "BelowMinimum(uint256,uint256)"
    bought = input_price(ETHER, 100 * ETHER, ENERGY)
    wei = input_price(KWH, ENERGY, 100 * ETHER)
    crossed = input_price(wei, 100 * ETHER, ENERGY)
    for make, given, got in (
        (market.buy, ETHER, bought),
        (market.sell, KWH, wei),
        (market.cross, KWH, crossed),
    ):
        denied(make(given, minimum=got + 1), error=(below, got + 1, got), time=market.now)
        denied(make(given, minimum=0), error="ZeroAmount()", time=market.now)
    receipt = market.shielded.send(market.buy(ETHER, minimum=bought), stranger)
    assert receipt.return_value == bought


def test_nothing_is_no_trade(market: Market, denied: Refused) -> None:
    """S14 a swap gives something, and wants another asset than it gives."""
    for make in (market.buy, market.sell, market.cross):
        denied(make(0), error=("InvalidAmount(uint256)", 0), time=market.now)
    north = market.north.token
    for asset in (ETH, north.address):
        request = market.shielded.swap(asset, KWH, SwapOrder(asset, 1, 1), market.epoch, LARGEST)
        denied(request, error=("NotATrade(address,address)", asset, asset), time=market.now)


def test_only_energy_is_traded(
    market: Market, denied: Refused, factory: Any, project: Any, deployer: Any, new_pool: NewPool, stranger: Any
) -> None:
    """S14 other tokens, though they have an oracle exchange and are in the pool, can't be sold or bought."""
    token = deployer.deploy(project.Token, 10**30)
    factory.createOracleExchange(token, sender=deployer)
    token.approve(market.shielded.pool, 1000, sender=deployer)
    market.shielded.pool.shield(token, 1000, number(), b"", sender=deployer)
    error = ("InvalidAsset(address)", token)
    north = market.north.token.address
    for given, wanted in ((ETH, token.address), (token, ETH), (token, north), (north, token.address)):
        request = market.shielded.swap(given, 1, SwapOrder(wanted, 1, 1), market.epoch, 200)
        denied(request, error=error, time=market.now)
    for given, wanted in ((stranger, ETH), (ETH, stranger.address), (ETH, ZERO)):
        error = ("InvalidAsset(address)", stranger if wanted != ZERO else ZERO)
        denied(market.shielded.swap(given, 1, SwapOrder(wanted, 1, 1), market.epoch, 200), error=error, time=market.now)


def test_asset_has_160_bits(market: Market, denied: Refused) -> None:
    """S14 what is given is one number only: an address with further bits is refused."""
    asset = int(ETH, 16) + 2**160
    request = market.shielded.swap(asset, 1, SwapOrder(market.north.token.address, 1, 1), market.epoch, 200)
    denied(request, error=("NotInField(uint256)", asset), time=market.now)


def test_energy_without_exchange(market: Market, project: Any, deployer: Any, operator: Any, denied: Refused) -> None:
    """S14 energy that has no exchange yet can't be traded, and says so."""
    token = deployer.deploy(project.EnergyToken, "New", "NEW", operator)
    rules = (operator.address, EPOCH_SECONDS, 0, PRICE_WINDOW, MAX_DEVIATION)
    market.shielded.registry.addMicrogrid(token, rules, sender=operator)
    request = market.shielded.swap(ETH, 1, SwapOrder(token.address, 1, 1), market.epoch, 200)
    denied(request, error=("InvalidAsset(address)", token), time=market.now)


@pytest.fixture
def wide(market: Market, operator: Any) -> Market:
    """The market, in which the price may double or fall to nothing."""
    for microgrid in (1, 2):
        rules = (operator, EPOCH_SECONDS, 0, PRICE_WINDOW, 10_000)
        market.shielded.registry.changeMicrogrid(microgrid, rules, sender=operator)
    return market


@pytest.mark.parametrize("cap", TRADED)
def test_cap_classes(wide: Market, denied: Refused, stranger: Any, chain: Any, cap: int) -> None:
    """S15 of a class exactly the cap is traded, one base unit more is refused."""
    market = wide
    most = cap * WATT_HOUR
    error = ("CapExceeded(uint256,uint256)", most + 1, most)
    denied(market.sell(most + 1, cap), error=error, time=market.now)
    denied(market.cross(most + 1, cap), error=error, time=market.now)
    price = output_price(most, 100 * ETHER, ENERGY)
    bought = input_price(price, 100 * ETHER, ENERGY)
    assert bought >= most
    if bought > most:
        error = ("CapExceeded(uint256,uint256)", bought, most)
        denied(market.buy(price, cap), error=error, time=market.now)
    assert input_price(price - 1, 100 * ETHER, ENERGY) <= most
    for request in (market.buy(price - 1, cap), market.sell(most, cap), market.cross(most, cap)):
        with chain.isolate():
            assert not market.shielded.send(request, stranger).failed


def test_cap_holds_for_what_is_bought(market: Market, trader: Any, denied: Refused) -> None:
    """S15 in a trade between microgrids both sides' energy is within the cap, also if the bought one is cheaper."""
    market.south.exchange.tokenToEthSwapInput(400 * KWH, 1, 2**40, sender=trader)
    reserves = market.south.eth, market.south.tokens
    sold = 200 * WATT_HOUR
    bought = input_price(input_price(sold, ENERGY, 100 * ETHER), *reserves)
    assert bought > sold
    denied(market.cross(sold, 200), error=("CapExceeded(uint256,uint256)", bought, sold), time=market.now + 1)


@pytest.mark.parametrize("cap", CLASSES)
def test_neighbours_of_cap_classes(market: Market, denied: Refused, cap: int) -> None:
    """S15 at most two digits and zeros are classes, their neighbours and multiples with more none."""
    most = cap * WATT_HOUR
    denied(market.sell(most + 1, cap), error=("CapExceeded(uint256,uint256)", most + 1, most), time=market.now)
    near = [cap - 1, cap + 1, 10 * cap + 1, 111 * cap, 1_010 * cap]
    for wrong in [one for one in near if len(str(one).rstrip("0")) > 2]:
        denied(market.sell(1, wrong), error=("NotACapClass(uint256)", wrong), time=market.now)


@pytest.mark.parametrize(
    "cap", [0, 101, 999, 1_010, 12_300, 43 * 10**8, 10**10, 2**32, 10**70, 2**256 - 6, MODULUS - 1]
)
def test_no_cap_class(market: Market, denied: Refused, cap: int) -> None:
    """S15 zero, more digits, the class after the largest, 2^32 Wh and numbers near overflow are none."""
    for make in (market.sell, market.buy, market.cross):
        denied(make(1, cap), error=("NotACapClass(uint256)", cap), time=market.now)


def test_epoch(market: Market, denied: Refused, stranger: Any, chain: Any) -> None:
    """S16 the epoch is the current one, from its first to its last second."""
    error = "WrongEpoch(uint256,uint256)"
    end = (market.epoch + 1) * EPOCH_SECONDS
    for make in (market.buy, market.sell, market.cross):
        for wrong in (market.epoch - 1, market.epoch + 1, 0, MODULUS - 1):
            denied(make(KWH, epoch=wrong), error=(error, market.epoch, wrong), time=market.now)
        denied(make(KWH), error=(error, market.epoch + 1, market.epoch), time=end)
    chain.provider.set_timestamp(end - 1)
    assert not market.shielded.send(market.sell(KWH), stranger).failed
    chain.provider.set_timestamp(end)
    assert not market.shielded.send(market.sell(KWH, epoch=market.epoch + 1), stranger).failed


def test_epoch_is_that_of_the_energy_bought(
    market: Market, operator: Any, deployer: Any, project: Any, new_pool: NewPool, liquidity_provider: Any,
    trader: Any, denied: Refused, chain: Any, stranger: Any,
) -> None:  # fmt: skip
    """S16 with epochs of different lengths, it is the bought energy's, or the sold energy's if ETH is wanted."""
    shielded = market.shielded
    token = deployer.deploy(project.EnergyToken, "Slow", "SLOW", operator)
    token.grantRole(token.MINTER_ROLE(), operator, sender=operator)
    for role in (token.MINTER_ROLE(), token.BURNER_ROLE()):
        token.grantRole(role, shielded.pool, sender=operator)
    shielded.registry.addMicrogrid(token, (operator.address, 3600, 0, 60, MAX_DEVIATION), sender=operator)
    for holder in (liquidity_provider, trader):
        token.mint(holder, ENERGY, sender=operator)
    new_pool(token, 100 * ETHER, ENERGY, create="createOracleExchange").exchange.observe(sender=deployer)
    now = market.now + 120
    chain.provider.set_timestamp(now)
    hour = now // 3600
    order = SwapOrder(token.address, 1, 1)
    wrong = shielded.swap(market.north.token, KWH, order, market.epoch, LARGEST)
    denied(wrong, error=("WrongEpoch(uint256,uint256)", hour, market.epoch), time=now)
    shielded.send(shielded.swap(market.north.token, KWH, order, hour, LARGEST), stranger)
    back = SwapOrder(market.north.token.address, 1, 1)
    wrong = shielded.swap(token, 10**15, back, hour, LARGEST)
    denied(wrong, error=("WrongEpoch(uint256,uint256)", market.epoch, hour), time=now)
    shielded.send(shielded.swap(token, 10**15, back, market.epoch, LARGEST), stranger)
    shielded.send(shielded.swap(token, 10**15, SwapOrder(ETH, 1, 1), hour, LARGEST), stranger)


def test_slot(market: Market, denied: Refused, stranger: Any) -> None:
    """S16 a meter's slot of an epoch is used once, in whichever direction."""
    request = market.buy(ETHER)
    slot = request.signals[6]
    assert not market.shielded.pool.isSlotUsed(slot)
    market.shielded.send(request, stranger)
    for make in (market.buy, market.sell, market.cross):
        again = make(KWH, meterNullifier=slot)
        denied(again, error=("SlotUsed(uint256)", slot), time=market.now + 1)
        assert not market.shielded.pool.isSpent(again.nullifiers[0])


def test_refused_trade_uses_no_slot(market: Market, denied: Refused, stranger: Any) -> None:
    """S16 after a refused trade the slot and the notes are as they were."""
    request = market.buy(ETHER, minimum=2**127)
    bought = input_price(ETHER, 100 * ETHER, ENERGY)
    denied(request, error=("BelowMinimum(uint256,uint256)", 2**127, bought), time=market.now)
    slot = request.signals[6]
    assert not market.shielded.pool.isSlotUsed(slot)
    market.shielded.send(market.buy(ETHER, meterNullifier=slot, nullifier0=request.nullifiers[0]), stranger)


def test_only_registered_meters(market: Market, denied: Refused, stranger: Any, operator: Any) -> None:
    """S16 the registration root is the current one, or one replaced within the last hour."""
    registry = market.shielded.registry
    error = "UnknownRegistrationRoot(uint256)"
    for wrong in (0, number(), market.shielded.root):
        denied(market.sell(KWH, registrationRoot=wrong), error=(error, wrong), time=market.now)
    old = registry.registrationRoot()
    registry.registerMeters(1, [number()], [1000], sender=operator)
    assert not market.shielded.send(market.sell(KWH, registrationRoot=old), stranger).failed
    later = market.now + registry.ROOT_LIFETIME()
    denied(market.sell(KWH, registrationRoot=old), error=(error, old), time=later)


def test_turnstile(market: Market, denied: Refused) -> None:
    """P1 S8 a swap gives no more than came in, whatever its proof says."""
    ether, north, _ = inside(market)
    error = "TurnstileExceeded(address,uint256,uint256)"
    denied(market.buy(ether + 1), error=(error, ETH, ether + 1, ether), time=market.now)
    order = SwapOrder(ETH, 1, 1)
    request = market.shielded.swap(market.south.token, 1, order, market.epoch, LARGEST)
    denied(request, error=(error, market.south.token, 1, 0), time=market.now)
    assert north > LARGEST * WATT_HOUR


AVERAGE = (100 * ETHER << 112) // ENERGY
POOL = PoolState(100 * ETHER, ENERGY)
OUT_OF_BOUNDS = "PriceOutOfBounds(uint256,uint256)"
Spot = Callable[[int], int]


def spot_after_purchase(wei: int, eth: int = 100 * ETHER, energy: int = ENERGY) -> int:
    """The price that a purchase leaves behind."""
    return (eth + wei << 112) // (energy - input_price(wei, eth, energy))


def spot_after_sale(sold: int, eth: int = 100 * ETHER, energy: int = ENERGY) -> int:
    """The price that a sale leaves behind."""
    return (eth - input_price(sold, energy, eth) << 112) // (energy + sold)


def is_within(spot: int) -> bool:
    """Whether a price is within the bound of the average."""
    return abs(spot - AVERAGE) * 10_000 <= AVERAGE * MAX_DEVIATION


def largest(spot: Spot, most: int) -> int:
    """The largest amount below `most` that leaves the price within the bound."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_within(spot(middle)) else (low, middle)
    return low


def passes(market: Market, request: Request, denied: Refused) -> None:
    """A swap would go through."""
    with pytest.raises(AssertionError, match="succeeded"):
        denied(request, error=b"", time=market.now)


def test_a_purchase_ends_within_the_bound(market: Market, denied: Refused) -> None:
    """S17 exactly up to the bound may a purchase raise the price, as wallets compute; a wei more is refused."""
    most = largest(spot_after_purchase, 20 * ETHER)
    assert [POOL.is_within(False, wei, AVERAGE, MAX_DEVIATION) for wei in (most, most + 1)] == [True, False]
    passes(market, market.buy(most), denied)
    error = (OUT_OF_BOUNDS, spot_after_purchase(most + 1), AVERAGE)
    denied(market.buy(most + 1), error=error, time=market.now)


def test_a_sale_ends_within_the_bound(market: Market, denied: Refused) -> None:
    """S17 exactly down to the bound may a sale lower the price, as wallets compute; a base unit more is refused."""
    most = largest(spot_after_sale, ENERGY // 2)
    assert [POOL.is_within(True, sold, AVERAGE, MAX_DEVIATION) for sold in (most, most + 1)] == [True, False]
    passes(market, market.sell(most), denied)
    error = (OUT_OF_BOUNDS, spot_after_sale(most + 1), AVERAGE)
    denied(market.sell(most + 1), error=error, time=market.now)


def test_a_trade_between_microgrids_ends_within_both_bounds(market: Market, trader: Any, denied: Refused) -> None:
    """S17 what is sold falls no further than to its bound, what is bought rises no further than to its own."""
    rise: Spot = lambda sold: spot_after_purchase(input_price(sold, ENERGY, 100 * ETHER), *south)  # noqa: E731
    for cheaper in (False, True):
        if cheaper:
            market.south.exchange.tokenToEthSwapInput(ENERGY // 50, 1, 2**40, sender=trader)
        south = market.south.eth, market.south.tokens
        binding, other = (spot_after_sale, rise) if cheaper else (rise, spot_after_sale)
        most = largest(binding, ENERGY // 2)
        assert is_within(other(most + 1))
        passes(market, market.cross(most), denied)
        denied(market.cross(most + 1), error=(OUT_OF_BOUNDS, binding(most + 1), AVERAGE), time=market.now)


def test_what_is_too_dear_is_not_bought(market: Market, trader: Any, denied: Refused) -> None:
    """S17 whoever made it dear: no wei buys any, and any sale brings the price back, also if it stays too high."""
    market.north.exchange.ethToTokenSwapInput(1, 2**40, sender=trader, value=10 * ETHER)
    reserves = market.north.eth, market.north.tokens
    spot = spot_after_purchase(10**12, *reserves)
    assert not is_within(spot)
    denied(market.buy(10**12), error=(OUT_OF_BOUNDS, spot, AVERAGE), time=market.now)
    assert not is_within(spot_after_sale(KWH, *reserves))
    for make in (market.sell, market.cross):
        passes(market, make(KWH), denied)


def test_what_is_too_cheap_is_not_sold(market: Market, trader: Any, denied: Refused) -> None:
    """S17 whoever made it cheap: no base unit is sold, and any purchase brings the price back."""
    market.north.exchange.tokenToEthSwapInput(ENERGY // 8, 1, 2**40, sender=trader)
    reserves = market.north.eth, market.north.tokens
    spot = spot_after_sale(10**6, *reserves)
    assert not is_within(spot)
    for make in (market.sell, market.cross):
        denied(make(10**6), error=(OUT_OF_BOUNDS, spot, AVERAGE), time=market.now)
    assert not is_within(spot_after_purchase(10**12, *reserves))
    passes(market, market.buy(10**12), denied)


def test_no_trade_goes_through_to_the_other_bound(market: Market, trader: Any, denied: Refused) -> None:
    """S17 a price that is too high may fall below the average, but not below its bound."""
    market.north.exchange.ethToTokenSwapInput(1, 2**40, sender=trader, value=10 * ETHER)
    reserves = market.north.eth, market.north.tokens
    most = LARGEST * WATT_HOUR
    spot = spot_after_sale(most, *reserves)
    assert spot < AVERAGE
    assert not is_within(spot)
    denied(market.sell(most), error=(OUT_OF_BOUNDS, spot, AVERAGE), time=market.now)
    passes(market, market.sell(most // 2), denied)


def test_the_bought_side_between_microgrids(market: Market, trader: Any, denied: Refused, chain: Any) -> None:
    """S17 energy that is too dear isn't bought with other energy, which can still be sold; what is too cheap is."""
    south = market.south
    with chain.isolate():
        south.exchange.ethToTokenSwapInput(1, 2**40, sender=trader, value=10 * ETHER)
        spot = spot_after_purchase(input_price(KWH, ENERGY, 100 * ETHER), south.eth, south.tokens)
        denied(market.cross(KWH), error=(OUT_OF_BOUNDS, spot, AVERAGE), time=market.now)
        passes(market, market.sell(KWH), denied)
    chain.provider.set_timestamp(market.now)
    south.exchange.tokenToEthSwapInput(ENERGY // 8, 1, 2**40, sender=trader)
    assert not is_within(south.exchange.spotPrice())
    passes(market, market.cross(KWH), denied)


def test_trades_of_a_block_do_not_move_its_average(market: Market, stranger: Any, denied: Refused) -> None:
    """S17 however many trades share a second, all of them together end within the bound."""
    most = largest(spot_after_purchase, 20 * ETHER)
    market.shielded.send(market.buy(most // 2), stranger)
    reserves = market.north.eth, market.north.tokens
    spot: Spot = lambda wei: spot_after_purchase(wei, *reserves)  # noqa: E731
    rest = largest(spot, 20 * ETHER)
    passes(market, market.buy(rest), denied)
    denied(market.buy(rest + 1), error=(OUT_OF_BOUNDS, spot(rest + 1), AVERAGE), time=market.now)


def test_no_average_yet(founded: Market, denied: Refused, at_time: Pin) -> None:
    """S17 before the first snapshot is as old as the window, no trade goes through."""
    start = founded.epoch * EPOCH_SECONDS
    error = ("NoObservation(uint256)", PRICE_WINDOW)
    for make in (founded.buy, founded.sell, founded.cross):
        denied(make(KWH), error=error, time=start + PRICE_WINDOW - 50)


def test_output_is_the_orders(market: Market, stranger: Any, trader: Any, denied: Refused) -> None:
    """S13 another's swap sent by a stranger pays the owner: the note is the order's, whoever sends it."""
    request = market.buy(ETHER)
    assert isinstance(request.details, SwapOrder)
    before = stranger.balance
    receipt = market.shielded.send(request, stranger)
    assert stranger.balance == before - receipt.total_fees_paid
    assert market.north.token.balanceOf(stranger) == 0
    expected = commitment(request.details.npk, market.north.token.address, receipt.return_value)
    assert market.shielded.pool.waiting(market.shielded.pool.queued() - 4) == expected
