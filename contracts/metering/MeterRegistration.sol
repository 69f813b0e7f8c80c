// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IMeterRegistry} from "../interfaces/IMeterRegistry.sol";
import {IncrementalTree} from "../merkle/IncrementalTree.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {Microgrids} from "./Microgrids.sol";

/// @title MeterRegistration
/// @notice The tree of registered meters and its roots; documented in IMeterRegistry.
abstract contract MeterRegistration is Microgrids {
    using IncrementalTree for IncrementalTree.Tree;

    /* STORAGE */

    /// @inheritdoc IMeterRegistry
    uint256 public constant ROOT_LIFETIME = 1 hours;
    uint256 private constant DEPTH = 20;

    address internal immutable POSEIDON_T3;
    address private immutable POSEIDON_T4;
    /// @dev Valid never: it also comes back when all meters are removed.
    uint256 private immutable EMPTY_ROOT;

    /// @inheritdoc IMeterRegistry
    uint256 public meterCount;
    /// @inheritdoc IMeterRegistry
    uint256 public registrationRoot;
    IncrementalTree.Tree private _tree;
    mapping(uint256 root => uint256 time) private _validUntil;
    mapping(uint256 commitment => bool) private _registered;

    /* CONSTRUCTOR */

    constructor(address poseidonT3, address poseidonT4) {
        (POSEIDON_T3, POSEIDON_T4) = (poseidonT3, poseidonT4);
        uint256 root;
        for (uint256 level = 0; level < DEPTH; level++) root = Poseidon.hash2(poseidonT3, root, root);
        EMPTY_ROOT = root;
        registrationRoot = root;
    }

    /* EXTERNAL */

    /// @inheritdoc IMeterRegistry
    function registerMeters(
        uint256 microgrid,
        uint256[] calldata commitments,
        uint32[] calldata capacities
    ) external onlyOperator(microgrid) {
        uint256 count = commitments.length;
        if (count == 0 || count != capacities.length) revert LengthMismatch();
        uint256 first = meterCount;
        if (first + count > 1 << DEPTH) revert RegistrationTreeFull();

        uint256[] memory leaves = new uint256[](count);
        uint256 added;
        for (uint256 i = 0; i < count; i++) {
            (uint256 commitment, uint32 capacity) = (commitments[i], capacities[i]);
            if (commitment == 0 || commitment >= Poseidon.FIELD || capacity == 0 || _registered[commitment]) {
                revert InvalidMeter(commitment);
            }
            _registered[commitment] = true;
            added += capacity;
            leaves[i] = Poseidon.hash3(POSEIDON_T4, commitment, microgrid, capacity);
            emit MeterRegistered(microgrid, commitment, first + i, capacity);
        }
        _entry(microgrid).capacity += uint64(added); // 2^20 meters of less than 2^32 Wh
        meterCount = first + count;
        _setRoot(registrationRoot, _tree.append(POSEIDON_T3, DEPTH, first, leaves));
    }

    /// @inheritdoc IMeterRegistry
    function removeMeter(
        uint256 microgrid,
        uint256 commitment,
        uint32 capacity,
        uint256 index,
        uint256[] calldata siblings
    ) external onlyOperator(microgrid) {
        if (siblings.length != DEPTH) revert LengthMismatch();
        uint256 count = meterCount;
        // Higher bits of an index would be another way to write it.
        if (index >= count) revert MeterNotFound(commitment);
        uint256 leaf = Poseidon.hash3(POSEIDON_T4, commitment, microgrid, capacity);
        (uint256 oldRoot, uint256 newRoot) = _tree.update(POSEIDON_T3, DEPTH, count, index, leaf, 0, siblings);
        if (oldRoot != registrationRoot || !_registered[commitment]) revert MeterNotFound(commitment);

        _registered[commitment] = false;
        _entry(microgrid).capacity -= capacity;
        emit MeterRemoved(microgrid, commitment, index, capacity);
        _setRoot(oldRoot, newRoot);
    }

    /// @inheritdoc IMeterRegistry
    function isRegistrationRoot(uint256 root) public view returns (bool) {
        if (root == registrationRoot) return root != EMPTY_ROOT;
        return block.timestamp < _validUntil[root];
    }

    /* PRIVATE */

    function _setRoot(uint256 oldRoot, uint256 newRoot) private {
        if (oldRoot != EMPTY_ROOT) _validUntil[oldRoot] = block.timestamp + ROOT_LIFETIME;
        registrationRoot = newRoot;
        emit RegistrationRootChanged(newRoot);
    }
}
