// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Submission} from "./IPlasmaRoot.sol";

/// @notice A block of the plasma chain as a leaf of its checkpoint's tree.
struct BlockLeaf {
    uint256 number;
    uint256 timestamp;
    bytes32 blockHash;
    bytes32 parentHash;
    bytes32 stateRoot;
    bytes32 transactionsRoot;
    bytes32 receiptsRoot;
}

/// @notice A block in a checkpoint.
/// @param siblings Its path, lowest level first; as many as the tree of the checkpoint's range has levels.
struct BlockProof {
    Submission submission;
    BlockLeaf leaf;
    bytes32[] siblings;
}

/// @notice A transaction or its receipt in a block.
/// @param index The transaction's place in the block, from 0 on.
/// @param nodes The trie's nodes from the root on, RLP-encoded. One below 32 bytes may be left in its parent alone.
struct ReceiptProof {
    BlockProof blockProof;
    uint256 index;
    bytes[] nodes;
}

/// @notice A storage slot in a block's state.
struct SlotProof {
    BlockProof blockProof;
    address account;
    bytes32 slot;
    bytes[] accountNodes;
    bytes[] slotNodes;
}

/// @notice A log of a receipt.
struct Log {
    address emitter;
    bytes32[] topics;
    bytes data;
}

/// @title What happened on the plasma chain, for contracts of the root chain
/// @notice Each function gives what the proof shows, or reverts. `isFinal` tells whether the checkpoint is final;
/// before that it can still be voided, and for a while after it if a fault is proven (`Rules.rollbackPeriod`). What
/// isn't there can't be shown: there are no proofs of absence.
interface IPlasmaInclusion {
    /// @notice Thrown when a block isn't in its checkpoint.
    error InvalidBlockProof();
    /// @notice Thrown when an account, receipt or transaction is not encoded as it should be.
    error InvalidEncoding();
    /// @notice Thrown when a receipt has fewer logs.
    error UnknownLog(uint256 logIndex, uint256 count);

    /// @notice A block.
    function verifyBlock(BlockProof calldata proof) external view returns (bool isFinal);
    /// @notice A transaction, as it was signed (EIP-2718).
    function verifyTransaction(
        ReceiptProof calldata proof
    ) external view returns (bytes memory transaction, bool isFinal);
    /// @notice A transaction's receipt: whether it succeeded, and its encoding (EIP-2718).
    function verifyReceipt(
        ReceiptProof calldata proof
    ) external view returns (bool success, bytes memory receipt, bool isFinal);
    /// @notice A log of a transaction that succeeded.
    /// @param logIndex Its place in the receipt, from 0 on.
    function verifyLog(
        ReceiptProof calldata proof,
        uint256 logIndex
    ) external view returns (Log memory log, bool isFinal);
    /// @notice The value of a storage slot, which is not zero.
    function verifySlot(SlotProof calldata proof) external view returns (uint256 value, bool isFinal);
    /// @notice An account: nonce, balance, storage root, code hash.
    function verifyAccount(
        BlockProof calldata proof,
        address account,
        bytes[] calldata nodes
    ) external view returns (uint256 nonce, uint256 balance, bytes32 storageRoot, bytes32 codeHash, bool isFinal);
}
