// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IPPDLRegistry, Phase, Round} from "../interfaces/IPPDLRegistry.sol";
import {MerkleRoot} from "../merkle/MerkleRoot.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {AliveSet} from "./AliveSet.sol";
import {NeighbourGraph} from "./NeighbourGraph.sol";
import {Participants} from "./Participants.sol";

/// @title Rounds
/// @notice One round after the other, each up to an aggregate that counts; documented in IPPDLRegistry.
/// @dev What belongs to a round is written over by the next one.
abstract contract Rounds is Participants {
    /* STORAGE */

    uint256 internal constant LEAST_ALIVE = 8;
    /// @dev So many updates have an exact sum.
    uint256 private constant MOST_COMMITTED = 2047;

    uint256 internal immutable KEYS_WINDOW;
    uint256 internal immutable SEEDS_WINDOW;
    uint256 internal immutable UPLOAD_WINDOW;
    uint256 internal immutable CLOSE_WINDOW;
    uint256 internal immutable POST_WINDOW;
    uint256 internal immutable CHALLENGE_WINDOW;
    uint256 internal immutable ANSWER_WINDOW;
    uint256 internal immutable HEADER_WINDOW;

    Round private _round;
    /// @inheritdoc IPPDLRegistry
    bytes32 public graphSeed;
    /// @inheritdoc IPPDLRegistry
    address public closer;
    /// @inheritdoc IPPDLRegistry
    bytes32 public aliveHash;
    /// @inheritdoc IPPDLRegistry
    bytes32 public aliveRoot;
    /// @inheritdoc IPPDLRegistry
    bytes32 public committeeSeed;
    /// @inheritdoc IPPDLRegistry
    address public poster;
    uint40 private _demandsUntil;
    /// @inheritdoc IPPDLRegistry
    bytes32 public aggregateRoot;
    /// @inheritdoc IPPDLRegistry
    bytes32 public weightsRoot;
    /// @inheritdoc IPPDLRegistry
    bytes32 public weightHash;
    /// @inheritdoc IPPDLRegistry
    mapping(uint256 index => address) public participantAt;
    mapping(uint256 index => bytes32) private _seedsRoots;
    /// @dev A bit for each index that has committed seeds, in the words of AliveSet.
    mapping(uint256 round => mapping(uint256 word => uint256)) private _seeded;

    /* CONSTRUCTOR */

    constructor(Rules memory rules_) Participants(rules_) {
        if (
            rules_.keysWindow == 0 ||
            rules_.seedsWindow == 0 ||
            rules_.uploadWindow == 0 ||
            rules_.closeWindow == 0 ||
            rules_.postWindow == 0 ||
            rules_.challengeWindow == 0 ||
            rules_.answerWindow == 0 ||
            rules_.headerWindow == 0
        ) revert InvalidRules();
        KEYS_WINDOW = rules_.keysWindow;
        SEEDS_WINDOW = rules_.seedsWindow;
        UPLOAD_WINDOW = rules_.uploadWindow;
        CLOSE_WINDOW = rules_.closeWindow;
        POST_WINDOW = rules_.postWindow;
        CHALLENGE_WINDOW = rules_.challengeWindow;
        ANSWER_WINDOW = rules_.answerWindow;
        HEADER_WINDOW = rules_.headerWindow;
    }

    /* EXTERNAL */

    /// @inheritdoc IPPDLRegistry
    function open() external {
        _requireActive(msg.sender);
        if (challenges == address(0)) revert NotPermitted(address(0));
        Round memory last = _round;
        if (last.phase != Phase.None) {
            if (!_isOver(last)) revert RoundRunning(last.round);
            emit RoundEnded(last.round, last.phase);
        }
        Round memory next;
        (next.round, next.phase, next.openedAt) = (last.round + 1, Phase.Open, uint40(block.timestamp));
        next.claim = last.claim;
        _round = next;
        graphSeed = bytes32(uint256(next.round));
        emit RoundOpened(next.round, head(), msg.sender);
    }

    /// @inheritdoc IPPDLRegistry
    function commitKeys(uint256 round, bytes32 channelKey, bytes32 maskKey) external {
        Participant memory participant = _requireActive(msg.sender);
        Round memory now_ = _requireRound(round, Phase.Open);
        _requireBefore(now_.openedAt + KEYS_WINDOW);
        if (participant.round == round) revert AlreadyCommitted(msg.sender);
        uint16 index = now_.committed++;
        if (index == MOST_COMMITTED) revert RoundFull(MOST_COMMITTED);
        _round = now_;
        _setPlace(msg.sender, participant, now_.round, index);
        participantAt[index] = msg.sender;
        graphSeed = keccak256(abi.encodePacked(graphSeed, msg.sender, channelKey, maskKey));
        emit KeysCommitted(round, index, msg.sender, channelKey, maskKey);
    }

    /// @inheritdoc IPPDLRegistry
    function commitSeeds(uint256 round, bytes32 sharesRoot, bytes32[] calldata seedHashes) external {
        Participant memory participant = _participant(msg.sender);
        Round memory now_ = _requireRound(round, Phase.Open);
        if (participant.round != round || participant.bond == 0) revert NotInRound(msg.sender);
        uint256 start = now_.openedAt + KEYS_WINDOW;
        if (block.timestamp < start) revert TooEarly(start);
        _requireBefore(start + SEEDS_WINDOW);
        if (now_.committed < LEAST_ALIVE) revert TooFew(LEAST_ALIVE, now_.committed);
        uint256 count = NeighbourGraph.degree(now_.committed) + 1;
        if (seedHashes.length != count) revert WrongLength(count, seedHashes.length);
        _setSeeded(round, participant.index);
        now_.seeded++;
        _round = now_;
        _seedsRoots[participant.index] = MerkleRoot.over(seedHashes);
        emit SeedsCommitted(round, participant.index, sharesRoot, seedHashes);
    }

    /// @inheritdoc IPPDLRegistry
    function close(bytes32 graph, bytes calldata alive, bytes32 root) external {
        _requireActive(msg.sender);
        Round memory now_ = _round;
        if (now_.phase != Phase.Open) revert WrongPhase(now_.phase);
        if (graph != graphSeed) revert WrongGraph(graphSeed, graph);
        uint256 start = now_.openedAt + KEYS_WINDOW + SEEDS_WINDOW;
        if (block.timestamp < start) revert TooEarly(start);
        uint256 uploaded = start + UPLOAD_WINDOW;
        _requireBefore(uploaded + CLOSE_WINDOW);
        uint256 count = _checkAlive(now_, alive);
        if (count < now_.seeded && block.timestamp < uploaded) revert TooEarly(uploaded);

        (now_.phase, now_.alive, now_.until) = (Phase.Closed, uint16(count), uint40(block.timestamp + POST_WINDOW));
        _round = now_;
        (closer, aliveHash, aliveRoot) = (msg.sender, keccak256(alive), root);
        committeeSeed = keccak256(abi.encode(graph, root, blockhash(block.number - 1)));
        emit RoundClosed(now_.round, msg.sender, alive, root);
    }

    /// @inheritdoc IPPDLRegistry
    function postAggregate(bytes32 closing, bytes32 sums, bytes32 weights, bytes32 hash) external {
        _requireActive(msg.sender);
        Round memory now_ = _round;
        if (now_.phase != Phase.Closed) revert WrongPhase(now_.phase);
        _requireBefore(now_.until);
        bytes32 expected = closingHash();
        if (closing != expected) revert WrongClosing(expected, closing);
        if (uint256(hash) >= Poseidon.FIELD) revert NotInField(uint256(hash));
        uint40 until = uint40(block.timestamp + CHALLENGE_WINDOW);
        (now_.phase, now_.until) = (Phase.Posted, until);
        now_.claim++;
        _round = now_;
        (poster, _demandsUntil) = (msg.sender, until);
        (aggregateRoot, weightsRoot, weightHash) = (sums, weights, hash);
        emit AggregatePosted(now_.round, now_.claim, msg.sender, sums, weights, hash);
    }

    /// @inheritdoc IPPDLRegistry
    function finalise(uint256 round) external {
        Round memory now_ = _requireRound(round, Phase.Posted);
        if (block.timestamp < now_.until) revert TooEarly(now_.until);
        uint256 waiting = uint256(now_.openOnClosing) + now_.openOnClaim;
        if (waiting != 0) revert OpenDemands(waiting);
        (now_.phase, now_.until) = (Phase.Final, uint40(block.timestamp + HEADER_WINDOW));
        _round = now_;
        emit RoundFinalised(round, weightsRoot, weightHash);
    }

    /// @inheritdoc IPPDLRegistry
    function abort(uint256 round) external {
        Round memory now_ = _round;
        if (now_.round != round) revert WrongRound(now_.round, round);
        if (!_isOver(now_)) revert RoundRunning(round);
        emit RoundEnded(round, now_.phase);
        _endRound(now_);
    }

    /// @inheritdoc IPPDLRegistry
    function seedsRootAt(uint256 index) external view returns (bytes32) {
        uint256 seeded = _seeded[_round.round][index / AliveSet.WORD];
        return seeded & AliveSet.bit(index) == 0 ? bytes32(0) : _seedsRoots[index];
    }

    /// @inheritdoc IPPDLRegistry
    function current() external view returns (Round memory) {
        return _round;
    }

    /// @inheritdoc IPPDLRegistry
    function demandsUntil() external view returns (uint256) {
        return _demandsUntil;
    }

    /* PUBLIC */

    /// @inheritdoc IPPDLRegistry
    function closingHash() public view returns (bytes32) {
        return keccak256(abi.encode(committeeSeed, aliveHash));
    }

    /// @inheritdoc IPPDLRegistry
    function head() public view virtual returns (uint256);

    /* INTERNAL */

    function _setRound(Round memory now_) internal {
        _round = now_;
    }

    function _endRound(Round memory now_) internal {
        now_.phase = Phase.None;
        _round = now_;
    }

    /// @inheritdoc Participants
    function _requireFree(address account) internal view override {
        Phase phase = _round.phase;
        bool closed = phase == Phase.Closed || phase == Phase.Posted;
        if ((closed && account == closer) || (phase == Phase.Posted && account == poster)) {
            revert RoundRunning(_round.round);
        }
    }

    /// @dev The round, in this phase.
    function _requireRound(uint256 round, Phase phase) internal view returns (Round memory now_) {
        now_ = _round;
        if (now_.round != round) revert WrongRound(now_.round, round);
        if (now_.phase != phase) revert WrongPhase(now_.phase);
    }

    function _requireBefore(uint256 until) internal view {
        if (block.timestamp >= until) revert TooLate(until);
    }

    function _requireAlive(bytes calldata alive) internal view {
        if (keccak256(alive) != aliveHash) revert WrongAlive();
    }

    function _lastRound() internal view returns (Round memory) {
        return _round;
    }

    /* PRIVATE */

    function _setSeeded(uint256 round, uint256 index) private {
        uint256 seeded = _seeded[round][index / AliveSet.WORD];
        if (seeded & AliveSet.bit(index) != 0) revert AlreadyCommitted(msg.sender);
        _seeded[round][index / AliveSet.WORD] = seeded | AliveSet.bit(index);
    }

    /// @dev Whether nothing can come of a round any more.
    function _isOver(Round memory now_) private view returns (bool) {
        if (now_.phase == Phase.Open) {
            uint256 end = now_.openedAt + KEYS_WINDOW;
            if (now_.committed < LEAST_ALIVE && block.timestamp >= end) return true;
            end += SEEDS_WINDOW;
            if (now_.seeded < LEAST_ALIVE && block.timestamp >= end) return true;
            return block.timestamp >= end + UPLOAD_WINDOW + CLOSE_WINDOW;
        }
        if (now_.phase == Phase.Closed) return block.timestamp >= now_.until && now_.openOnClosing == 0;
        return now_.phase == Phase.Final && block.timestamp >= now_.until;
    }

    /// @dev How many are alive: enough of those with seeds.
    function _checkAlive(Round memory now_, bytes calldata alive) private view returns (uint256 count) {
        uint256 length = (uint256(now_.committed) + 7) / 8;
        if (alive.length != length) revert WrongLength(length, alive.length);
        for (uint256 i = 0; 32 * i < length; i++) {
            if (AliveSet.word(alive, i) & ~_seeded[now_.round][i] != 0) revert NotSeeded(i);
        }
        count = AliveSet.count(alive);
        uint256 needed = uint256(now_.seeded) / 2 + 1;
        if (needed < LEAST_ALIVE) needed = LEAST_ALIVE;
        if (count < needed) revert TooFew(needed, count);
    }
}
