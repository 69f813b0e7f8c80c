// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGroth16Verifier, Proof} from "../interfaces/IGroth16Verifier.sol";
import {IPlasmaEscape} from "../interfaces/IPlasmaEscape.sol";
import {IPlasmaVault} from "../interfaces/IPlasmaVault.sol";
import {Poseidon} from "../merkle/Poseidon.sol";
import {JoinsplitSignals} from "../verifiers/JoinsplitSignals.sol";
import {ProvenState} from "./ProvenState.sol";

/// @title NoteEscapes
/// @notice Escapes of shielded notes; documented in IPlasmaEscape.
abstract contract NoteEscapes is ProvenState {
    using JoinsplitSignals for uint256[10];

    /* STORAGE */

    /// @dev ETH as an asset (ERC-7528).
    address internal constant ETH = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;

    /* Storage of ZkERC20, compared with the compiler's layout in the tests */
    uint256 private constant POOL_ROOTS = 1049;
    uint256 private constant POOL_NULLIFIERS = 1050;
    uint256 private constant POOL_INSIDE = 1051;

    IPlasmaVault internal immutable VAULT;
    IGroth16Verifier private immutable JOINSPLIT;
    uint256 private immutable CANCEL_PERIOD;

    mapping(address asset => uint256) private _inside;
    mapping(address asset => bool) private _insideProven;
    mapping(uint256 nullifier => bool) private _used;
    mapping(uint256 firstNullifier => mapping(uint256 secondNullifier => NoteEscape)) private _escapes;

    /* CONSTRUCTOR */

    constructor(IPlasmaVault vault, IGroth16Verifier joinsplit, uint256 cancelPeriod) {
        VAULT = vault;
        JOINSPLIT = joinsplit;
        CANCEL_PERIOD = cancelPeriod;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaEscape
    function proveInside(address asset, bytes[] calldata nodes) external {
        if (_insideProven[asset]) revert AlreadySet();
        _insideProven[asset] = true;
        _inside[asset] = _slot(pool, _entry(_assetOf(asset), POOL_INSIDE), nodes);
    }

    /// @inheritdoc IPlasmaEscape
    function escapeNote(
        Proof calldata proof,
        uint256[10] calldata signals,
        address asset,
        address recipient,
        bytes[] calldata nodes
    ) external {
        uint256 amount = signals.publicAmount();
        if (amount == 0 || amount > type(uint128).max) revert InvalidAmount(amount);
        if (recipient == address(0)) revert InvalidRecipient(recipient);
        if (signals.publicAsset() != _assetOf(asset)) revert InvalidAsset(signals.publicAsset());
        uint256 context = noteContext(asset, recipient);
        if (signals.contextHash() != context) revert WrongContext(context, signals.contextHash());
        bytes32 root = keccak256(abi.encode(signals.root(), _entry(signals.treeNumber(), POOL_ROOTS)));
        if (_slot(pool, root, nodes) != 1) revert InvalidProof();
        // What is paid counts, in releaseNote: escapes of spent notes don't stand in the way of others.
        if (amount > _inside[asset]) revert TurnstileExceeded(asset, amount, _inside[asset]);
        (uint256 first, uint256 second) = (signals.nullifier(0), signals.nullifier(1));
        _use(first);
        _use(second);
        if (!JOINSPLIT.verifyProof(proof.a, proof.b, proof.c, signals)) revert InvalidProof();

        uint256 releasableAt = block.timestamp + CANCEL_PERIOD;
        _escapes[first][second] = NoteEscape(asset, recipient, uint128(amount), uint64(releasableAt));
        emit NoteEscapeStarted(first, second, asset, recipient, amount, releasableAt);
    }

    /// @inheritdoc IPlasmaEscape
    function cancelNote(
        uint256 firstNullifier,
        uint256 secondNullifier,
        uint256 spent,
        bytes[] calldata nodes
    ) external {
        NoteEscape memory waiting = _waiting(firstNullifier, secondNullifier);
        if (block.timestamp >= waiting.releasableAt) revert TooLate(waiting.releasableAt);
        if (spent != firstNullifier && spent != secondNullifier) revert InvalidProof();
        if (_slot(pool, _entry(spent, POOL_NULLIFIERS), nodes) != 1) revert InvalidProof();
        delete _escapes[firstNullifier][secondNullifier];
        // The other note may not be spent: it can escape with another one.
        _used[spent == firstNullifier ? secondNullifier : firstNullifier] = false;
        emit NoteEscapeCancelled(firstNullifier, secondNullifier, spent);
    }

    /// @inheritdoc IPlasmaEscape
    function releaseNote(uint256 firstNullifier, uint256 secondNullifier) external returns (uint256 paid) {
        NoteEscape memory waiting = _waiting(firstNullifier, secondNullifier);
        if (block.timestamp < waiting.releasableAt) revert TooEarly(waiting.releasableAt);
        uint256 inside = _inside[waiting.asset];
        if (waiting.amount > inside) revert TurnstileExceeded(waiting.asset, waiting.amount, inside);
        paid = VAULT.payEscape(waiting.asset, waiting.recipient, waiting.amount);
        _inside[waiting.asset] = inside - paid;
        // Less than all is paid only while the vault holds less.
        if (paid == waiting.amount) delete _escapes[firstNullifier][secondNullifier];
        else _escapes[firstNullifier][secondNullifier].amount = uint128(waiting.amount - paid);
        emit NoteEscaped(firstNullifier, secondNullifier, paid);
    }

    /// @inheritdoc IPlasmaEscape
    function noteEscape(uint256 firstNullifier, uint256 secondNullifier) external view returns (NoteEscape memory) {
        return _escapes[firstNullifier][secondNullifier];
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaEscape
    function noteContext(address asset, address recipient) public view returns (uint256) {
        bytes32 hash = keccak256(abi.encode("Escape", block.chainid, address(this), asset, recipient));
        return uint256(hash) % Poseidon.FIELD;
    }

    /* PRIVATE */

    function _use(uint256 nullifier) private {
        if (_used[nullifier]) revert NullifierUsed(nullifier);
        _used[nullifier] = true;
    }

    function _waiting(uint256 first, uint256 second) private view returns (NoteEscape memory waiting) {
        waiting = _escapes[first][second];
        if (waiting.releasableAt == 0) revert UnknownEscape(first, second);
    }

    /// @dev The asset's number on the plasma chain.
    function _assetOf(address asset) private view returns (uint256) {
        return uint160(asset == ETH ? ETH : bridgedToken(asset));
    }
}
