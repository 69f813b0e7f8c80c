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
        return _digest(_structHash(header));
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
        bytes32 prevHash = headerHashOf[last.number];
        bytes32 root = header.accepted ? weightsRoot : headWeightsRoot;
        bytes32 hash = header.accepted ? weightHash : weightHashOf[last.number];
        if (
            header.number != uint256(last.number) + 1 ||
            header.prevHash != prevHash ||
            header.weightsRoot != root ||
            header.weightHash != hash ||
            header.participantHash != aliveRoot
        ) revert WrongHeader(last.number + 1, prevHash, root, hash, aliveRoot);
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
        uint256 free; // the first seat that the next vote may have
        for (uint256 i = 0; i < QUORUM; i++) {
            Vote calldata vote = votes[i];
            if (vote.seat < free || vote.seat >= SEATS) revert SeatsNotAscending(vote.seat);
            free = uint256(vote.seat) + 1;
            address signer = ECDSA.recoverCalldata(digest, vote.signature);
            if (_member(now_.alive, vote.seat, vote.index, alive) != signer) revert WrongVote(vote.seat, signer);
        }
    }

    /// @dev Whose seat it is, if the participant with this index has it and its bond; nobody's otherwise.
    function _member(
        uint256 count,
        uint256 seat,
        uint256 index,
        bytes calldata alive
    ) private view returns (address member) {
        if (!AliveSet.contains(alive, index)) return address(0);
        if (AliveSet.rankOf(alive, index) != NeighbourGraph.atPlace(committeeSeed, count, seat)) return address(0);
        member = participantAt[index];
        if (_participant(member).bond == 0) return address(0);
    }

    function _structHash(Header memory header) private pure returns (bytes32) {
        return keccak256(abi.encode(HEADER_TYPEHASH, header));
    }
}
