// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapOracleExchange} from "../interfaces/IUniswapOracleExchange.sol";
import {UniswapExchange} from "./UniswapExchange.sol";

/// @title UniswapOracleExchange
/// @notice The exchange with a cumulative price; documented in IUniswapOracleExchange.
contract UniswapOracleExchange is UniswapExchange, IUniswapOracleExchange {
    /// @dev One slot: the cumulative price in the upper 224 bits, its time in the lower 32; both wrap around.
    type Observation is uint256;

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
        index = observationCount;
        if (index != 0) {
            Observation last = _observations[(index - 1) % OBSERVATIONS_KEPT];
            if (_elapsed(_timestamp(last), block.timestamp) < OBSERVATION_PERIOD) return index - 1;
        }
        Observation current = _current();
        _latest = current;
        _observations[index % OBSERVATIONS_KEPT] = current;
        observationCount = index + 1;
        emit Observed(index, uint32(_timestamp(current)), _cumulativePrice(current));
    }

    /// @inheritdoc IUniswapOracleExchange
    function averagePrice(uint256 window) external view nonReentrantView returns (uint256) {
        uint256 count = observationCount;
        uint256 oldest = count > OBSERVATIONS_KEPT ? count - OBSERVATIONS_KEPT : 0;

        // Binary search for the first snapshot that is too young: ages fall with the index.
        uint256 low = oldest;
        uint256 high = count;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            uint256 age = _elapsed(_timestamp(_observations[middle % OBSERVATIONS_KEPT]), block.timestamp);
            if (age >= window && age > 0) low = middle + 1;
            else high = middle;
        }
        if (low == oldest) revert NoObservation(window);
        return _average(_observations[(low - 1) % OBSERVATIONS_KEPT], _current());
    }

    /// @inheritdoc IUniswapOracleExchange
    function averagePriceBetween(uint256 from, uint256 to) external view returns (uint256) {
        if (from >= to) revert EmptyInterval(from, to);
        return _average(_observation(from), _observation(to));
    }

    /// @inheritdoc IUniswapOracleExchange
    function observation(uint256 index) external view returns (uint32 timestamp, uint224 cumulativePrice) {
        Observation found = _observation(index);
        return (uint32(_timestamp(found)), _cumulativePrice(found));
    }

    /// @inheritdoc IUniswapOracleExchange
    function spotPrice() external view nonReentrantView returns (uint256) {
        return _price(address(this).balance, _tokenReserve());
    }

    /* INTERNAL */

    /// @inheritdoc UniswapExchange
    function _beforeReservesChange(uint256 ethReserve, uint256 tokenReserve) internal override {
        Observation latest = _latest;
        if (_timestamp(latest) != uint32(block.timestamp)) {
            _latest = _accumulated(latest, ethReserve, tokenReserve);
        }
    }

    /* PRIVATE */

    /// @dev The observation of now.
    function _current() private view returns (Observation) {
        return _accumulated(_latest, address(this).balance, _tokenReserve());
    }

    function _observation(uint256 index) private view returns (Observation) {
        uint256 count = observationCount;
        if (index >= count || count - index > OBSERVATIONS_KEPT) revert UnknownObservation(index);
        return _observations[index % OBSERVATIONS_KEPT];
    }

    /// @dev The observation of now, if the reserves have stood as given since `latest`.
    function _accumulated(
        Observation latest,
        uint256 ethReserve,
        uint256 tokenReserve
    ) private view returns (Observation) {
        unchecked {
            uint256 change = _price(ethReserve, tokenReserve) * _elapsed(_timestamp(latest), block.timestamp);
            uint256 cumulativePrice = uint256(_cumulativePrice(latest)) + change;
            return Observation.wrap((cumulativePrice << 32) | uint32(block.timestamp));
        }
    }

    function _average(Observation from, Observation to) private pure returns (uint256) {
        unchecked {
            uint224 change = _cumulativePrice(to) - _cumulativePrice(from);
            return change / _elapsed(_timestamp(from), _timestamp(to));
        }
    }

    /// @dev Exact while the pool holds less than 2^112 wei; never reverts, so it can't block a trade.
    function _price(uint256 ethReserve, uint256 tokenReserve) private pure returns (uint256) {
        return tokenReserve == 0 ? 0 : (ethReserve << 112) / tokenReserve;
    }

    /// @dev Seconds from one time to the other, modulo 2^32.
    function _elapsed(uint256 from, uint256 to) private pure returns (uint256) {
        unchecked {
            return uint32(to - from);
        }
    }

    function _timestamp(Observation observation_) private pure returns (uint256) {
        return uint32(Observation.unwrap(observation_));
    }

    function _cumulativePrice(Observation observation_) private pure returns (uint224) {
        return uint224(Observation.unwrap(observation_) >> 32);
    }
}
