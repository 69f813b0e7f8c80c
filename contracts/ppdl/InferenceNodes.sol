// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IInferenceMarket, Kind} from "../interfaces/IInferenceMarket.sol";
import {MarketLedger} from "./MarketLedger.sol";

/// @title InferenceNodes
/// @notice Who answers, for how much, and what is at stake; documented in IInferenceMarket.
abstract contract InferenceNodes is MarketLedger {
    using SafeCast for uint256;

    /* STORAGE */

    uint256 internal immutable DISPUTE_WINDOW;
    uint256 internal immutable PROOF_WINDOW;
    uint256 internal immutable DEPOSIT;
    uint256 private immutable BOND;
    uint256 private immutable STAKE;

    mapping(address node => Node) private _nodes;
    /// @inheritdoc IInferenceMarket
    mapping(address node => mapping(address asset => mapping(Kind kind => uint256))) public priceOf;
    /// @inheritdoc IInferenceMarket
    uint256 public sunk;

    /* CONSTRUCTOR */

    constructor(Rules memory rules_) {
        if (
            rules_.disputeWindow == 0 ||
            rules_.proofWindow == 0 ||
            rules_.stake == 0 ||
            rules_.deposit == 0 ||
            rules_.bond < rules_.stake
        ) revert InvalidRules();
        DISPUTE_WINDOW = rules_.disputeWindow;
        PROOF_WINDOW = rules_.proofWindow;
        DEPOSIT = rules_.deposit;
        BOND = rules_.bond;
        STAKE = rules_.stake;
    }

    /* EXTERNAL */

    /// @inheritdoc IInferenceMarket
    function join(bytes32 encryptionKey) external payable {
        if (encryptionKey == 0) revert InvalidKey();
        Node storage node = _nodes[msg.sender];
        uint256 bond = node.bond + msg.value;
        if (bond < BOND) revert BondTooSmall(BOND, bond);
        (node.bond, node.leftAt, node.encryptionKey) = (bond.toUint104(), 0, encryptionKey);
        emit NodeJoined(msg.sender, encryptionKey, bond);
    }

    /// @inheritdoc IInferenceMarket
    function setPrice(address asset, Kind kind, uint128 price) external {
        priceOf[msg.sender][asset][kind] = price;
        emit PriceSet(msg.sender, asset, kind, price);
    }

    /// @inheritdoc IInferenceMarket
    function leave() external {
        _requireActive(msg.sender);
        _nodes[msg.sender].leftAt = uint40(block.timestamp);
        emit NodeLeft(msg.sender, block.timestamp + DISPUTE_WINDOW + PROOF_WINDOW);
    }

    /// @inheritdoc IInferenceMarket
    function withdrawBond(address to) external nonReentrant {
        Node storage node = _nodes[msg.sender];
        uint256 amount = node.bond;
        if (amount == 0) revert NothingThere();
        if (node.leftAt == 0) revert NotLeaving(msg.sender);
        uint256 freeAt = node.leftAt + DISPUTE_WINDOW + PROOF_WINDOW;
        if (block.timestamp < freeAt) revert TooEarly(freeAt);
        if (node.locked != 0) revert AtStake(node.locked);
        node.bond = 0;
        emit BondWithdrawn(msg.sender, to, amount);
        _payOut(ETH, to, amount);
    }

    /// @inheritdoc IInferenceMarket
    function rules() external view returns (Rules memory) {
        return
            Rules(uint32(DISPUTE_WINDOW), uint32(PROOF_WINDOW), uint128(BOND), uint128(STAKE), uint128(DEPOSIT));
    }

    /// @inheritdoc IInferenceMarket
    function nodeOf(address node) external view returns (Node memory) {
        return _nodes[node];
    }

    /* INTERNAL */

    /// @dev Reverts unless an account has a whole bond and doesn't leave.
    function _requireActive(address account) internal view {
        Node storage node = _nodes[account];
        if (node.bond < BOND || node.leftAt != 0) revert NotActive(account);
    }

    /// @dev Reverts unless a node sells such an answer for that.
    function _requireSold(address account, address asset, Kind kind, uint256 payment) internal view {
        _requireActive(account);
        uint256 price = priceOf[account][asset][kind];
        if (price == 0) revert NotSold(account, asset, kind);
        if (payment < price) revert Underpaid(price, payment);
    }

    /// @dev Puts a stake of a node's bond at stake.
    function _lock(address account) internal {
        Node storage node = _nodes[account];
        uint256 free = node.bond - node.locked;
        if (free < STAKE) revert BondTooSmall(STAKE, free);
        node.locked += uint104(STAKE);
    }

    function _unlock(address account) internal {
        _nodes[account].locked -= uint104(STAKE);
    }

    /// @dev Takes a stake: half is the winner's, the other half nobody's. Returns the whole.
    function _slash(address account, address winner) internal returns (uint256) {
        Node storage node = _nodes[account];
        (node.bond, node.locked) = (node.bond - uint104(STAKE), node.locked - uint104(STAKE));
        _credit(ETH, winner, STAKE / 2);
        sunk += STAKE - STAKE / 2;
        return STAKE;
    }
}
