// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {
    HashProof,
    IPPDLChallenges,
    LeafProof,
    MaskProof,
    SignatureProof,
    SumProof,
    UpdateProof
} from "../interfaces/IPPDLChallenges.sol";
import {IPPDLRegistry, Phase, Round} from "../interfaces/IPPDLRegistry.sol";
import {Challenges} from "./Challenges.sol";

/// @title Demands
/// @notice Asks to be shown that something is right; documented in IPPDLChallenges.
abstract contract Demands is Challenges {
    struct Demand {
        address demander;
        uint40 until;
    }

    /* STORAGE */

    uint256 private immutable FEE;
    uint256 private immutable ANSWER_WINDOW;

    /// @dev By kind, subject, chunk and place. Who demanded is forgotten once nobody has to answer.
    mapping(bytes32 key => Demand) private _demands;

    /* CONSTRUCTOR */

    constructor() {
        IPPDLRegistry.Rules memory rules = REGISTRY.rules();
        FEE = rules.demandFee;
        ANSWER_WINDOW = rules.answerWindow;
    }

    /* EXTERNAL */

    /// @inheritdoc IPPDLChallenges
    function demand(Kind kind, uint256 subject, uint256 chunk, uint256 place) external payable {
        if (msg.value != FEE) revert WrongFee(FEE, msg.value);
        Round memory now_ = _requireLive(kind, subject);
        bool closed = now_.phase == Phase.Closed;
        _requireBefore(closed ? now_.until : REGISTRY.demandsUntil());
        _requirePlace(now_, kind, chunk, place);
        bytes32 key = _key(kind, subject, chunk, place);
        if (_demands[key].until != 0) revert AlreadyDemanded();
        uint256 until = block.timestamp + ANSWER_WINDOW;
        _demands[key] = Demand(msg.sender, uint40(until));
        REGISTRY.demanded{value: msg.value}(kind == Kind.Signature);
        emit Demanded(kind, subject, chunk, place, msg.sender, until);
    }

    /// @inheritdoc IPPDLChallenges
    function answerSum(uint256 claim, uint256 chunk, uint256 node, SumProof calldata proof) external {
        Round memory now_ = _answered(Kind.Sum, claim, chunk, node);
        if (!_isSum(now_, chunk, node, proof)) revert Fault();
    }

    /// @inheritdoc IPPDLChallenges
    function answerLeaf(uint256 claim, uint256 chunk, uint256 rank, LeafProof calldata proof) external {
        Round memory now_ = _answered(Kind.Leaf, claim, chunk, rank);
        if (!_isLeaf(now_, chunk, rank, proof)) revert Fault();
    }

    /// @inheritdoc IPPDLChallenges
    function answerMask(uint256 claim, uint256 chunk, uint256 place, MaskProof calldata proof) external {
        Round memory now_ = _answered(Kind.Mask, claim, chunk, place);
        if (!_isMask(now_, chunk, place, proof)) revert Fault();
    }

    /// @inheritdoc IPPDLChallenges
    function answerUpdate(uint256 claim, uint256 chunk, UpdateProof calldata proof) external {
        Round memory now_ = _answered(Kind.Update, claim, chunk, 0);
        if (!_isUpdate(now_, chunk, proof)) revert Fault();
    }

    /// @inheritdoc IPPDLChallenges
    function answerHash(uint256 claim, uint256 chunk, HashProof calldata proof) external {
        _answered(Kind.Hash, claim, chunk, 0);
        if (!_isHash(chunk, proof)) revert Fault();
    }

    /// @inheritdoc IPPDLChallenges
    function answerSignature(uint256 round, uint256 rank, SignatureProof calldata proof) external {
        Round memory now_ = _answered(Kind.Signature, round, 0, rank);
        if (!_isSigned(now_, rank, proof)) revert Fault();
    }

    /// @inheritdoc IPPDLChallenges
    function convict(Kind kind, uint256 subject, uint256 chunk, uint256 place) external {
        Round memory now_ = _requireLive(kind, subject);
        Demand memory found = _takeDemand(kind, subject, chunk, place);
        if (block.timestamp < found.until) revert StillAnswerable(found.until);
        REGISTRY.released(found.demander);
        _convictFor(now_, kind, chunk, place, found.demander);
    }

    /// @inheritdoc IPPDLChallenges
    function release(Kind kind, uint256 subject, uint256 chunk, uint256 place) external {
        (bool live, , ) = _liveness(kind, subject);
        if (live) revert StillDemanded();
        REGISTRY.released(_takeDemand(kind, subject, chunk, place).demander);
        emit DemandReleased(kind, subject, chunk, place);
    }

    /// @inheritdoc IPPDLChallenges
    function demandOf(
        Kind kind,
        uint256 subject,
        uint256 chunk,
        uint256 place
    ) external view returns (address demander, uint256 until) {
        Demand memory found = _demands[_key(kind, subject, chunk, place)];
        return (found.demander, found.until);
    }

    /* PRIVATE */

    /// @dev Takes a demand as answered by the caller, in time; what was learned by it can be challenged for a while.
    function _answered(
        Kind kind,
        uint256 subject,
        uint256 chunk,
        uint256 place
    ) private returns (Round memory now_) {
        now_ = _requireLive(kind, subject);
        _requireBefore(_takeDemand(kind, subject, chunk, place).until);
        REGISTRY.answered(kind == Kind.Signature, msg.sender);
        emit Answered(kind, subject, chunk, place, msg.sender);
    }

    function _takeDemand(
        Kind kind,
        uint256 subject,
        uint256 chunk,
        uint256 place
    ) private returns (Demand memory found) {
        bytes32 key = _key(kind, subject, chunk, place);
        found = _demands[key];
        if (found.demander == address(0)) revert NotDemanded();
        _demands[key].demander = address(0);
    }

    function _requireLive(Kind kind, uint256 subject) private view returns (Round memory now_) {
        bool live;
        uint256 expected;
        (live, expected, now_) = _liveness(kind, subject);
        if (subject != expected) revert NotCurrent(expected, subject);
        if (!live) revert NothingToChallenge();
    }

    /// @dev Whether somebody answers for a claim, or for a round's alive set, and which one that would be.
    function _liveness(
        Kind kind,
        uint256 subject
    ) private view returns (bool live, uint256 expected, Round memory now_) {
        now_ = REGISTRY.current();
        bool closed = kind == Kind.Signature && now_.phase == Phase.Closed;
        live = closed || now_.phase == Phase.Posted;
        expected = kind == Kind.Signature ? now_.round : now_.claim;
        live = live && subject == expected;
    }

    function _requireBefore(uint256 until) private view {
        if (block.timestamp >= until) revert DemandTooLate(until);
    }

    function _key(Kind kind, uint256 subject, uint256 chunk, uint256 place) private pure returns (bytes32) {
        return keccak256(abi.encode(kind, subject, chunk, place));
    }
}
