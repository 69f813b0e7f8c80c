// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    HashProof,
    IPPDLChallenges,
    LeafProof,
    MaskProof,
    SignatureProof,
    SumProof,
    UpdateProof
} from "../interfaces/IPPDLChallenges.sol";
import {IPPDLRegistry, Round} from "../interfaces/IPPDLRegistry.sol";
import {MerkleRoot} from "../merkle/MerkleRoot.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {AliveSet} from "./AliveSet.sol";
import {Lanes} from "./Lanes.sol";
import {NeighbourGraph} from "./NeighbourGraph.sol";
import {SumTree} from "./SumTree.sol";
import {WeightHash} from "./WeightHash.sol";

/// @title Evidence
/// @notice Whether what is shown of a round is right. Reverts when it isn't what was posted.
abstract contract Evidence is IPPDLChallenges {
    /* STORAGE */

    IPPDLRegistry internal immutable REGISTRY;
    address private immutable T5;
    uint256 private immutable WEIGHTS;
    uint256 internal immutable MODEL_CHUNKS;
    /// @dev An update has one lane more than the model.
    uint256 internal immutable UPDATE_CHUNKS;
    uint256 private immutable MODEL_DEPTH;
    uint256 private immutable UPDATE_DEPTH;

    /* CONSTRUCTOR */

    constructor(IPPDLRegistry registry, uint256 weights, address t5) {
        if (weights == 0 || t5.code.length == 0) revert InvalidModel();
        REGISTRY = registry;
        T5 = t5;
        WEIGHTS = weights;
        MODEL_CHUNKS = (weights + Lanes.CHUNK - 1) / Lanes.CHUNK;
        UPDATE_CHUNKS = weights / Lanes.CHUNK + 1;
        (MODEL_DEPTH, UPDATE_DEPTH) = (_depthOf(MODEL_CHUNKS), _depthOf(UPDATE_CHUNKS));
    }

    /* EXTERNAL */

    /// @inheritdoc IPPDLChallenges
    function weightCount() external view returns (uint256) {
        return WEIGHTS;
    }

    /* INTERNAL */

    /// @dev Levels of the sum trees below their root, and how many of their leaves are used.
    function _shape(Round memory now_) internal pure returns (uint256 height, uint256 used) {
        uint256 others = now_.committed - now_.alive;
        used = 2 * uint256(now_.alive) + others * NeighbourGraph.degree(now_.committed);
        height = _depthOf(used);
    }

    function _isSum(
        Round memory now_,
        uint256 chunk,
        uint256 node,
        SumProof calldata proof
    ) internal view returns (bool) {
        (uint256 height, ) = _shape(now_);
        bool aboveLeaves = 2 * node >= 1 << height;
        bytes32 left = aboveLeaves ? SumTree.leaf(proof.left) : _inner(proof.left, proof.belowLeft);
        bytes32 right = aboveLeaves ? SumTree.leaf(proof.right) : _inner(proof.right, proof.belowRight);
        _requireNode(SumTree.inner(SumTree.content(proof.sum), left, right), node, chunk, proof.path);
        return Lanes.isSum(proof.sum, proof.left, proof.right);
    }

    function _isLeaf(
        Round memory now_,
        uint256 chunk,
        uint256 rank,
        LeafProof calldata proof
    ) internal view returns (bool) {
        (uint256 height, ) = _shape(now_);
        _requireNode(proof.leaf, (1 << height) + rank, chunk, proof.path);
        bytes32 record = _record(proof.participant, proof.updateRoot);
        _requireIn(REGISTRY.aliveRoot(), _depthOf(now_.alive), record, rank, proof.alivePath);
        _requireIn(proof.updateRoot, UPDATE_DEPTH, proof.chunkHash, chunk, proof.updatePath);
        return proof.leaf == proof.chunkHash;
    }

    function _isMask(
        Round memory now_,
        uint256 chunk,
        uint256 place,
        MaskProof calldata proof
    ) internal view returns (bool) {
        (uint256 height, uint256 used) = _shape(now_);
        _requireNode(proof.leaf, (1 << height) + place, chunk, proof.path);
        uint256[8] memory expected;
        if (place < used) {
            _requireAlive(proof.alive);
            bool added; // with which sign its participants added the mask, so it is taken off with the other
            bool masked;
            if (place < 2 * uint256(now_.alive)) masked = added = _ownMask(now_, place - now_.alive, proof);
            else (masked, added) = _pairMask(now_, place - 2 * uint256(now_.alive), proof);
            if (masked) expected = Lanes.stream(proof.seed, chunk, added);
        }
        return proof.leaf == SumTree.leaf(expected);
    }

    function _isUpdate(Round memory now_, uint256 chunk, UpdateProof calldata proof) internal view returns (bool) {
        bytes32 root = REGISTRY.weightsRoot();
        _requireIn(REGISTRY.headWeightsRoot(), MODEL_DEPTH, SumTree.leaf(proof.before), chunk, proof.beforePath);
        _requireIn(root, MODEL_DEPTH, SumTree.leaf(proof.after_), chunk, proof.afterPath);
        _requireNode(_inner(proof.sum, proof.below), 1, chunk, proof.sumPath);
        uint256 weights = WEIGHTS - chunk * Lanes.CHUNK;
        return
            MerkleRoot.endsEmpty(chunk, MODEL_CHUNKS, proof.afterPath) &&
            MerkleRoot.endsEmpty(chunk, UPDATE_CHUNKS, proof.sumPath) &&
            Lanes.isUpdate(proof.after_, proof.before, proof.sum, now_.alive, weights);
    }

    function _isHash(uint256 chunk, HashProof calldata proof) internal view returns (bool) {
        _requireIn(REGISTRY.weightsRoot(), MODEL_DEPTH, SumTree.leaf(proof.chunk), chunk, proof.path);
        uint256 length = WeightHash.siblingsOf(MODEL_CHUNKS);
        if (proof.siblings.length != length) revert WrongPath(length, proof.siblings.length);
        // Poseidon takes numbers modulo the field's order: another one would pass for the same.
        _requireInField(proof.leaf);
        for (uint256 i = 0; i < length; i++) _requireInField(proof.siblings[i]);
        bytes32 root = bytes32(WeightHash.rootOf(T5, proof.leaf, chunk, proof.siblings));
        bytes32 posted = REGISTRY.weightHash();
        if (root != posted) revert WrongRoot(posted, root);
        return
            WeightHash.endsEmpty(chunk, MODEL_CHUNKS, proof.siblings) &&
            proof.leaf == WeightHash.leaf(T5, proof.chunk);
    }

    function _isSigned(Round memory now_, uint256 rank, SignatureProof calldata proof) internal view returns (bool) {
        _requireAlive(proof.alive);
        bool isAlive = AliveSet.contains(proof.alive, proof.index);
        if (!isAlive || AliveSet.rankOf(proof.alive, proof.index) != rank) revert WrongIndex(proof.index);
        address participant = REGISTRY.participantAt(proof.index);
        bytes32 record = _record(participant, proof.updateRoot);
        _requireIn(REGISTRY.aliveRoot(), _depthOf(now_.alive), record, rank, proof.path);
        address signer = ECDSA.recoverCalldata(REGISTRY.updateDigest(now_.round, proof.updateRoot), proof.signature);
        if (signer != participant) revert WrongSigner(participant, signer);
        return MerkleRoot.endsEmpty(rank, now_.alive, proof.path);
    }

    /* PRIVATE */

    /// @dev Checks the seed of an alive rank's own mask, which it added.
    function _ownMask(Round memory now_, uint256 rank, MaskProof calldata proof) private view returns (bool) {
        bool isAlive = AliveSet.contains(proof.alive, proof.index);
        if (!isAlive || AliveSet.rankOf(proof.alive, proof.index) != rank) revert WrongIndex(proof.index);
        bytes32 root = REGISTRY.seedsRootAt(proof.index);
        _requireIn(root, _seedsDepth(now_), keccak256(abi.encodePacked(proof.seed)), 0, proof.seedPath);
        return true;
    }

    /// @dev Whether an alive neighbour masked with the one of this place, who isn't alive, and whether it added it.
    function _pairMask(
        Round memory now_,
        uint256 pair,
        MaskProof calldata proof
    ) private view returns (bool masked, bool added) {
        uint256 degree = NeighbourGraph.degree(now_.committed);
        (uint256 index, uint256 slot) = (proof.index, pair % degree);
        bool isOther = index < now_.committed && !AliveSet.contains(proof.alive, index);
        if (!isOther || index - AliveSet.rankOf(proof.alive, index) != pair / degree) revert WrongIndex(index);
        uint256 neighbour = NeighbourGraph.neighbour(REGISTRY.graphSeed(), now_.committed, index, slot);
        bytes32 root = REGISTRY.seedsRootAt(index);
        if (!AliveSet.contains(proof.alive, neighbour) || root == 0) return (false, false);
        uint256 depth = _seedsDepth(now_);
        _requireIn(root, depth, proof.seedHash, 1 + slot, proof.seedPath);
        uint256 back = NeighbourGraph.mirrored(now_.committed, slot);
        _requireIn(REGISTRY.seedsRootAt(neighbour), depth, proof.neighbourHash, 1 + back, proof.neighbourPath);
        if (proof.seedHash != proof.neighbourHash) return (false, false);
        bytes32 hash = keccak256(abi.encodePacked(proof.seed));
        if (hash != proof.seedHash) revert WrongSeed(proof.seedHash, hash);
        return (true, neighbour < index);
    }

    /// @dev Levels of the tree over a participant's hashes of seeds.
    function _seedsDepth(Round memory now_) private pure returns (uint256) {
        return _depthOf(NeighbourGraph.degree(now_.committed) + 1);
    }

    /// @dev Checks that a tree has this leaf in this place.
    function _requireIn(
        bytes32 root,
        uint256 depth,
        bytes32 hash,
        uint256 index,
        bytes32[] calldata siblings
    ) private pure {
        if (siblings.length != depth) revert WrongPath(depth, siblings.length);
        bytes32 actual = MerkleRoot.rootOf(hash, index, siblings);
        if (actual != root) revert WrongRoot(root, actual);
    }

    /// @dev Checks that the posted aggregate has this node.
    function _requireNode(bytes32 hash, uint256 node, uint256 chunk, bytes32[] calldata path) private view {
        uint256 length = 2 * Math.log2(node) + UPDATE_DEPTH;
        if (path.length != length) revert WrongPath(length, path.length);
        bytes32 actual = SumTree.rootOf(hash, node, chunk, path);
        bytes32 root = REGISTRY.aggregateRoot();
        if (actual != root) revert WrongRoot(root, actual);
    }

    function _requireAlive(bytes calldata alive) private view {
        if (keccak256(alive) != REGISTRY.aliveHash()) revert OtherAlive();
    }

    /// @dev Levels above so many leaves.
    function _depthOf(uint256 count) private pure returns (uint256) {
        return Math.log2(count, Math.Rounding.Ceil);
    }

    function _requireInField(uint256 number) private pure {
        if (number >= Poseidon.FIELD) revert BeyondField(number);
    }

    function _inner(uint256[8] calldata chunk, bytes32[2] calldata below) private pure returns (bytes32) {
        return SumTree.inner(SumTree.content(chunk), below[0], below[1]);
    }

    /// @dev What the tree over the alive has of one.
    function _record(address participant, bytes32 updateRoot) private pure returns (bytes32) {
        return MerkleRoot.leaf(abi.encodePacked(participant, updateRoot));
    }
}
