// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapOracleExchange} from "../interfaces/IUniswapOracleExchange.sol";
import {UniswapExchange} from "./UniswapExchange.sol";

/// @title UniswapOracleExchange
/// @notice The exchange with a cumulative price; documented in IUniswapOracleExchange.
contract UniswapOracleExchange is UniswapExchange, IUniswapOracleExchange {
    /// @dev One slot: the cumulative price up to `timestamp`, both wrapping around.
    struct Observation {
        uint32 timestamp;
        uint224 cumulativePrice;
    }

    /* STORAGE */

    /// @inheritdoc IUniswapOracleExchange
    uint256 public constant OBSERVATION_PERIOD = 60;
    /// @inheritdoc IUniswapOracleExchange
    uint256 public constant OBSERVATIONS_KEPT = 128;

    Observation private _latest;
    Observation[OBSERVATIONS_KEPT] private _observations;
    /// @inheritdoc IUniswapOracleExchange
    uint256 public observationCount;

    /* CONSTRUCTOR */

    /// @param token The token to trade. The creator is the exchange's factory.
    constructor(IERC20 token) UniswapExchange(token) {}

    /* EXTERNAL */

    /// @inheritdoc IUniswapOracleExchange
    function observe() external nonReentrant returns (uint256 index) {
        if (totalSupply == 0) revert NoLiquidity();
        Observation memory current = _accumulated(address(this).balance, TOKEN.balanceOf(address(this)));
        index = observationCount;
        if (index != 0) {
            Observation storage last = _observations[(index - 1) % OBSERVATIONS_KEPT];
            if (_elapsed(last.timestamp, current.timestamp) < OBSERVATION_PERIOD) return index - 1;
        }
        _latest = current;
        _observations[index % OBSERVATIONS_KEPT] = current;
        observationCount = index + 1;
        emit Observed(index, current.timestamp, current.cumulativePrice);
    }

    /// @inheritdoc IUniswapOracleExchange
    function averagePrice(uint256 window) external view nonReentrantView returns (uint256) {
        Observation memory current = _accumulated(address(this).balance, TOKEN.balanceOf(address(this)));
        uint256 count = observationCount;
        uint256 oldest = count > OBSERVATIONS_KEPT ? count - OBSERVATIONS_KEPT : 0;

        // Binary search for the number of snapshots that are old enough: ages fall with the index.
        uint256 low = oldest;
        uint256 high = count;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            uint256 age = _elapsed(_observations[middle % OBSERVATIONS_KEPT].timestamp, current.timestamp);
            if (age >= window && age > 0) low = middle + 1;
            else high = middle;
        }
        if (low == oldest) revert NoObservation(window);
        return _average(_observations[(low - 1) % OBSERVATIONS_KEPT], current);
    }

    /// @inheritdoc IUniswapOracleExchange
    function averagePriceBetween(uint256 from, uint256 to) external view returns (uint256) {
        if (from >= to) revert EmptyInterval(from, to);
        return _average(_observation(from), _observation(to));
    }

    /// @inheritdoc IUniswapOracleExchange
    function observation(uint256 index) external view returns (uint32 timestamp, uint224 cumulativePrice) {
        Observation memory found = _observation(index);
        return (found.timestamp, found.cumulativePrice);
    }

    /// @inheritdoc IUniswapOracleExchange
    function spotPrice() external view nonReentrantView returns (uint256) {
        return _price(address(this).balance, TOKEN.balanceOf(address(this)));
    }

    /* INTERNAL */

    /// @inheritdoc UniswapExchange
    function _beforeReservesChange(uint256 ethReserve, uint256 tokenReserve) internal override {
        if (_latest.timestamp != uint32(block.timestamp)) _latest = _accumulated(ethReserve, tokenReserve);
    }

    /* PRIVATE */

    /// @dev The cumulative price up to now, if the reserves have stood as given since the last call.
    function _accumulated(
        uint256 ethReserve,
        uint256 tokenReserve
    ) private view returns (Observation memory current) {
        Observation memory latest = _latest;
        current.timestamp = uint32(block.timestamp);
        unchecked {
            current.cumulativePrice =
                latest.cumulativePrice +
                uint224(_price(ethReserve, tokenReserve) * _elapsed(latest.timestamp, current.timestamp));
        }
    }

    function _observation(uint256 index) private view returns (Observation memory) {
        uint256 count = observationCount;
        if (index >= count || count - index > OBSERVATIONS_KEPT) revert UnknownObservation(index);
        return _observations[index % OBSERVATIONS_KEPT];
    }

    function _average(Observation memory from, Observation memory to) private pure returns (uint256) {
        unchecked {
            return
                uint256(to.cumulativePrice - from.cumulativePrice) / _elapsed(from.timestamp, to.timestamp);
        }
    }

    /// @dev Seconds from one time to the other, modulo 2^32.
    function _elapsed(uint32 from, uint32 to) private pure returns (uint256) {
        unchecked {
            return to - from;
        }
    }

    /// @dev Exact while the pool holds less than 2^112 wei; never reverts, so it can't block a trade.
    function _price(uint256 ethReserve, uint256 tokenReserve) private pure returns (uint256) {
        return tokenReserve == 0 ? 0 : (ethReserve << 112) / tokenReserve;
    }
}
