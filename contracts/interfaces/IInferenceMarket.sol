// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Proof} from "./IGroth16Verifier.sol";

/// @notice What an answer to a request is worth.
/// Undisputable: the node's word. Disputable: the node's word, until the requester asks for a proof. Proven: a proof.
enum Kind {
    Undisputable,
    Disputable,
    Proven
}

/// @notice How far a request is.
enum State {
    None,
    Open,
    Answered,
    Disputed,
    Settled
}

/// @notice What a requester asks for.
/// @param kind Which answer.
/// @param latest Any model from the newest one at the request on; otherwise the one of that number.
/// @param model The model's number; 0 for the latest.
/// @param deadline Until when it can be answered, in Unix seconds.
/// @param node Who alone can answer; 0: any node.
/// @param asset What is paid with: a token, or `ETH`.
/// @param payment Base units.
/// @param featuresHash Poseidon of the features and of a salt (docs/reference/ppdl-protocol.md).
struct Order {
    Kind kind;
    bool latest;
    uint64 model;
    uint40 deadline;
    address node;
    address asset;
    uint128 payment;
    uint256 featuresHash;
}

/// @notice A request as the market keeps it.
/// @param model The one asked for, the oldest that will do, or, once it is answered, the one that answered.
/// @param until The deadline; once answered, end of the time for a dispute; once disputed, for a proof.
/// @param node Who alone can answer (0: any node), or who has answered.
/// @param answerDigest Hash of the answer's hash and ciphertext.
struct Request {
    address requester;
    State state;
    Kind kind;
    bool latest;
    uint64 model;
    address node;
    uint40 until;
    address asset;
    uint128 payment;
    uint256 featuresHash;
    bytes32 answerDigest;
}

/// @title A market for forecasts
/// @notice Nodes with a bond answer requests with models of a model chain. The payment waits in escrow. Answers are
/// hidden: the chain has their hash and a ciphertext for who knows the request's salt. A dispute is decided by a proof
/// alone.
/// @dev Warning: that an answer is the model's doesn't make it a good forecast. An undisputable answer can be anything.
interface IInferenceMarket {
    /// @param disputeWindow Seconds in which an answer can be disputed.
    /// @param proofWindow Seconds in which a disputed answer must be proven.
    /// @param bond What a node must have at stake, in wei.
    /// @param stake What a disputable answer puts at stake of it, in wei.
    /// @param deposit What a dispute costs who loses it, in wei.
    struct Rules {
        uint32 disputeWindow;
        uint32 proofWindow;
        uint128 bond;
        uint128 stake;
        uint128 deposit;
    }

    /// @param bond In wei.
    /// @param locked What answers that can be disputed have at stake of it.
    /// @param leftAt When it said that it leaves; 0: it didn't.
    /// @param encryptionKey X25519 public key that features are encrypted to.
    struct Node {
        uint104 bond;
        uint104 locked;
        uint40 leftAt;
        bytes32 encryptionKey;
    }

    /// @notice A node has that key and bond.
    event NodeJoined(address indexed node, bytes32 encryptionKey, uint256 bond);
    /// @notice A node takes at least so much of an asset for an answer of that kind; 0: it doesn't.
    event PriceSet(address indexed node, address indexed asset, Kind indexed kind, uint256 price);
    /// @notice A node answers no more.
    event NodeLeft(address indexed node, uint256 freeAt);
    /// @notice A node took its bond back.
    event BondWithdrawn(address indexed node, address to, uint256 amount);
    /// @notice A request waits for an answer.
    /// @param features Encrypted to the addressed node, or for everybody.
    event Requested(
        uint256 indexed id,
        address indexed requester,
        address indexed node,
        Order order,
        uint256 oldestModel,
        bytes features
    );
    /// @notice A request was answered.
    event Answered(
        uint256 indexed id,
        address indexed node,
        uint256 model,
        uint256 answerHash,
        uint256 ciphertext,
        bool proven
    );
    /// @notice An answer must be proven until then.
    event Disputed(uint256 indexed id, address indexed node, uint256 until);
    /// @notice The payment is the node's; after a dispute, the deposit too.
    event NodePaid(uint256 indexed id, address indexed node);
    /// @notice The payment is the requester's again: nobody answered.
    event Refunded(uint256 indexed id, address indexed requester);
    /// @notice An answer was not proven: payment, deposit and half of the stake are the requester's.
    event NodeConvicted(uint256 indexed id, address indexed node, address indexed requester, uint256 stake);
    /// @notice Somebody took what was his.
    event Claimed(address indexed owner, address indexed asset, address to, uint256 amount);

    /// @notice Thrown when a window, the bond, the stake or the deposit is zero, or the stake above the bond.
    error InvalidRules();
    /// @notice Thrown when a number is no field element: no proof could ever have it.
    error NotInField(uint256 number);
    /// @notice Thrown when a payment or price is zero or too large.
    error InvalidPayment(uint256 amount);
    /// @notice Thrown when a deadline has passed.
    error InvalidDeadline(uint256 deadline);
    /// @notice Thrown when an asset is no contract.
    error InvalidAsset(address asset);
    /// @notice Thrown when other ETH is sent than is needed.
    error WrongValue(uint256 expected, uint256 actual);
    /// @notice Thrown when a token delivered another amount than was asked.
    error WrongDelivery(address asset, uint256 expected, uint256 actual);
    /// @notice Thrown when a recipient is the market itself or nobody.
    error InvalidRecipient(address recipient);
    /// @notice Thrown when a recipient can't take ETH.
    error PaymentFailed(address recipient);
    /// @notice Thrown when there is nothing to take.
    error NothingThere();
    /// @notice Thrown when a key is zero.
    error InvalidKey();
    /// @notice Thrown when less of a bond is free than is needed.
    error BondTooSmall(uint256 needed, uint256 free);
    /// @notice Thrown when an account is no node, or leaves.
    error NotActive(address node);
    /// @notice Thrown when a node doesn't leave.
    error NotLeaving(address node);
    /// @notice Thrown when some of a bond is at stake.
    error AtStake(uint256 locked);
    /// @notice Thrown when the addressed node doesn't sell such answers for that asset.
    error NotSold(address node, address asset, Kind kind);
    /// @notice Thrown when the addressed node takes more.
    error Underpaid(uint256 price, uint256 payment);
    /// @notice Thrown when an answer that can be proven is asked of a market whose models have no circuit.
    error NoCircuit();
    /// @notice Thrown when the model chain has no header of that number.
    error UnknownModel(uint256 number);
    /// @notice Thrown when an answer is of another model than was asked for.
    error StaleModel(uint256 asked, uint256 actual);
    /// @notice Thrown when a request isn't where this can be done.
    error WrongState(uint256 id, State state);
    /// @notice Thrown when a request is of a kind with which this can't be done.
    error WrongKind(uint256 id, Kind kind);
    /// @notice Thrown when another node than the addressed one answers.
    error NotAddressed(address node, address sender);
    /// @notice Thrown when another than the requester disputes.
    error NotRequester(address requester, address sender);
    /// @notice Thrown when it must wait.
    error TooEarly(uint256 notBefore);
    /// @notice Thrown when it is over.
    error TooLate(uint256 until);
    /// @notice Thrown when an answer or a proof is for other features.
    error WrongFeatures(uint256 expected, uint256 actual);
    /// @notice Thrown when a proof is of another model's weights.
    error WrongWeights(bytes32 expected, uint256 actual);
    /// @notice Thrown when a proof is of another answer than was given.
    error WrongAnswer(bytes32 expected, bytes32 actual);
    /// @notice Thrown when a proof was made for another node.
    error WrongNode(address expected, uint256 actual);
    /// @notice Thrown when a proof doesn't hold.
    error InvalidProof();

    /// @notice Becomes a node, with the ETH sent as bond; or adds to it, or changes the key, or comes back.
    function join(bytes32 encryptionKey) external payable;
    /// @notice Sets what the caller takes for an answer, at least; 0: it doesn't sell such.
    function setPrice(address asset, Kind kind, uint128 price) external;
    /// @notice Answers no more. The bond is free after both windows, when nothing of it is at stake.
    function leave() external;
    /// @notice Takes the bond back.
    function withdrawBond(address to) external;

    /// @notice Asks for a forecast and pays into escrow: ETH with the call, a token by allowance.
    /// @param features Encrypted to the addressed node, or for everybody.
    function request(Order calldata order, bytes calldata features) external payable returns (uint256 id);
    /// @notice Answers a request that needs no proof. Undisputable answers are paid at once.
    /// @param featuresHash The request's: after a reorganisation a number may be another's.
    function answer(
        uint256 id,
        uint64 model,
        uint256 featuresHash,
        uint256 answerHash,
        uint256 ciphertext
    ) external;
    /// @notice Answers with a proof, and is paid at once.
    function answerProven(uint256 id, uint64 model, Proof calldata proof, uint256[5] calldata signals) external;
    /// @notice Pays a node whose answer wasn't disputed in time. For anyone.
    function collect(uint256 id) external;
    /// @notice Gives the payment back if nobody answered in time. For anyone.
    function refund(uint256 id) external;
    /// @notice Demands a proof of an answer, with the deposit.
    function dispute(uint256 id) external payable;
    /// @notice Proves a disputed answer. For anyone.
    function prove(uint256 id, Proof calldata proof, uint256[5] calldata signals) external;
    /// @notice Settles a dispute in which no proof came in time. For anyone.
    function convict(uint256 id) external;
    /// @notice Pays what the caller has to an account.
    function claim(address asset, address to) external;

    function rules() external view returns (Rules memory);
    function nodeOf(address node) external view returns (Node memory);
    function priceOf(address node, address asset, Kind kind) external view returns (uint256);
    /// @notice How many requests there were; the next one's number.
    function requestCount() external view returns (uint256);
    function requestOf(uint256 id) external view returns (Request memory);
    function claimable(address asset, address owner) external view returns (uint256);
    /// @notice Halves of lost stakes, which nobody gets: who disputes with himself loses them.
    function sunk() external view returns (uint256);
    /// @notice The asset that stands for ETH.
    function ETH() external view returns (address);
    /// @notice The model chain.
    function chain() external view returns (address);
    /// @notice What verifies proofs; 0: the models have no circuit.
    function verifier() external view returns (address);
}
