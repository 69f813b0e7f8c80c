// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice A block of the model chain; its EIP-712 struct hash is its name.
/// @param number 0 is the genesis, each further one follows the last.
/// @param prevHash Struct hash of the header before.
/// @param round The round whose aggregate this is.
/// @param weightsRoot Root of the tree over the model's chunks.
/// @param weightHash The same model as circuits open it.
/// @param testsetHash What the losses were measured on.
/// @param participantHash Root of the tree over those in the round.
/// @param timestamp Unix seconds, not earlier than the header before.
/// @param lossBefore RMSE of the model before, in units of 2^-20.
/// @param lossAfter RMSE of the round's model, in the same units.
/// @param accepted Whether the round's model passed the gate; otherwise the model before is kept.
struct Header {
    uint256 number;
    bytes32 prevHash;
    uint256 round;
    bytes32 weightsRoot;
    bytes32 weightHash;
    bytes32 testsetHash;
    bytes32 participantHash;
    uint64 timestamp;
    uint32 lossBefore;
    uint32 lossAfter;
    bool accepted;
}

/// @notice How far a round is; `None`: it has ended.
enum Phase {
    None,
    Open,
    Closed,
    Posted,
    Final
}

/// @notice The round that runs, or the last one.
/// @param round Its number, from 1 on.
/// @param phase How far it is; `None`: it has ended.
/// @param committed How many committed keys: N.
/// @param seeded How many of them committed seeds.
/// @param alive How many are in the sum: n; 0 before the closing.
/// @param openedAt When it was opened.
/// @param until End of the window to post, to challenge, or to relay; 0 before the closing.
/// @param claim Number of the newest aggregate that was posted, of all rounds.
/// @param openOnClosing Demands to who closed that wait for an answer.
/// @param openOnClaim Demands to who posted that wait for an answer.
struct Round {
    uint32 round;
    Phase phase;
    uint16 committed;
    uint16 seeded;
    uint16 alive;
    uint40 openedAt;
    uint40 until;
    uint32 claim;
    uint16 openOnClosing;
    uint16 openOnClaim;
}

/// @title PPDLRegistry: participants, rounds and the model chain
/// @notice Bonded participants train a model together; this contract orders their rounds, keeps what others can check
/// of each (docs/reference/ppdl-protocol.md), and appends a header to the model chain after each round that succeeds.
/// What was closed or posted is taken as right unless it is challenged: see IPPDLChallenges.
/// @dev Warning: the last of the keys' transactions, and whoever closes, can try several values for the graph and the
/// committee. Nobody can undo that half of a round's participants may be one's own.
interface IPPDLRegistry {
    /// @param keysWindow Seconds in which keys are committed, from the opening on.
    /// @param seedsWindow Seconds after that in which seeds are committed.
    /// @param uploadWindow Seconds after that for training and uploading.
    /// @param closeWindow Seconds after that in which the round must be closed.
    /// @param postWindow Seconds from the closing, or the end of a false aggregate, until one is posted.
    /// @param challengeWindow Seconds from then on in which anything can be demanded.
    /// @param answerWindow Seconds in which a demand is answered; as long can be challenged after an answer.
    /// @param headerWindow Seconds from the finalisation until the header is relayed.
    /// @param tolerance By how many thousandths the loss may grow.
    /// @param bond What a participant must have at stake, in wei.
    /// @param demandFee What a demand costs, in wei; it is for who answers.
    struct Rules {
        uint32 keysWindow;
        uint32 seedsWindow;
        uint32 uploadWindow;
        uint32 closeWindow;
        uint32 postWindow;
        uint32 challengeWindow;
        uint32 answerWindow;
        uint32 headerWindow;
        uint16 tolerance;
        uint128 bond;
        uint128 demandFee;
    }

    /// @param bond At stake, in wei.
    /// @param resignedAt When it said that it takes part no more; 0: it didn't.
    /// @param round The last round that it committed keys in; 0: none.
    /// @param index Its index there.
    /// @param barred Whether it lost its bond: it can't come back.
    struct Participant {
        uint128 bond;
        uint40 resignedAt;
        uint32 round;
        uint16 index;
        bool barred;
    }

    /// @param seat In the committee, 0 to 6.
    /// @param index The participant's, in the round.
    /// @param signature Of the header: r, s, v.
    struct Vote {
        uint8 seat;
        uint16 index;
        bytes signature;
    }

    /// @notice A participant has this at stake.
    event Joined(address indexed participant, uint256 bond);
    /// @notice A participant takes part in no more rounds.
    event Resigned(address indexed participant, uint256 freeAt);
    /// @notice A participant took its bond back.
    event BondWithdrawn(address indexed participant, address to, uint256 amount);
    /// @notice A participant lost its bond.
    event Slashed(address indexed participant, address indexed challenger, uint256 amount);
    /// @notice Somebody took rewards or fees.
    event RewardClaimed(address indexed account, address to, uint256 amount);
    /// @notice A round begins, on the newest header.
    event RoundOpened(uint256 indexed round, uint256 head, address indexed opener);
    /// @notice A participant's public keys.
    event KeysCommitted(
        uint256 indexed round,
        uint256 index,
        address indexed participant,
        bytes32 channelKey,
        bytes32 maskKey
    );
    /// @notice A participant's hashes of seeds, the own first, and the root over its shares.
    event SeedsCommitted(uint256 indexed round, uint256 index, bytes32 sharesRoot, bytes32[] seedHashes);
    /// @notice Whose updates are in the sum.
    event RoundClosed(uint256 indexed round, address indexed closer, bytes alive, bytes32 aliveRoot);
    /// @notice A sum and the model after it.
    event AggregatePosted(
        uint256 indexed round,
        uint256 indexed claim,
        address indexed poster,
        bytes32 aggregateRoot,
        bytes32 weightsRoot,
        bytes32 weightHash
    );
    /// @notice The aggregate counts.
    event RoundFinalised(uint256 indexed round, bytes32 weightsRoot, bytes32 weightHash);
    /// @notice A round ended without a header.
    event RoundEnded(uint256 indexed round, Phase phase);
    /// @notice The model chain has one more header, also the genesis.
    event HeaderAppended(uint256 indexed number, bytes32 indexed hash, Header header);

    /// @notice Thrown when a window or the bond is zero.
    error InvalidRules();
    /// @notice Thrown when another account than the one for it calls, or no contract decides challenges yet.
    error NotPermitted(address sender);
    /// @notice Thrown when the contract of challenges is set again.
    error AlreadyConnected();
    /// @notice Thrown when a genesis names a header or round before it, is of the future, or isn't accepted.
    error InvalidGenesis();
    /// @notice Thrown when there is nothing to withdraw or claim.
    error NothingThere();
    /// @notice Thrown when a recipient can't take ETH.
    error PaymentFailed(address recipient);
    /// @notice Thrown when less is at stake than must be.
    error BondTooSmall(uint256 needed, uint256 bond);
    /// @notice Thrown when an account was slashed before.
    error Barred(address participant);
    /// @notice Thrown when an account has nothing at stake.
    error NotBonded(address participant);
    /// @notice Thrown when a participant has resigned.
    error HasResigned(address participant);
    /// @notice Thrown when a participant hasn't resigned.
    error NotResigned(address participant);
    /// @notice Thrown when something must wait.
    error TooEarly(uint256 notBefore);
    /// @notice Thrown when a window is over.
    error TooLate(uint256 until);
    /// @notice Thrown when the round isn't where this can be done.
    error WrongPhase(Phase phase);
    /// @notice Thrown while a round runs.
    error RoundRunning(uint256 round);
    /// @notice Thrown when a call names another round than the last.
    error WrongRound(uint256 expected, uint256 actual);
    /// @notice Thrown when a participant does again what is done once.
    error AlreadyCommitted(address participant);
    /// @notice Thrown when an account has no keys in the round.
    error NotInRound(address participant);
    /// @notice Thrown when a sum of more updates wouldn't be exact.
    error RoundFull(uint256 most);
    /// @notice Thrown when hashes, bytes of a bitmap, siblings or signatures are not as many as they should be.
    error WrongLength(uint256 expected, uint256 actual);
    /// @notice Thrown when too few are there for a round to go on.
    error TooFew(uint256 needed, uint256 actual);
    /// @notice Thrown when somebody without committed seeds, or nobody, is said to be alive.
    error NotSeeded(uint256 word);
    /// @notice Thrown when the round has another graph, as after a reorganisation of the chain.
    error WrongGraph(bytes32 expected, bytes32 actual);
    /// @notice Thrown when the round was closed otherwise, as after a reorganisation of the chain.
    error WrongClosing(bytes32 expected, bytes32 actual);
    /// @notice Thrown when a number is not below the field's order.
    error NotInField(uint256 number);
    /// @notice Thrown when a bitmap is not the one that the round was closed with.
    error WrongAlive();
    /// @notice Thrown when demands wait for an answer.
    error OpenDemands(uint256 count);
    /// @notice Thrown when a header has another number, predecessor, model or participants than these.
    error WrongHeader(
        uint256 number,
        bytes32 prevHash,
        bytes32 weightsRoot,
        bytes32 weightHash,
        bytes32 participantHash
    );
    /// @notice Thrown when a header is earlier than the one before, or of the future.
    error WrongTime(uint256 timestamp);
    /// @notice Thrown when `accepted` is not what the losses say.
    error WrongGate(bool expected);
    /// @notice Thrown when votes are not by ascending seats, or of a seat that there isn't.
    error SeatsNotAscending(uint256 seat);
    /// @notice Thrown when a vote is not of the participant whose seat it is.
    error WrongVote(uint256 seat, address signer);

    /// @notice Adds to the caller's bond, which must then be large enough; who had resigned takes part again.
    function join() external payable;
    /// @notice The caller takes part in no more rounds; its bond is free after `unbondingDelay`.
    function resign() external;
    /// @notice Pays the caller's bond to `to`.
    function withdrawBond(address to) external;
    /// @notice Pays the caller's rewards and fees to `to`.
    function claimReward(address to) external;

    /// @notice Begins a round; ends the last one if it can't go on. For participants.
    function open() external;
    /// @notice Commits the caller's public keys of this round (X25519).
    function commitKeys(uint256 round, bytes32 channelKey, bytes32 maskKey) external;
    /// @notice Commits the caller's seeds.
    /// @param sharesRoot Root of the tree over its encrypted shares.
    /// @param seedHashes Of its own seed, then of each neighbour's slot.
    function commitSeeds(uint256 round, bytes32 sharesRoot, bytes32[] calldata seedHashes) external;
    /// @notice Says whose updates are in the sum; the caller answers for their signatures. For participants.
    /// @param graph The graph's seed, so that it closes no other round than the caller meant.
    /// @param alive Bitmap of the participants' indices, lowest bit of each byte first.
    /// @param root Of the tree over their records.
    function close(bytes32 graph, bytes calldata alive, bytes32 root) external;
    /// @notice Posts the sum and the model after it; the caller answers for both. For participants.
    /// @param closing `closingHash()`, so that it is for no other closing than the caller meant.
    /// @param sums Root of the tree over the chunks' sum trees.
    /// @param weights Root of the tree over the new model's chunks.
    /// @param hash The new model as circuits open it.
    function postAggregate(bytes32 closing, bytes32 sums, bytes32 weights, bytes32 hash) external;
    /// @notice Makes the posted aggregate count, when nothing can be said against it any more. For anyone.
    function finalise(uint256 round) external;
    /// @notice Ends a round that can't go on. For anyone.
    function abort(uint256 round) external;
    /// @notice Appends a header to the model chain and ends the round. For anyone.
    /// @param alive The bitmap that the round was closed with.
    /// @param votes Five of the committee, by ascending seats.
    function relay(Header calldata header, bytes calldata alive, Vote[] calldata votes) external;

    /// @notice Tells the contract, once, which one decides challenges. For who deployed it.
    function connect(address challenges) external;
    /// @notice Somebody paid the fee of a demand to who closed or posted. For the contract of challenges, as are the
    /// next four.
    function demanded(bool ofCloser) external payable;
    /// @notice It was answered: the fee is the answerer's, and what was learned can be challenged for a while.
    function answered(bool ofCloser, address answerer) external;
    /// @notice Nobody has to answer any more: the fee is the demander's again.
    function released(address demander) external;
    /// @notice Slashes who closed, which ends the round, or who posted, after which another one can post.
    function condemn(bool ofCloser, address challenger) external;
    /// @notice Slashes a participant that contradicted itself. The round goes on.
    function condemnParticipant(address participant, address challenger) external;

    function rules() external view returns (Rules memory);
    /// @notice The contract that decides challenges; 0: none yet, and no round can begin.
    function challenges() external view returns (address);
    /// @notice Seconds from resigning until the bond is free: longer than a round lasts.
    function unbondingDelay() external view returns (uint256);
    function participantOf(address account) external view returns (Participant memory);
    function rewardOf(address account) external view returns (uint256);
    /// @notice Halves of slashed bonds, which stay here for good.
    function sunk() external view returns (uint256);
    /// @notice The round that runs, or the last one.
    function current() external view returns (Round memory);
    /// @notice Hash over the committed keys, by which the neighbours are drawn.
    function graphSeed() external view returns (bytes32);
    /// @notice The participant with an index in the last round.
    function participantAt(uint256 index) external view returns (address);
    /// @notice Root of the tree over its seeds' hashes; 0: it has committed none.
    function seedsRootAt(uint256 index) external view returns (bytes32);
    /// @notice Who closed the last round that was closed, and answers for it; what follows is of the same.
    function closer() external view returns (address);
    /// @notice Hash of the bitmap of those in the sum.
    function aliveHash() external view returns (bytes32);
    /// @notice Root of the tree over them.
    function aliveRoot() external view returns (bytes32);
    /// @notice What the header's committee is drawn by.
    function committeeSeed() external view returns (bytes32);
    /// @notice What a poster names, so that it posts for this closing alone.
    function closingHash() external view returns (bytes32);
    /// @notice Who posted the newest aggregate, and answers for it; what follows is of the same.
    function poster() external view returns (address);
    /// @notice Until when anything can be demanded of it.
    function demandsUntil() external view returns (uint256);
    /// @notice Root of the tree over the chunks' sum trees.
    function aggregateRoot() external view returns (bytes32);
    /// @notice Root of the tree over the new model's chunks.
    function weightsRoot() external view returns (bytes32);
    /// @notice The new model as circuits open it.
    function weightHash() external view returns (bytes32);
    /// @notice Number of the newest header.
    function head() external view returns (uint256);
    /// @notice Root of the newest model's chunks.
    function headWeightsRoot() external view returns (bytes32);
    /// @notice EIP-712 struct hash of a header; 0: none of that number.
    function headerHashOf(uint256 number) external view returns (bytes32);
    /// @notice Hash of a header's model; 0: none of that number.
    function weightHashOf(uint256 number) external view returns (bytes32);
    /// @notice What the committee signs.
    function headerDigest(Header calldata header) external view returns (bytes32);
    /// @notice What a participant signs of its masked update, once a round whatever happens to the chain.
    function updateDigest(uint256 round, bytes32 updateRoot) external view returns (bytes32);
}
