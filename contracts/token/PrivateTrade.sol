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
    /* STORAGE */

    uint256 private constant WATT_HOUR = 1e15;
    uint256 private constant SMALLEST_CAP = 250; // Wh
    uint256 private constant POWERS_OF_FOUR = 0x5555; // eight of them, a bit each
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

    /// @dev Refuses a trade that isn't one of energy, at a price out of bounds, or of another epoch than that of the
    /// energy that is bought, or sold for ETH. Returns the exchange to call: that of the energy sold, or else bought.
    function _checkTrade(
        address assetIn,
        address assetOut,
        uint256 epoch
    ) internal view returns (IUniswapExchange exchange) {
        if (assetIn == assetOut) revert NotATrade(assetIn, assetOut);
        uint256 current;
        IUniswapExchange other;
        if (assetIn != ETH) (exchange, current) = _checkPrice(assetIn);
        if (assetOut != ETH) (other, current) = _checkPrice(assetOut);
        if (epoch != current) revert WrongEpoch(current, epoch);
        if (assetIn == ETH) exchange = other;
    }

    /// @dev Trades through the turnstile; no side's energy may exceed the cap (Wh).
    function _trade(
        IUniswapExchange exchange,
        address assetIn,
        uint256 amountIn,
        address assetOut,
        uint256 minimum,
        uint256 cap
    ) internal returns (uint256 amountOut) {
        uint256 most = _baseUnits(cap);
        if (assetIn != ETH && amountIn > most) revert CapExceeded(amountIn, most);
        _letOut(assetIn, amountIn);
        amountOut = assetIn == ETH
            ? exchange.ethToTokenSwapInput{value: amountIn}(minimum, block.timestamp)
            : _sell(exchange, assetIn, amountIn, assetOut, minimum);
        inside[assetOut] += amountOut;
        if (assetOut != ETH) {
            if (amountOut > most) revert CapExceeded(amountOut, most);
            IEnergyToken(assetOut).burn(amountOut);
        }
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

    /// @dev The energy's exchange and the current epoch of its microgrid, if the price is within bounds.
    function _checkPrice(address energy) private view returns (IUniswapExchange, uint256) {
        (uint256 microgrid, uint256 epoch, uint256 window, uint256 maxDeviation) = REGISTRY.tradeRules(energy);
        if (microgrid == 0) revert InvalidAsset(energy);
        IUniswapOracleExchange exchange = IUniswapOracleExchange(FACTORY.getExchange(energy));
        if (address(exchange) == address(0)) revert InvalidAsset(energy);
        uint256 spot = exchange.spotPrice();
        uint256 average = exchange.averagePrice(window);
        uint256 distance = spot > average ? spot - average : average - spot;
        if (distance * WHOLE > average * maxDeviation) revert PriceOutOfBounds(spot, average);
        return (exchange, epoch);
    }

    /// @dev A cap in base units, if it is 250 Wh times a power of four.
    function _baseUnits(uint256 cap) private pure returns (uint256) {
        uint256 factor = cap / SMALLEST_CAP;
        bool isPowerOfFour = factor != 0 && factor & (factor - 1) == 0 && factor & POWERS_OF_FOUR == factor;
        if (cap % SMALLEST_CAP != 0 || !isPowerOfFour) revert NotACapClass(cap);
        return cap * WATT_HOUR;
    }
}
