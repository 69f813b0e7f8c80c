// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {BlockLeaf, BlockProof, IPlasmaInclusion, Log, ReceiptProof} from "../interfaces/IPlasmaInclusion.sol";
import {Checkpoint} from "../interfaces/IPlasmaRoot.sol";
import {MerkleRoot} from "../merkle/MerkleRoot.sol";
import {Trie} from "./Trie.sol";

/// @title Blocks of a checkpoint, and what is in them
library Inclusion {
    bytes32 internal constant BLOCK_TYPEHASH =
        keccak256(
            "Block(uint256 chainId,uint256 number,uint256 timestamp,bytes32 blockHash,bytes32 parentHash,"
            "bytes32 stateRoot,bytes32 transactionsRoot,bytes32 receiptsRoot)"
        );

    /// @notice A block's leaf.
    function leafOf(uint256 chainId, BlockLeaf calldata leaf) internal pure returns (bytes32) {
        return MerkleRoot.leaf(abi.encode(BLOCK_TYPEHASH, chainId, leaf));
    }

    /// @notice Reverts unless a leaf is the `index`-th of a checkpoint; the submission is checked by the caller.
    function requireLeaf(
        uint256 chainId,
        Checkpoint calldata checkpoint,
        BlockLeaf calldata leaf,
        uint256 index,
        bytes32[] calldata siblings
    ) internal pure {
        uint256 count = checkpoint.end - checkpoint.start + 1;
        if (
            index >= count ||
            siblings.length != MerkleRoot.depthOf(count) ||
            MerkleRoot.rootOf(leafOf(chainId, leaf), index, siblings) != checkpoint.blocksRoot
        ) revert IPlasmaInclusion.InvalidBlockProof();
    }

    /// @notice Reverts unless a block is in its checkpoint, at its number's place.
    function requireBlock(uint256 chainId, BlockProof calldata proof) internal pure {
        Checkpoint calldata checkpoint = proof.submission.checkpoint;
        if (proof.leaf.number < checkpoint.start) revert IPlasmaInclusion.InvalidBlockProof();
        requireLeaf(chainId, checkpoint, proof.leaf, proof.leaf.number - checkpoint.start, proof.siblings);
    }

    /// @notice A log of a transaction that succeeded, in a block whose proof the caller checks.
    function logOf(ReceiptProof calldata proof, uint256 logIndex) internal pure returns (Log memory) {
        bytes32 root = proof.blockProof.leaf.receiptsRoot;
        (bool success, Memory.Slice[] memory logs) = Trie.receipt(Trie.item(root, proof.index, proof.nodes));
        // A transaction that failed has no logs: who claims one shows something else than a receipt.
        if (!success || logIndex >= logs.length) revert IPlasmaInclusion.UnknownLog(logIndex, logs.length);
        return Trie.log(logs[logIndex]);
    }
}
