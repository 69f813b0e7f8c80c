// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IUniswapExchange} from "./IUniswapExchange.sol";

/// @title Exchange that also keeps a time-weighted average price
/// @notice Prices are wei per token base unit in UQ112.112 (the price times 2^112), averaged arithmetically over
/// seconds. The first call of a block that moves reserves adds the price as it stood before it, times the
/// seconds since the last such block; so what happens within a block can't move the average of its past.
/// @dev Source: the cumulative price of the Uniswap V2 white paper, section 2.2.
/// @dev Warning: V1 keeps no reserves in storage. Tokens or ETH given to the pool outside its functions count for
/// the whole time since the last call, and a provider takes its share of its own gift out again: who owns nearly all
/// liquidity moves the average of that time at will. Rely on it only where liquidity has several independent owners.
interface IUniswapOracleExchange is IUniswapExchange {
    /// @notice A snapshot was recorded.
    event Observed(uint256 indexed index, uint32 timestamp, uint224 cumulativePrice);

    /// @notice Thrown when no snapshot is at least `window` seconds old.
    error NoObservation(uint256 window);
    /// @notice Thrown when a snapshot is asked for that was not recorded or has been overwritten.
    error UnknownObservation(uint256 index);
    /// @notice Thrown when an average is asked for between snapshots that are not in order.
    error EmptyInterval(uint256 from, uint256 to);

    /// @notice Records a snapshot, at most one in `OBSERVATION_PERIOD` seconds. Anyone may call.
    /// @return index The number of the latest snapshot, recorded now or less than a period ago.
    function observe() external returns (uint256 index);

    /// @notice Seconds between two snapshots at the least.
    function OBSERVATION_PERIOD() external view returns (uint256);
    /// @notice How many of the latest snapshots are kept.
    function OBSERVATIONS_KEPT() external view returns (uint256);
    /// @notice The number of snapshots ever recorded; indexes run from 0.
    function observationCount() external view returns (uint256);
    /// @notice Time and cumulative price of a snapshot. The cumulative price wraps around at 2^224.
    function observation(uint256 index) external view returns (uint32 timestamp, uint224 cumulativePrice);
    /// @notice Average price between two snapshots.
    function averagePriceBetween(uint256 from, uint256 to) external view returns (uint256 price);
    /// @notice Average price from the latest snapshot that is at least `window` seconds old until now.
    function averagePrice(uint256 window) external view returns (uint256 price);
    /// @notice Price of the reserves as they stand; zero while the pool holds no tokens.
    function spotPrice() external view returns (uint256 price);
}
