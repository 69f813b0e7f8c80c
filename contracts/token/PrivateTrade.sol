// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IEnergyToken} from "../interfaces/IEnergyToken.sol";
import {IUniswapExchange} from "../interfaces/IUniswapExchange.sol";
import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";
import {IUniswapOracleExchange} from "../interfaces/IUniswapOracleExchange.sol";
import {IZkERC20} from "../interfaces/IZkERC20.sol";
import {Vault} from "./Vault.sol";

/// @title PrivateTrade
/// @notice The pool's trades on the exchange and their limits; documented in IZkERC20.
abstract contract PrivateTrade is Vault {
    /* TYPES */

    /// @dev Where an energy is traded, the running epoch of its microgrid, and what its price is held to.
    struct Market {
        IUniswapOracleExchange exchange;
        uint256 epoch;
        uint256 window;
        uint256 maxDeviation;
    }

    /* STORAGE */

    uint256 private constant WATT_HOUR = 1e15;
    uint256 private constant WHOLE = 10_000;

    IUniswapFactory private immutable FACTORY;

    mapping(uint256 meterNullifier => bool) private _slotUsed;

    /* CONSTRUCTOR */

    constructor(IUniswapFactory factory) {
        FACTORY = factory;
    }

    /* EXTERNAL */

    /// @inheritdoc IZkERC20
    function isSlotUsed(uint256 meterNullifier) external view returns (bool) {
        return _slotUsed[meterNullifier];
    }

    /* INTERNAL */

    /// @dev Uses up a meter's slot of an epoch.
    function _useSlot(uint256 meterNullifier) internal {
        if (_slotUsed[meterNullifier]) revert SlotUsed(meterNullifier);
        _slotUsed[meterNullifier] = true;
    }

    /// @dev Trades through the turnstile. Refuses what isn't a trade of energy, is of another epoch than that of the
    /// energy that is bought, or sold for ETH, moves more energy than the cap (Wh) on either side, or moves a price
    /// out of bounds.
    function _trade(
        address assetIn,
        uint256 amountIn,
        SwapOrder calldata order,
        uint256 epoch,
        uint256 cap
    ) internal returns (uint256 amountOut) {
        if (assetIn == order.asset) revert NotATrade(assetIn, order.asset);
        Market memory sold;
        Market memory bought;
        if (assetIn != ETH) sold = _market(assetIn);
        if (order.asset != ETH) bought = _market(order.asset);
        uint256 current = order.asset == ETH ? sold.epoch : bought.epoch;
        if (epoch != current) revert WrongEpoch(current, epoch);

        uint256 most = _baseUnits(cap);
        if (assetIn != ETH && amountIn > most) revert CapExceeded(amountIn, most);
        _letOut(assetIn, amountIn);
        amountOut = assetIn == ETH
            ? bought.exchange.ethToTokenSwapInput{value: amountIn}(order.minimum, block.timestamp)
            : _sell(sold.exchange, assetIn, amountIn, order.asset, order.minimum);
        inside[order.asset] += amountOut;
        if (order.asset != ETH) {
            if (amountOut > most) revert CapExceeded(amountOut, most);
            IEnergyToken(order.asset).burn(amountOut);
        }

        if (assetIn != ETH) _checkFall(sold);
        if (order.asset != ETH) _checkRise(bought);
    }

    /* PRIVATE */

    /// @dev Energy is minted for the exchange, which then takes it.
    function _sell(
        IUniswapExchange exchange,
        address energy,
        uint256 amount,
        address assetOut,
        uint256 minimum
    ) private returns (uint256) {
        IEnergyToken(energy).mint(address(this), amount);
        if (IEnergyToken(energy).allowance(address(this), address(exchange)) < amount) {
            IEnergyToken(energy).approve(address(exchange), type(uint256).max);
        }
        return
            assetOut == ETH
                ? exchange.tokenToEthSwapInput(amount, minimum, block.timestamp)
                : exchange.tokenToTokenSwapInput(amount, minimum, 1, block.timestamp, assetOut);
    }

    /// @dev Refuses a sale that left the price too far below the average. One that is too high still may fall.
    function _checkFall(Market memory market) private view {
        (uint256 spot, uint256 average) = _prices(market);
        if (spot * WHOLE < average * (WHOLE - market.maxDeviation)) revert PriceOutOfBounds(spot, average);
    }

    /// @dev Refuses a purchase that left the price too far above the average. One that is too low still may rise.
    function _checkRise(Market memory market) private view {
        (uint256 spot, uint256 average) = _prices(market);
        if (spot * WHOLE > average * (WHOLE + market.maxDeviation)) revert PriceOutOfBounds(spot, average);
    }

    /// @dev The price as it stands, and the average, which trades of this block don't move.
    function _prices(Market memory market) private view returns (uint256 spot, uint256 average) {
        return (market.exchange.spotPrice(), market.exchange.averagePrice(market.window));
    }

    function _market(address energy) private view returns (Market memory market) {
        uint256 microgrid;
        (microgrid, market.epoch, market.window, market.maxDeviation) = REGISTRY.tradeRules(energy);
        market.exchange = IUniswapOracleExchange(FACTORY.getExchange(energy));
        if (microgrid == 0 || address(market.exchange) == address(0)) revert InvalidAsset(energy);
    }

    /// @dev A cap in base units, if it is at most two digits and zeros in Wh, and below 2^32.
    function _baseUnits(uint256 cap) private pure returns (uint256) {
        uint256 digits = cap;
        while (digits > 99 && digits % 10 == 0) digits /= 10;
        if (digits == 0 || digits > 99 || cap > type(uint32).max) revert NotACapClass(cap);
        return cap * WATT_HOUR;
    }
}
