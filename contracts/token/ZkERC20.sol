// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IGroth16Verifier, Proof} from "../interfaces/IGroth16Verifier.sol";
import {IMeterRegistry} from "../interfaces/IMeterRegistry.sol";
import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";
import {IZkERC20, Terms} from "../interfaces/IZkERC20.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {ConsolidateSignals} from "../verifiers/ConsolidateSignals.sol";
import {JoinsplitSignals} from "../verifiers/JoinsplitSignals.sol";
import {TradeSignals} from "../verifiers/TradeSignals.sol";
import {ContextHash} from "./ContextHash.sol";
import {NoteTree} from "./NoteTree.sol";
import {PrivateTrade} from "./PrivateTrade.sol";
import {Vault} from "./Vault.sol";

/// @title ZkERC20
/// @notice The shielded pool's operations; documented in IZkERC20.
contract ZkERC20 is NoteTree, PrivateTrade, ReentrancyGuardTransient {
    using ConsolidateSignals for uint256[9];
    using JoinsplitSignals for uint256[10];
    using TradeSignals for uint256[14];

    /* STORAGE */

    address private immutable POSEIDON_T4;
    IGroth16Verifier private immutable JOINSPLIT;
    IGroth16Verifier private immutable CONSOLIDATE;
    IGroth16Verifier private immutable TRADE;

    /* CONSTRUCTOR */

    /// @param joinsplit Verifier of that circuit, as are `consolidate_` and `trade`.
    constructor(
        address poseidonT3,
        address poseidonT4,
        IGroth16Verifier joinsplit,
        IGroth16Verifier consolidate_,
        IGroth16Verifier trade,
        IMeterRegistry registry,
        IUniswapFactory factory
    ) NoteTree(poseidonT3) Vault(registry) PrivateTrade(factory) {
        POSEIDON_T4 = poseidonT4;
        JOINSPLIT = joinsplit;
        CONSOLIDATE = consolidate_;
        TRADE = trade;
    }

    /* EXTERNAL */

    /// @dev ETH comes in through `shield`, or from an exchange within `swap`.
    receive() external payable {
        if (!_reentrancyGuardEntered()) revert WrongValue(0, msg.value);
    }

    /// @inheritdoc IZkERC20
    function shield(
        address asset,
        uint256 amount,
        uint256 npk,
        bytes calldata ciphertext
    ) external payable nonReentrant {
        _shield(asset, amount, npk, ciphertext);
    }

    /// @inheritdoc IZkERC20
    function shieldWithPermit(
        address asset,
        uint256 amount,
        uint256 npk,
        bytes calldata ciphertext,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        if (asset.code.length == 0) revert InvalidAsset(asset);
        // Who copies the permit from the mempool does what it was signed for: the allowance is there already.
        try IERC20Permit(asset).permit(msg.sender, address(this), amount, permitDeadline, v, r, s) {} catch {}
        _shield(asset, amount, npk, ciphertext);
    }

    /// @inheritdoc IZkERC20
    function transfer(
        Proof calldata proof,
        uint256[10] calldata signals,
        Terms calldata terms
    ) external nonReentrant {
        if (signals.publicAmount() != 0) revert InvalidAmount(signals.publicAmount());
        if (signals.publicAsset() != 0) revert InvalidAsset(_asset(signals.publicAsset()));
        ContextHash.check(Operation.Transfer, terms, 0, signals.contextHash());
        _joinsplit(proof, signals, terms.ciphertexts);
    }

    /// @inheritdoc IZkERC20
    function consolidate(
        Proof calldata proof,
        uint256[9] calldata signals,
        Terms calldata terms
    ) external nonReentrant {
        ContextHash.check(Operation.Consolidate, terms, 0, signals.contextHash());
        uint256[] memory nullifiers = new uint256[](4);
        for (uint256 i = 0; i < 4; i++) nullifiers[i] = signals.nullifier(i);
        _spend(signals.root(), signals.treeNumber(), nullifiers);
        if (!CONSOLIDATE.verifyProof(proof.a, proof.b, proof.c, signals)) revert InvalidProof();
        _enqueue(_kept(signals.commitment(0), signals.commitment(1), 0, 0), terms.ciphertexts);
    }

    /// @inheritdoc IZkERC20
    function unshield(
        Proof calldata proof,
        uint256[10] calldata signals,
        Terms calldata terms,
        address recipient
    ) external nonReentrant {
        uint256 amount = signals.publicAmount();
        address asset = _asset(signals.publicAsset());
        if (amount == 0) revert InvalidAmount(0);
        ContextHash.check(Operation.Unshield, terms, keccak256(abi.encode(recipient)), signals.contextHash());
        _joinsplit(proof, signals, terms.ciphertexts);
        _payOut(asset, recipient, amount);
        emit Unshielded(asset, recipient, amount);
    }

    /// @inheritdoc IZkERC20
    function swap(
        Proof calldata proof,
        uint256[14] calldata signals,
        Terms calldata terms,
        SwapOrder calldata order
    ) external nonReentrant returns (uint256 amountOut) {
        ContextHash.check(Operation.Swap, terms, keccak256(abi.encode(order)), signals.contextHash());
        if (signals.publicAmount() == 0) revert InvalidAmount(0);
        if (!REGISTRY.isRegistrationRoot(signals.registrationRoot())) {
            revert IMeterRegistry.UnknownRegistrationRoot(signals.registrationRoot());
        }
        _useSlot(signals.meterNullifier());
        _spend(signals.root(), signals.treeNumber(), _pair(signals.nullifier(0), signals.nullifier(1)));
        if (!TRADE.verifyProof(proof.a, proof.b, proof.c, signals)) revert InvalidProof();

        address assetIn = _asset(signals.publicAsset());
        uint256 amountIn = signals.publicAmount();
        amountOut = _trade(assetIn, amountIn, order, signals.epoch(), signals.cap());

        uint256[] memory commitments = _kept(
            _commitment(order.npk, order.asset, amountOut),
            signals.commitment(0),
            signals.commitment(1),
            signals.commitment(2)
        );
        uint256 position = _enqueue(commitments, terms.ciphertexts);
        emit Swapped(assetIn, order.asset, amountIn, amountOut, order.npk, signals.cap(), position);
    }

    /// @inheritdoc IZkERC20
    function acceptIssue(
        address asset,
        uint256 credit,
        uint256[2] calldata commitments,
        bytes calldata ciphertexts
    ) external nonReentrant {
        if (msg.sender != address(REGISTRY)) revert NotRegistry(msg.sender);
        if (credit != 0) inside[asset] += credit;
        _enqueue(_kept(commitments[0], commitments[1], 0, 0), ciphertexts);
    }

    /// @inheritdoc IZkERC20
    function acceptSettle(
        uint256 root,
        uint256 treeNumber,
        uint256[2] calldata nullifiers,
        uint256[2] calldata commitments,
        bytes calldata ciphertexts
    ) external nonReentrant {
        if (msg.sender != address(REGISTRY)) revert NotRegistry(msg.sender);
        _spend(root, treeNumber, _pair(nullifiers[0], nullifiers[1]));
        _enqueue(_kept(commitments[0], commitments[1], 0, 0), ciphertexts);
    }

    /* PRIVATE */

    function _shield(address asset, uint256 amount, uint256 npk, bytes calldata ciphertext) private {
        _takeIn(asset, amount);
        uint256[] memory commitments = new uint256[](1);
        commitments[0] = _commitment(npk, asset, amount);
        emit Shielded(asset, amount, npk, _enqueue(commitments, ciphertext));
    }

    /// @dev Spends two notes and queues the new ones.
    function _joinsplit(Proof calldata proof, uint256[10] calldata signals, bytes calldata ciphertexts) private {
        _spend(signals.root(), signals.treeNumber(), _pair(signals.nullifier(0), signals.nullifier(1)));
        if (!JOINSPLIT.verifyProof(proof.a, proof.b, proof.c, signals)) revert InvalidProof();
        _enqueue(
            _kept(signals.commitment(0), signals.commitment(1), signals.commitment(2), 0),
            ciphertexts
        );
    }

    function _pair(uint256 first, uint256 second) private pure returns (uint256[] memory values) {
        values = new uint256[](2);
        (values[0], values[1]) = (first, second);
    }

    /// @dev The commitments without those of notes that were left out.
    function _kept(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256[] memory kept) {
        uint256[4] memory all = [a, b, c, d];
        kept = new uint256[](4);
        uint256 count;
        for (uint256 i = 0; i < 4; i++) if (all[i] != 0) kept[count++] = all[i];
        assembly ("memory-safe") {
            mstore(kept, count)
        }
    }

    function _commitment(uint256 npk, address asset, uint256 amount) private view returns (uint256) {
        if (npk >= Poseidon.FIELD) revert NotInField(npk);
        return Poseidon.hash3(POSEIDON_T4, npk, uint160(asset), amount);
    }

    function _asset(uint256 signal) private pure returns (address) {
        if (signal > type(uint160).max) revert NotInField(signal);
        return address(uint160(signal));
    }
}
