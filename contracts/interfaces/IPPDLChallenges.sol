// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice A node of a sum tree and its two children.
/// @param sum The node's chunk.
/// @param left The first child's chunk.
/// @param right The second child's.
/// @param belowLeft Hashes of the first child's children; of no meaning if it is a leaf.
/// @param belowRight Those of the second child's.
/// @param path From the node to the aggregate's root: see SumTree.
struct SumProof {
    uint256[8] sum;
    uint256[8] left;
    uint256[8] right;
    bytes32[2] belowLeft;
    bytes32[2] belowRight;
    bytes32[] path;
}

/// @notice A leaf of a sum tree that stands for an update, and the same chunk of the signed update.
/// @param leaf The leaf's hash.
/// @param path From the leaf to the aggregate's root.
/// @param participant Whose update it is.
/// @param updateRoot Root of the tree over the update's chunks.
/// @param alivePath From the participant's record to the root of the alive.
/// @param chunkHash The update's leaf.
/// @param updatePath From there to `updateRoot`.
struct LeafProof {
    bytes32 leaf;
    bytes32[] path;
    address participant;
    bytes32 updateRoot;
    bytes32[] alivePath;
    bytes32 chunkHash;
    bytes32[] updatePath;
}

/// @notice A leaf of a sum tree that takes a mask off, and the mask's seed.
/// @param leaf The leaf's hash.
/// @param path From the leaf to the aggregate's root.
/// @param alive The bitmap that the round was closed with; beyond the masks' places it has no meaning, nor the rest.
/// @param index Whose place it is: one of the alive, or one of the others.
/// @param seed The revealed seed; of no meaning where the leaf must be zeros.
/// @param seedHash The committed hash of a pair's seed; of no meaning for an own seed.
/// @param seedPath From the seed's hash to the root over that participant's hashes.
/// @param neighbourHash What the neighbour committed for the pair.
/// @param neighbourPath From there to the root over the neighbour's hashes.
struct MaskProof {
    bytes32 leaf;
    bytes32[] path;
    bytes alive;
    uint256 index;
    bytes32 seed;
    bytes32 seedHash;
    bytes32[] seedPath;
    bytes32 neighbourHash;
    bytes32[] neighbourPath;
}

/// @notice A chunk of the model before and after, and of the sum.
/// @param before The chunk of the head's model.
/// @param beforePath From there to its root.
/// @param sum The chunk's sum: node 1 of its tree.
/// @param below Hashes of that node's children.
/// @param sumPath From the node to the aggregate's root.
/// @param after_ The chunk of the posted model.
/// @param afterPath From there to its root.
struct UpdateProof {
    uint256[8] before;
    bytes32[] beforePath;
    uint256[8] sum;
    bytes32[2] below;
    bytes32[] sumPath;
    uint256[8] after_;
    bytes32[] afterPath;
}

/// @notice A chunk of the posted model, and what stands for it in `weightHash`.
/// @param chunk The chunk.
/// @param path From there to the model's root.
/// @param leaf What is in its place in the tree below `weightHash`.
/// @param siblings From there up, three a level, lowest level first.
struct HashProof {
    uint256[8] chunk;
    bytes32[] path;
    uint256 leaf;
    uint256[] siblings;
}

/// @notice A signed record of the alive.
/// @param alive The bitmap that the round was closed with.
/// @param index The participant's.
/// @param updateRoot Root of the tree over the update's chunks.
/// @param path From the record to the root of the alive.
/// @param signature The participant's, of the update.
struct SignatureProof {
    bytes alive;
    uint256 index;
    bytes32 updateRoot;
    bytes32[] path;
    bytes signature;
}

/// @title Faults of a round that the chain can decide
/// @notice Everything that was posted can be shown to be right, or wrong, one chunk at a time. Who knows a fault
/// challenges: the poster loses its bond, half of it to the caller, and another aggregate can be posted. Who lacks the
/// data demands that a place is shown to be right; if nobody does in time, who answers for it is convicted. What is
/// right is never convicted, as long as somebody who has the round's data answers demands.
/// @dev Warning: a proof can be copied from the mempool and sent for another's reward. It does its work all the same.
/// @dev Warning: signatures are demanded of who closed; the chunks of the updates that they sign, of who posted. So
/// close only with what can be seen, and post only what can be shown.
interface IPPDLChallenges {
    /// @dev What is right at a place of a chunk:
    /// `Sum`: an inner node of the sum tree is the sum of its children;
    /// `Leaf`: the leaf of an alive rank is its signed update;
    /// `Mask`: any other leaf takes off the mask that it should, or is zeros;
    /// `Update`: the new model is the old one plus the mean (place 0);
    /// `Hash`: `weightHash` is that of the new model (place 0);
    /// `Signature`: the record of an alive rank is of its participant, who signed it (chunk 0).
    enum Kind {
        Sum,
        Leaf,
        Mask,
        Update,
        Hash,
        Signature
    }

    /// @notice Somebody wants to see that a place is right. `subject` is the claim, of a signature the round.
    event Demanded(
        Kind indexed kind,
        uint256 indexed subject,
        uint256 chunk,
        uint256 place,
        address demander,
        uint256 until
    );
    /// @notice It was shown.
    event Answered(Kind indexed kind, uint256 indexed subject, uint256 chunk, uint256 place, address answerer);
    /// @notice It was shown to be wrong, or not shown in time.
    event FaultProven(
        Kind indexed kind,
        uint256 indexed subject,
        uint256 chunk,
        uint256 place,
        address indexed challenger
    );
    /// @notice A participant signed two updates of a round.
    event EquivocationProven(uint256 indexed round, address indexed participant, address indexed challenger);
    /// @notice The fee of a demand that nobody has to answer any more went back.
    event DemandReleased(Kind indexed kind, uint256 indexed subject, uint256 chunk, uint256 place);

    /// @notice Thrown when what is shown is as it should be.
    error NoFault();
    /// @notice Thrown when what is shown as an answer is wrong.
    error Fault();
    /// @notice Thrown when the model has no weights, or PoseidonT5 is no contract.
    error InvalidModel();
    /// @notice Thrown when nothing is closed or posted, or it is final.
    error NothingToChallenge();
    /// @notice Thrown when a demand comes too late, or an answer.
    error DemandTooLate(uint256 until);
    /// @notice Thrown when a demand can still be answered.
    error StillAnswerable(uint256 until);
    /// @notice Thrown when siblings are not as many as they should be.
    error WrongPath(uint256 expected, uint256 actual);
    /// @notice Thrown when a number is not below the field's order: it would pass for a smaller one.
    error BeyondField(uint256 number);
    /// @notice Thrown when a bitmap is not the one that the round was closed with.
    error OtherAlive();
    /// @notice Thrown when there is no such chunk, or no such place for this kind.
    error NoSuchPlace(Kind kind, uint256 chunk, uint256 place);
    /// @notice Thrown when a path doesn't lead to the root that it should.
    error WrongRoot(bytes32 expected, bytes32 actual);
    /// @notice Thrown when an index isn't that of the place.
    error WrongIndex(uint256 index);
    /// @notice Thrown when a seed isn't the committed one.
    error WrongSeed(bytes32 expected, bytes32 actual);
    /// @notice Thrown when a signature isn't of the participant that it should be of.
    error WrongSigner(address expected, address actual);
    /// @notice Thrown when two signatures are not of one account.
    error DifferentSigners(address first, address second);
    /// @notice Thrown when a call is about another aggregate, or another round, than can be challenged now.
    error NotCurrent(uint256 expected, uint256 actual);
    /// @notice Thrown when a demand doesn't come with its fee.
    error WrongFee(uint256 expected, uint256 actual);
    /// @notice Thrown when that was demanded before.
    error AlreadyDemanded();
    /// @notice Thrown when no such demand waits for an answer.
    error NotDemanded();
    /// @notice Thrown when somebody still has to answer a demand.
    error StillDemanded();

    /// @notice An inner node of the sum tree of a chunk isn't the sum of its children.
    function challengeSum(uint256 chunk, uint256 node, SumProof calldata proof) external;
    /// @notice The leaf of an alive rank isn't its signed update.
    function challengeLeaf(uint256 chunk, uint256 rank, LeafProof calldata proof) external;
    /// @notice A leaf takes off another mask than it should.
    /// @param place Of the leaf, from the number of the alive on.
    function challengeMask(uint256 chunk, uint256 place, MaskProof calldata proof) external;
    /// @notice A chunk of the new model isn't the old one plus the mean.
    function challengeUpdate(uint256 chunk, UpdateProof calldata proof) external;
    /// @notice `weightHash` has something else in a chunk's place, or anything beyond the last.
    function challengeHash(uint256 chunk, HashProof calldata proof) external;

    /// @notice Slashes who signed two updates of a round, whichever one it was. A round in which it is goes on: the
    /// alive set names one of the two, and who saw both learned nothing but their difference.
    function proveEquivocation(
        uint256 round,
        bytes32 first,
        bytes calldata firstSignature,
        bytes32 second,
        bytes calldata secondSignature
    ) external;

    /// @notice Demands that a place is shown to be right, for a fee. For anyone, each place once.
    /// @param subject The claim; for a signature, the round.
    function demand(Kind kind, uint256 subject, uint256 chunk, uint256 place) external payable;
    /// @notice Shows it, for the fee. For anyone, as are the next five.
    function answerSum(uint256 claim, uint256 chunk, uint256 node, SumProof calldata proof) external;
    function answerLeaf(uint256 claim, uint256 chunk, uint256 rank, LeafProof calldata proof) external;
    function answerMask(uint256 claim, uint256 chunk, uint256 place, MaskProof calldata proof) external;
    function answerUpdate(uint256 claim, uint256 chunk, UpdateProof calldata proof) external;
    function answerHash(uint256 claim, uint256 chunk, HashProof calldata proof) external;
    function answerSignature(uint256 round, uint256 rank, SignatureProof calldata proof) external;
    /// @notice Convicts who should have seen to an answer, for the demander, who gets the fee back. For anyone.
    function convict(Kind kind, uint256 subject, uint256 chunk, uint256 place) external;
    /// @notice Gives a demander the fee back when nobody has to answer any more.
    function release(Kind kind, uint256 subject, uint256 chunk, uint256 place) external;
    /// @notice How many weights the model has.
    function weightCount() external view returns (uint256);
    /// @notice A demand: who made it and until when it can be answered. Nobody: it was answered, or never made.
    function demandOf(
        Kind kind,
        uint256 subject,
        uint256 chunk,
        uint256 place
    ) external view returns (address demander, uint256 until);
}
