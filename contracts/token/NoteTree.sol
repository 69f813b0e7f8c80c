// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IZkERC20} from "../interfaces/IZkERC20.sol";
import {IncrementalTree} from "../merkle/IncrementalTree.sol";

/// @title NoteTree
/// @notice Queue, trees and nullifiers of the pool; documented in IZkERC20.
abstract contract NoteTree is IZkERC20 {
    using IncrementalTree for IncrementalTree.Tree;

    /* STORAGE */

    /// @inheritdoc IZkERC20
    uint256 public constant QUEUE_CAPACITY = 1024;
    uint256 private constant DEPTH = 24;

    address private immutable POSEIDON_T3;

    uint128 private _queued;
    uint128 private _flushed;
    /// @dev A ring: the note of a position waits at `position % QUEUE_CAPACITY`. Places are not cleared, so that the
    /// next note there costs a change of a slot and not a new one.
    uint256[QUEUE_CAPACITY] private _queue;
    IncrementalTree.Tree private _tree;
    mapping(uint256 treeNumber => mapping(uint256 root => bool)) private _roots;
    mapping(uint256 nullifier => bool) private _spent;

    /* CONSTRUCTOR */

    constructor(address poseidonT3) {
        POSEIDON_T3 = poseidonT3;
    }

    /* EXTERNAL */

    /// @inheritdoc IZkERC20
    function flush(uint256 count) external {
        uint256 start = _flushed;
        uint256 available = _queued - start;
        if (count > available) count = available;
        uint256 index = start % (1 << DEPTH);
        if (count > (1 << DEPTH) - index) count = (1 << DEPTH) - index; // the next flush begins the next tree
        if (count == 0) revert QueueEmpty();

        uint256[] memory leaves = new uint256[](count);
        for (uint256 i = 0; i < count; i++) leaves[i] = _queue[(start + i) % QUEUE_CAPACITY];
        uint256 treeNumber = start >> DEPTH;
        uint256 root = _tree.append(POSEIDON_T3, DEPTH, index, leaves);
        _roots[treeNumber][root] = true;
        _flushed = uint128(start + count);
        emit Flushed(treeNumber, index + count, root);
    }

    /// @inheritdoc IZkERC20
    function queued() external view returns (uint256) {
        return _queued;
    }

    /// @inheritdoc IZkERC20
    function flushed() external view returns (uint256) {
        return _flushed;
    }

    /// @inheritdoc IZkERC20
    function waiting(uint256 position) external view returns (uint256) {
        if (position < _flushed || position >= _queued) revert NotWaiting(position);
        return _queue[position % QUEUE_CAPACITY];
    }

    /// @inheritdoc IZkERC20
    function isRoot(uint256 root, uint256 treeNumber) external view returns (bool) {
        return _roots[treeNumber][root];
    }

    /// @inheritdoc IZkERC20
    function isSpent(uint256 nullifier) external view returns (bool) {
        return _spent[nullifier];
    }

    /* INTERNAL */

    /// @dev Marks nullifiers of notes under a root; the proof that they are is checked by the caller.
    function _spend(uint256 root, uint256 treeNumber, uint256[] memory nullifiers) internal {
        if (!_roots[treeNumber][root]) revert UnknownRoot(root, treeNumber);
        for (uint256 i = 0; i < nullifiers.length; i++) {
            if (_spent[nullifiers[i]]) revert NullifierUsed(nullifiers[i]);
            _spent[nullifiers[i]] = true;
        }
        emit NullifiersSpent(nullifiers);
    }

    /// @dev Queues commitments; returns the position of the first.
    function _enqueue(uint256[] memory commitments, bytes calldata ciphertexts) internal returns (uint256 first) {
        first = _queued;
        uint256 end = first + commitments.length;
        if (end - _flushed > QUEUE_CAPACITY) revert QueueFull(first - _flushed);
        for (uint256 i = 0; i < commitments.length; i++) _queue[(first + i) % QUEUE_CAPACITY] = commitments[i];
        _queued = uint128(end);
        emit NotesQueued(first, commitments, ciphertexts);
    }
}
