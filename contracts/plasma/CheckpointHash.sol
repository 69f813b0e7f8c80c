// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Checkpoint, Submission} from "../interfaces/IPlasmaRoot.sol";

/// @title Hashes of checkpoints
library CheckpointHash {
    bytes32 internal constant TYPEHASH =
        keccak256(
            "Checkpoint(uint256 epoch,bytes32 previous,uint256 start,uint256 end,bytes32 blocksRoot,bytes32 exitRoot,"
            "uint256 exitCount,uint256 inboxConsumed,bytes32 lastStateRoot,bytes32 dataHash,uint256 setId)"
        );

    /// @notice EIP-712 struct hash, the same whoever submits it and when.
    function structHash(Checkpoint calldata checkpoint) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, checkpoint));
    }

    /// @notice What the root chain keeps of a checkpoint: that it was accepted then, with these signers.
    function submissionHash(bytes32 hash, uint256 submittedAt, uint256 signers) internal pure returns (bytes32) {
        return keccak256(abi.encode(hash, submittedAt, signers));
    }

    /// @notice As above.
    function submissionHash(Submission calldata submission) internal pure returns (bytes32) {
        return submissionHash(structHash(submission.checkpoint), submission.submittedAt, submission.signers);
    }
}
