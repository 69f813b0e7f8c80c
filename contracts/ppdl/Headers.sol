// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Header, IPPDLRegistry, Phase, Round} from "../interfaces/IPPDLRegistry.sol";
import {AliveSet} from "./AliveSet.sol";
import {Disputes} from "./Disputes.sol";
import {NeighbourGraph} from "./NeighbourGraph.sol";

/// @title Headers
/// @notice The model chain; documented in IPPDLRegistry.
abstract contract Headers is Disputes {
    struct Head {
        uint64 number;
        uint64 timestamp;
    }

    /* STORAGE */

    uint256 private constant SEATS = 7;
    uint256 private constant QUORUM = 5;
    bytes32 private constant HEADER_TYPEHASH =
        keccak256(
            "Header(uint256 number,bytes32 prevHash,uint256 round,bytes32 weightsRoot,bytes32 weightHash,"
            "bytes32 testsetHash,bytes32 participantHash,uint64 timestamp,uint32 lossBefore,uint32 lossAfter,"
            "bool accepted)"
        );

    uint256 internal immutable TOLERANCE;

    Head private _head;
    /// @inheritdoc IPPDLRegistry
    bytes32 public headWeightsRoot;
    /// @inheritdoc IPPDLRegistry
    mapping(uint256 number => bytes32) public headerHashOf;
    /// @inheritdoc IPPDLRegistry
    mapping(uint256 number => bytes32) public weightHashOf;

    /* CONSTRUCTOR */

    constructor(Rules memory rules_, Header memory genesis) Disputes(rules_) {
        TOLERANCE = rules_.tolerance;
        if (
            genesis.number != 0 ||
            genesis.prevHash != 0 ||
            genesis.round != 0 ||
            genesis.participantHash != 0 ||
            genesis.timestamp > block.timestamp ||
            !genesis.accepted
        ) revert InvalidGenesis();
        _append(genesis);
    }

    /* EXTERNAL */

    /// @inheritdoc IPPDLRegistry
    function relay(Header calldata header, bytes calldata alive, Vote[] calldata votes) external {
        Round memory now_ = _requireRound(header.round, Phase.Final);
        _requireBefore(now_.until);
        _requireAlive(alive);
        _checkHeader(header);
        _checkVotes(now_, headerDigest(header), alive, votes);
        _endRound(now_);
        _append(header);
    }

    /* PUBLIC */

    /// @inheritdoc IPPDLRegistry
    function head() public view override returns (uint256) {
        return _head.number;
    }

    /// @inheritdoc IPPDLRegistry
    function headerDigest(Header calldata header) public view returns (bytes32) {
        return _hashTypedDataV4(_structHash(header));
    }

    /* PRIVATE */

    function _append(Header memory header) private {
        bytes32 hash = _structHash(header);
        _head = Head(uint64(header.number), header.timestamp);
        headWeightsRoot = header.weightsRoot;
        headerHashOf[header.number] = hash;
        weightHashOf[header.number] = header.weightHash;
        emit HeaderAppended(header.number, hash, header);
    }

    /// @dev It extends the head by the round's aggregate, or keeps the head's model.
    function _checkHeader(Header calldata header) private view {
        Head memory last = _head;
        bytes32 participants = _lastClosing().aliveRoot;
        (bytes32 weightsRoot, bytes32 weightHash) = (headWeightsRoot, weightHashOf[last.number]);
        if (header.accepted) (weightsRoot, weightHash) = (_lastClaim().weightsRoot, _lastClaim().weightHash);
        if (
            header.number != uint256(last.number) + 1 ||
            header.prevHash != headerHashOf[last.number] ||
            header.weightsRoot != weightsRoot ||
            header.weightHash != weightHash ||
            header.participantHash != participants
        ) revert WrongHeader(last.number + 1, headerHashOf[last.number], weightsRoot, weightHash, participants);
        if (header.timestamp < last.timestamp || header.timestamp > block.timestamp) {
            revert WrongTime(header.timestamp);
        }
        bool passed = uint256(header.lossAfter) * 1000 <= uint256(header.lossBefore) * (1000 + TOLERANCE);
        if (header.accepted != passed) revert WrongGate(passed);
    }

    /// @dev Five of the committee signed, each of whom still has its bond.
    function _checkVotes(
        Round memory now_,
        bytes32 digest,
        bytes calldata alive,
        Vote[] calldata votes
    ) private view {
        if (votes.length != QUORUM) revert WrongLength(QUORUM, votes.length);
        bytes32 seed = _lastClosing().committeeSeed;
        uint256 free; // the first seat that the next vote may have
        for (uint256 i = 0; i < QUORUM; i++) {
            Vote calldata vote = votes[i];
            if (vote.seat < free || vote.seat >= SEATS) revert SeatsNotAscending(vote.seat);
            free = uint256(vote.seat) + 1;
            address signer = ECDSA.recoverCalldata(digest, vote.signature);
            if (
                !AliveSet.contains(alive, vote.index) ||
                NeighbourGraph.atPlace(seed, now_.alive, vote.seat) != AliveSet.rankOf(alive, vote.index) ||
                participantAt[vote.index] != signer ||
                _participant(signer).bond == 0
            ) revert WrongVote(vote.seat, signer);
        }
    }

    function _structHash(Header memory header) private pure returns (bytes32) {
        return keccak256(abi.encode(HEADER_TYPEHASH, header));
    }
}
