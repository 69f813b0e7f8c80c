// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGroth16Verifier, Proof} from "../interfaces/IGroth16Verifier.sol";
import {IInferenceMarket, Kind, Order, Request, State} from "../interfaces/IInferenceMarket.sol";
import {IModelChain} from "../interfaces/IModelChain.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {InferenceSignals} from "../verifiers/InferenceSignals.sol";
import {InferenceNodes} from "./InferenceNodes.sol";

/// @title InferenceMarket
/// @notice Requests, answers and disputes; documented in IInferenceMarket.
contract InferenceMarket is InferenceNodes {
    /* STORAGE */

    IModelChain private immutable CHAIN;
    IGroth16Verifier private immutable VERIFIER;

    /// @inheritdoc IInferenceMarket
    uint256 public requestCount;
    mapping(uint256 id => Request) private _requests;

    /* CONSTRUCTOR */

    /// @param verifier_ The circuit's of the chain's models; 0: they have none, and only undisputable answers are sold.
    constructor(Rules memory rules_, IModelChain chain_, IGroth16Verifier verifier_) InferenceNodes(rules_) {
        CHAIN = chain_;
        VERIFIER = verifier_;
    }

    /* EXTERNAL */

    /// @inheritdoc IInferenceMarket
    function request(
        Order calldata order,
        bytes calldata features
    ) external payable nonReentrant returns (uint256 id) {
        if (order.payment == 0) revert InvalidPayment(0);
        if (order.deadline <= block.timestamp) revert InvalidDeadline(order.deadline);
        _requireField(order.featuresHash);
        if (order.kind != Kind.Undisputable && address(VERIFIER) == address(0)) revert NoCircuit();
        if (order.node != address(0)) _requireSold(order.node, order.asset, order.kind, order.payment);
        uint64 model = _askedModel(order);
        id = requestCount++;
        Request storage made = _requests[id];
        (made.requester, made.state, made.kind, made.latest) = (msg.sender, State.Open, order.kind, order.latest);
        (made.model, made.node, made.until) = (model, order.node, order.deadline);
        (made.asset, made.payment, made.featuresHash) = (order.asset, order.payment, order.featuresHash);
        emit Requested(id, msg.sender, order.node, order, model, features);
        _takeIn(order.asset, order.payment);
    }

    /// @inheritdoc IInferenceMarket
    function answer(
        uint256 id,
        uint64 model,
        uint256 featuresHash,
        uint256 answerHash,
        uint256 ciphertext
    ) external nonReentrant {
        Request storage asked = _requests[id];
        Kind kind = asked.kind;
        _takeOn(id, asked, model, featuresHash);
        if (kind == Kind.Proven) revert WrongKind(id, kind);
        _requireField(answerHash);
        _requireField(ciphertext);
        emit Answered(id, msg.sender, model, answerHash, ciphertext, false);
        if (kind == Kind.Undisputable) {
            _payNode(id, asked);
            return;
        }
        _lock(msg.sender);
        asked.state = State.Answered;
        asked.until = uint40(block.timestamp + DISPUTE_WINDOW);
        asked.answerDigest = _digest(answerHash, ciphertext);
    }

    /// @inheritdoc IInferenceMarket
    function answerProven(
        uint256 id,
        uint64 model,
        Proof calldata proof,
        uint256[5] calldata signals
    ) external nonReentrant {
        Request storage asked = _requests[id];
        _takeOn(id, asked, model, InferenceSignals.featuresHash(signals));
        _verify(asked, proof, signals);
        (uint256 hash, uint256 ciphertext) = (
            InferenceSignals.answerHash(signals),
            InferenceSignals.ciphertext(signals)
        );
        emit Answered(id, msg.sender, model, hash, ciphertext, true);
        _payNode(id, asked);
    }

    /// @inheritdoc IInferenceMarket
    function collect(uint256 id) external nonReentrant {
        Request storage asked = _requireState(id, State.Answered);
        _requireAfter(asked.until);
        _unlock(asked.node);
        _payNode(id, asked);
    }

    /// @inheritdoc IInferenceMarket
    function refund(uint256 id) external nonReentrant {
        Request storage asked = _requireState(id, State.Open);
        _requireAfter(asked.until);
        asked.state = State.Settled;
        _credit(asked.asset, asked.requester, asked.payment);
        emit Refunded(id, asked.requester);
    }

    /// @inheritdoc IInferenceMarket
    function dispute(uint256 id) external payable nonReentrant {
        Request storage asked = _requireState(id, State.Answered);
        if (msg.sender != asked.requester) revert NotRequester(asked.requester, msg.sender);
        _requireBefore(asked.until);
        if (msg.value != DEPOSIT) revert WrongValue(DEPOSIT, msg.value);
        asked.state = State.Disputed;
        asked.until = uint40(block.timestamp + PROOF_WINDOW);
        emit Disputed(id, asked.node, asked.until);
    }

    /// @inheritdoc IInferenceMarket
    function prove(uint256 id, Proof calldata proof, uint256[5] calldata signals) external nonReentrant {
        Request storage asked = _requireState(id, State.Disputed);
        _requireBefore(asked.until);
        uint256 featuresHash = InferenceSignals.featuresHash(signals);
        if (featuresHash != asked.featuresHash) revert WrongFeatures(asked.featuresHash, featuresHash);
        bytes32 digest = _digest(InferenceSignals.answerHash(signals), InferenceSignals.ciphertext(signals));
        if (digest != asked.answerDigest) revert WrongAnswer(asked.answerDigest, digest);
        _verify(asked, proof, signals);
        _unlock(asked.node);
        _credit(ETH, asked.node, DEPOSIT);
        _payNode(id, asked);
    }

    /// @inheritdoc IInferenceMarket
    function convict(uint256 id) external nonReentrant {
        Request storage asked = _requireState(id, State.Disputed);
        _requireAfter(asked.until);
        asked.state = State.Settled;
        (address node, address requester) = (asked.node, asked.requester);
        uint256 stake = _slash(node, requester);
        _credit(ETH, requester, DEPOSIT);
        _credit(asked.asset, requester, asked.payment);
        emit NodeConvicted(id, node, requester, stake);
    }

    /// @inheritdoc IInferenceMarket
    function requestOf(uint256 id) external view returns (Request memory) {
        return _requests[id];
    }

    /// @inheritdoc IInferenceMarket
    function chain() external view returns (address) {
        return address(CHAIN);
    }

    /// @inheritdoc IInferenceMarket
    function verifier() external view returns (address) {
        return address(VERIFIER);
    }

    /* PRIVATE */

    /// @dev The caller answers: it may, it is in time, and it means this request and a model that was asked for.
    function _takeOn(uint256 id, Request storage asked, uint64 model, uint256 featuresHash) private {
        _requireState(id, State.Open);
        address addressed = asked.node;
        if (addressed == address(0)) asked.node = msg.sender;
        else if (addressed != msg.sender) revert NotAddressed(addressed, msg.sender);
        _requireActive(msg.sender);
        _requireBefore(asked.until);
        if (featuresHash != asked.featuresHash) revert WrongFeatures(asked.featuresHash, featuresHash);
        if (asked.latest ? model < asked.model : model != asked.model) revert StaleModel(asked.model, model);
        if (CHAIN.weightHashOf(model) == 0) revert UnknownModel(model);
        asked.model = model;
    }

    /// @dev The model is the request's, so is the node; the caller has compared features and answer.
    function _verify(Request storage asked, Proof calldata proof, uint256[5] calldata signals) private view {
        if (address(VERIFIER) == address(0)) revert NoCircuit();
        (bytes32 weightHash, uint256 proven) = (
            CHAIN.weightHashOf(asked.model),
            InferenceSignals.weightHash(signals)
        );
        if (bytes32(proven) != weightHash) revert WrongWeights(weightHash, proven);
        uint256 node = InferenceSignals.node(signals);
        if (node != uint160(asked.node)) revert WrongNode(asked.node, node);
        if (!VERIFIER.verifyProof(proof.a, proof.b, proof.c, signals)) revert InvalidProof();
    }

    function _payNode(uint256 id, Request storage asked) private {
        asked.state = State.Settled;
        _credit(asked.asset, asked.node, asked.payment);
        emit NodePaid(id, asked.node);
    }

    /// @dev The model of the order's number, or the newest.
    function _askedModel(Order calldata order) private view returns (uint64 model) {
        model = order.latest ? uint64(CHAIN.head()) : order.model;
        if (CHAIN.weightHashOf(model) == 0) revert UnknownModel(model);
    }

    function _requireState(uint256 id, State state) private view returns (Request storage asked) {
        asked = _requests[id];
        if (asked.state != state) revert WrongState(id, asked.state);
    }

    function _requireBefore(uint256 until) private view {
        if (block.timestamp > until) revert TooLate(until);
    }

    function _requireAfter(uint256 until) private view {
        if (block.timestamp <= until) revert TooEarly(until + 1);
    }

    function _requireField(uint256 number) private pure {
        if (number >= Poseidon.FIELD) revert NotInField(number);
    }

    function _digest(uint256 answerHash, uint256 ciphertext) private pure returns (bytes32) {
        return keccak256(abi.encode(answerHash, ciphertext));
    }
}
