// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {BlockLeaf, ReceiptProof} from "./IPlasmaInclusion.sol";
import {Checkpoint, Submission} from "./IPlasmaRoot.sol";

/// @notice A leaf by its place in a checkpoint's tree, whatever number it says.
/// @param index Its place, from 0 on.
/// @param siblings Its path, lowest level first.
struct LeafProof {
    Submission submission;
    BlockLeaf leaf;
    uint256 index;
    bytes32[] siblings;
}

/// @title Faults that the root chain can decide
/// @notice Each function takes the proof of one kind of fault. If it holds, the checkpoint and all after it are void,
/// who signed loses the bond, half of which is the caller's, and the chain is frozen until it is halted. If not, it
/// reverts.
/// @dev Warning: a proof can be copied from the mempool and sent for another's reward. It does its work all the same.
interface IPlasmaChallenges {
    /// @notice A fault was proven.
    event FaultProven(uint256 indexed epoch, address indexed challenger, string fault);
    /// @notice An authority signed two checkpoints of an epoch.
    event EquivocationProven(address indexed authority, uint256 indexed epoch, address indexed challenger);

    /// @notice Thrown when what is shown is as it should be.
    error NoFault();
    /// @notice Thrown when two leaves don't follow one another.
    error NotAdjacent();
    /// @notice Thrown when a leaf is not its checkpoint's last.
    error NotLast(uint256 index);
    /// @notice Thrown when bytes are not what the block's hash is of.
    error WrongHeader();
    /// @notice Thrown when a log is not of a delivery by PlasmaBridge.
    error NotADelivery();
    /// @notice Thrown when two signatures are not of the same authority of that set.
    error WrongSigner(address first, address second);

    /// @notice An authority signed two checkpoints for one epoch and set. Only it is slashed. If the set is the active
    /// one, the chain is frozen for a while; when more than f of it did, whatever isn't final is void.
    /// @param seat The authority's place in the set.
    function proveEquivocation(
        Checkpoint calldata first,
        bytes calldata firstSignature,
        Checkpoint calldata second,
        bytes calldata secondSignature,
        uint256 seat
    ) external;
    /// @notice A block doesn't name the one before it as its parent, or isn't younger; also from one checkpoint to the
    /// next.
    function proveBrokenLink(LeafProof calldata parent, LeafProof calldata child) external;
    /// @notice A leaf has another number than its place says, or is of the future.
    function proveWrongPlace(LeafProof calldata proof) external;
    /// @notice A leaf says other things than the header with its block's hash.
    /// @param header The header, RLP-encoded.
    function proveWrongLeaf(LeafProof calldata proof, bytes calldata header) external;
    /// @notice A checkpoint's last state root isn't that of its last block.
    function proveWrongState(LeafProof calldata last) external;
    /// @notice PlasmaBridge's storage has other counts or roots than the checkpoint says, or took messages that aren't
    /// in the inbox: something was minted without a deposit.
    function proveWrongBridge(
        Submission calldata submission,
        bytes[] calldata account,
        bytes[] calldata counters,
        bytes[] calldata inboxHash,
        bytes[] calldata exitRoot
    ) external;
    /// @notice A message was delivered that isn't the inbox's of that number.
    function proveFalseDelivery(ReceiptProof calldata proof, uint256 logIndex) external;
    /// @notice A message was delivered twice; the later checkpoint is void.
    function proveDoubleDelivery(
        ReceiptProof calldata first,
        uint256 firstLog,
        ReceiptProof calldata second,
        uint256 secondLog
    ) external;
}
