// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IMeterRegistry} from "../interfaces/IMeterRegistry.sol";
import {IZkERC20} from "../interfaces/IZkERC20.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {MeterRegistration} from "./MeterRegistration.sol";

/// @title Readings
/// @notice What operators publish of each epoch; documented in IMeterRegistry.
abstract contract Readings is MeterRegistration {
    /* STORAGE */

    uint256 private constant SUM_SHIFT = 64;

    mapping(uint256 microgrid => mapping(uint256 epoch => Epoch)) private _epochs;

    /* EXTERNAL */

    /// @inheritdoc IMeterRegistry
    function publishReadings(
        uint256 microgrid,
        uint256 epoch,
        uint256 treeRoot,
        uint64 exported,
        uint64 imported,
        bytes32 dataHash
    ) external onlyOperator(microgrid) {
        Entry storage entry = _entry(microgrid);
        Microgrid memory rules = entry.rules;
        if (epoch >= block.timestamp / rules.epochLength) revert EpochNotOver(epoch);
        if (epoch < entry.firstEpoch) revert EpochTooEarly(epoch, entry.firstEpoch);
        if (_epochs[microgrid][epoch].openFrom != 0) revert AlreadyPublished(epoch);
        uint256 openFrom = block.timestamp + rules.correctionWindow;
        _record(microgrid, epoch, treeRoot, exported, imported, uint64(openFrom), dataHash);
    }

    /// @inheritdoc IMeterRegistry
    function correctReadings(
        uint256 microgrid,
        uint256 epoch,
        uint256 treeRoot,
        uint64 exported,
        uint64 imported,
        bytes32 dataHash
    ) external onlyOperator(microgrid) {
        uint64 openFrom = _epochs[microgrid][epoch].openFrom;
        if (openFrom == 0) revert NotPublished(epoch);
        if (block.timestamp >= openFrom) revert CorrectionClosed(epoch);
        _record(microgrid, epoch, treeRoot, exported, imported, openFrom, dataHash);
    }

    /// @inheritdoc IMeterRegistry
    function readingsOf(uint256 microgrid, uint256 epoch) external view returns (Epoch memory) {
        return _epochs[microgrid][epoch];
    }

    /* INTERNAL */

    /// @dev An epoch whose correction window is over.
    function _openEpoch(uint256 microgrid, uint256 epoch) internal view returns (Epoch storage readings) {
        readings = _epochs[microgrid][epoch];
        uint256 openFrom = readings.openFrom;
        if (openFrom == 0) revert NotPublished(epoch);
        if (block.timestamp < openFrom) revert NotOpenYet(epoch, openFrom);
    }

    /* PRIVATE */

    function _record(
        uint256 microgrid,
        uint256 epoch,
        uint256 treeRoot,
        uint64 exported,
        uint64 imported,
        uint64 openFrom,
        bytes32 dataHash
    ) private {
        if (treeRoot >= Poseidon.FIELD) revert IZkERC20.NotInField(treeRoot);
        uint256 capacity = _entry(microgrid).capacity;
        if (exported > capacity) revert OverCapacity(exported, capacity);
        if (imported > capacity) revert OverCapacity(imported, capacity);
        uint256 sums = exported + (uint256(imported) << SUM_SHIFT);
        uint256 readingsRoot = Poseidon.hash2(POSEIDON_T3, treeRoot, sums);
        _epochs[microgrid][epoch] = Epoch({
            readingsRoot: readingsRoot,
            exported: exported,
            imported: imported,
            openFrom: openFrom,
            credited: false
        });
        emit ReadingsPublished(microgrid, epoch, readingsRoot, exported, imported, dataHash);
    }
}
