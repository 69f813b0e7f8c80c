// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Proof} from "./IGroth16Verifier.sol";
import {Submission} from "./IPlasmaRoot.sol";

/// @title The way out when the plasma chain has ended
/// @notice After the halt, pays out what the last final state says is whose: ETH and bridged tokens of accounts, shares
/// of liquidity, shielded notes. What exists on the plasma chain alone (energy) stays behind.
/// @dev An account's key signs each escape (EIP-712 `Escape`): contracts have none, so nobody can take what a contract
/// held by standing at its address on the root chain. What the account of a sender of forced messages holds is that
/// sender's, who calls without a signature. A note's owner signs with the note's proof.
/// Warning: notes that waited in the pool's queue at the last final state can't escape, nor can what contracts hold
/// other than exchanges and the pool.
interface IPlasmaEscape {
    /// @notice A payment that waits until its nullifiers can't be shown to be spent.
    /// @param releasableAt When it can be paid; 0: there is none.
    struct NoteEscape {
        address asset;
        address recipient;
        uint128 amount;
        uint64 releasableAt;
    }

    /// @notice The state that counts is known.
    event Opened(uint256 indexed epoch, bytes32 stateRoot);
    /// @notice A contract's storage and balance are known.
    event ContractProven(address indexed account, bytes32 storageRoot, uint256 balance);
    /// @notice Somebody's ETH, token or share of liquidity escaped. `source`: the account or exchange it was in.
    event AccountEscaped(address indexed holder, address indexed source, address indexed asset, uint256 amount);
    /// @notice A note's escape waits. Anybody can show, until `releasableAt`, that it was spent.
    event NoteEscapeStarted(
        uint256 indexed firstNullifier,
        uint256 indexed secondNullifier,
        address indexed asset,
        address recipient,
        uint256 amount,
        uint256 releasableAt
    );
    /// @notice A note was shown to be spent; its escape is off.
    event NoteEscapeCancelled(uint256 indexed firstNullifier, uint256 indexed secondNullifier, uint256 spent);
    /// @notice A note's escape was paid.
    event NoteEscaped(uint256 indexed firstNullifier, uint256 indexed secondNullifier, uint256 amount);

    /// @notice Thrown when another account than PlasmaRoot's owner calls.
    error NotPermitted(address sender);
    /// @notice Thrown when something is set again.
    error AlreadySet();
    /// @notice Thrown when the chain has not halted.
    error NotHalted();
    /// @notice Thrown when the state that counts isn't known yet, or no state is final.
    error NotOpen();
    /// @notice Thrown when a checkpoint isn't the last final one.
    error NotLastFinal(uint256 finalEpoch);
    /// @notice Thrown when a contract must be proven first.
    error NotProven(address account);
    /// @notice Thrown when an escape isn't signed by who has what escapes.
    error WrongSigner(address holder, address signer);
    /// @notice Thrown when something escaped before.
    error AlreadyEscaped(bytes32 key);
    /// @notice Thrown when there is nothing to escape.
    error NothingThere();
    /// @notice Thrown when nobody would be paid.
    error InvalidRecipient(address recipient);
    /// @notice Thrown when a note is of an asset that can't escape, or of another than is said.
    error InvalidAsset(uint256 asset);
    /// @notice Thrown when an amount is zero or above 128 bits.
    error InvalidAmount(uint256 amount);
    /// @notice Thrown when a proof was made for another escape.
    error WrongContext(uint256 expected, uint256 actual);
    /// @notice Thrown when a proof doesn't hold.
    error InvalidProof();
    /// @notice Thrown when a nullifier was posted or shown to be spent.
    error NullifierUsed(uint256 nullifier);
    /// @notice Thrown when more notes of an asset would escape than the pool held of it.
    error TurnstileExceeded(address asset, uint256 amount, uint256 inside);
    /// @notice Thrown when no such escape waits.
    error UnknownEscape(uint256 firstNullifier, uint256 secondNullifier);
    /// @notice Thrown when an escape can still be cancelled.
    error TooEarly(uint256 releasableAt);
    /// @notice Thrown when an escape can't be cancelled any more.
    error TooLate(uint256 releasableAt);

    /// @notice Names, once, the factory and the pool on the plasma chain. For PlasmaRoot's owner, before the halt.
    /// @dev Warning: shares and notes are read from these contracts. An owner could name others of its own making, and
    /// unless they are named no shares or notes escape: check them before depositing.
    function setPlatform(address factory, address pool) external;
    /// @notice After the halt, names the last final checkpoint. For anyone, once.
    function open(Submission calldata last) external;
    /// @notice Shows a contract of the plasma chain, once for all who need it.
    function proveContract(address account, bytes[] calldata nodes) external;

    /// @notice Pays an account's ETH.
    /// @param nodes The account in the last final state.
    /// @param signature The holder's, of `escapeDigest(ETH, holder, holder, recipient)`.
    function escapeEth(
        address holder,
        address recipient,
        bytes[] calldata nodes,
        bytes calldata signature
    ) external returns (uint256 paid);
    /// @notice Pays an account's balance of a bridged token, whose contract was proven.
    /// @param asset The token on the root chain.
    /// @param nodes The slot of the holder's balance.
    function escapeToken(
        address asset,
        address holder,
        address recipient,
        bytes[] calldata nodes,
        bytes calldata signature
    ) external returns (uint256 paid);

    /// @notice What shows a share of liquidity.
    /// @param token The exchange's token on the plasma chain.
    /// @param listing The factory's slot with the exchange.
    /// @param supply The exchange's slot with all liquidity.
    /// @param share The exchange's slot with the holder's.
    /// @param reserve The token's slot with the exchange's balance; empty for the ETH of the share.
    struct Liquidity {
        address token;
        bytes[] listing;
        bytes[] supply;
        bytes[] share;
        bytes[] reserve;
    }

    /// @notice Pays the ETH, or the bridged token, that a share of liquidity stands for. Factory, exchange and, for its
    /// token, the token's contract must be proven.
    /// @param asset `ETH`, or the exchange's token on the root chain.
    function escapeLiquidity(
        address asset,
        address holder,
        address recipient,
        Liquidity calldata liquidity,
        bytes calldata signature
    ) external returns (uint256 paid);

    /// @notice Shows how much of an asset the pool held: no more of it escapes in notes, whatever is proven.
    function proveInside(address asset, bytes[] calldata nodes) external;
    /// @notice Starts the escape of notes: a proof as for un-shielding, whose new notes are lost if they hold anything.
    /// @param asset `ETH`, or the token on the root chain.
    /// @param nodes The pool's slot with the proof's root.
    function escapeNote(
        Proof calldata proof,
        uint256[10] calldata signals,
        address asset,
        address recipient,
        bytes[] calldata nodes
    ) external;
    /// @notice Shows that a nullifier of a waiting escape was spent on the plasma chain.
    /// @param spent The first one or the second.
    /// @param nodes The pool's slot of that nullifier.
    function cancelNote(
        uint256 firstNullifier,
        uint256 secondNullifier,
        uint256 spent,
        bytes[] calldata nodes
    ) external;
    /// @notice Pays a note's escape that nobody cancelled. For anyone.
    function releaseNote(uint256 firstNullifier, uint256 secondNullifier) external returns (uint256 paid);

    /// @notice What a holder signs. `source`: the holder for its own balances, else the exchange.
    function escapeDigest(
        address asset,
        address source,
        address holder,
        address recipient
    ) external view returns (bytes32);
    /// @notice What a note's proof must have as its context.
    function noteContext(address asset, address recipient) external view returns (uint256);
    /// @notice The token that stands on the plasma chain for one of the root chain.
    function bridgedToken(address asset) external view returns (address);
    /// @notice The account with which a sender of forced messages acts on the plasma chain.
    function remoteAccount(address sender) external view returns (address);
    function stateRoot() external view returns (bytes32);
    function factory() external view returns (address);
    function pool() external view returns (address);
    function noteEscape(uint256 firstNullifier, uint256 secondNullifier) external view returns (NoteEscape memory);
}
