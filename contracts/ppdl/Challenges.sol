// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {
    HashProof,
    IPPDLChallenges,
    LeafProof,
    MaskProof,
    SumProof,
    UpdateProof
} from "../interfaces/IPPDLChallenges.sol";
import {Phase, Round} from "../interfaces/IPPDLRegistry.sol";
import {Evidence} from "./Evidence.sol";

/// @title Challenges
/// @notice Shows that something is wrong; documented in IPPDLChallenges.
abstract contract Challenges is Evidence {
    /* EXTERNAL */

    /// @inheritdoc IPPDLChallenges
    function challengeSum(uint256 chunk, uint256 node, SumProof calldata proof) external {
        Round memory now_ = _challenged(Kind.Sum, chunk, node);
        if (_isSum(now_, chunk, node, proof)) revert NoFault();
        _convictFor(now_, Kind.Sum, chunk, node, msg.sender);
    }

    /// @inheritdoc IPPDLChallenges
    function challengeLeaf(uint256 chunk, uint256 rank, LeafProof calldata proof) external {
        Round memory now_ = _challenged(Kind.Leaf, chunk, rank);
        if (_isLeaf(now_, chunk, rank, proof)) revert NoFault();
        _convictFor(now_, Kind.Leaf, chunk, rank, msg.sender);
    }

    /// @inheritdoc IPPDLChallenges
    function challengeMask(uint256 chunk, uint256 place, MaskProof calldata proof) external {
        Round memory now_ = _challenged(Kind.Mask, chunk, place);
        if (_isMask(now_, chunk, place, proof)) revert NoFault();
        _convictFor(now_, Kind.Mask, chunk, place, msg.sender);
    }

    /// @inheritdoc IPPDLChallenges
    function challengeUpdate(uint256 chunk, UpdateProof calldata proof) external {
        Round memory now_ = _challenged(Kind.Update, chunk, 0);
        if (_isUpdate(now_, chunk, proof)) revert NoFault();
        _convictFor(now_, Kind.Update, chunk, 0, msg.sender);
    }

    /// @inheritdoc IPPDLChallenges
    function challengeHash(uint256 chunk, HashProof calldata proof) external {
        Round memory now_ = _challenged(Kind.Hash, chunk, 0);
        if (_isHash(chunk, proof)) revert NoFault();
        _convictFor(now_, Kind.Hash, chunk, 0, msg.sender);
    }

    /// @inheritdoc IPPDLChallenges
    function proveEquivocation(
        uint256 round,
        bytes32 first,
        bytes calldata firstSignature,
        bytes32 second,
        bytes calldata secondSignature
    ) external {
        if (first == second) revert NoFault();
        address signer = ECDSA.recoverCalldata(REGISTRY.updateDigest(round, first), firstSignature);
        address other = ECDSA.recoverCalldata(REGISTRY.updateDigest(round, second), secondSignature);
        if (signer != other) revert DifferentSigners(signer, other);
        emit EquivocationProven(round, signer, msg.sender);
        REGISTRY.condemnParticipant(signer, msg.sender);
    }

    /* INTERNAL */

    /// @dev Reverts unless the round's sums, model or alive set have such a place.
    function _requirePlace(Round memory now_, Kind kind, uint256 chunk, uint256 place) internal view {
        (uint256 height, ) = _shape(now_);
        uint256 leaves = 1 << height;
        (uint256 chunks, uint256 start, uint256 end) = (UPDATE_CHUNKS, 0, now_.alive);
        if (kind == Kind.Sum) (start, end) = (1, leaves);
        else if (kind == Kind.Mask) (start, end) = (now_.alive, leaves);
        else if (kind == Kind.Signature) chunks = 1;
        else if (kind != Kind.Leaf) (chunks, end) = (MODEL_CHUNKS, 1);
        if (chunk >= chunks || place < start || place >= end) revert NoSuchPlace(kind, chunk, place);
    }

    /// @dev Convicts who answers for a place.
    function _convictFor(Round memory now_, Kind kind, uint256 chunk, uint256 place, address challenger) internal {
        emit FaultProven(kind, kind == Kind.Signature ? now_.round : now_.claim, chunk, place, challenger);
        REGISTRY.condemn(kind == Kind.Signature, challenger);
    }

    /* PRIVATE */

    /// @dev The round whose aggregate is posted and not final.
    function _challenged(Kind kind, uint256 chunk, uint256 place) private view returns (Round memory now_) {
        now_ = REGISTRY.current();
        if (now_.phase != Phase.Posted) revert NothingToChallenge();
        _requirePlace(now_, kind, chunk, place);
    }
}
