// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Proof} from "./IGroth16Verifier.sol";

/// @notice What a shielded operation is bound to beside its proof.
/// @param relayer The account that must send it; zero: any.
/// @param deadline The last second, in Unix time, at which it may be mined.
/// @param ciphertexts The new notes, encrypted to their owners; opaque to the contracts.
struct Terms {
    address relayer;
    uint256 deadline;
    bytes ciphertexts;
}

/// @title Shielded pool of many assets
/// @notice A note is `Poseidon(npk, asset, amount)` with `npk = Poseidon(public key, blinding)`. Notes wait in a queue
/// until anybody flushes them into the tree; each has a position for good: `tree number * 2^24 + index`. An asset is
/// the address of an ERC-20, or `ETH` (ERC-7528). Amounts are base units below 2^128.
/// @dev Warning: whoever can make proofs without a witness (knows the secret of the keys' ceremony) can spend notes
/// that don't exist; the turnstile bounds that, per asset, by what came in. Tokens that change balances on their own
/// are not supported: their holders lose or give the difference.
interface IZkERC20 {
    /// @notice What a context hash is made for.
    enum Operation {
        Transfer,
        Consolidate,
        Unshield,
        Swap,
        Issue,
        Settle
    }

    /// @notice What a swap asks for beside its proof, whose public asset and amount are what it gives.
    /// @param asset What it wants.
    /// @param minimum The least it takes.
    /// @param npk The note public key that the output is made out to.
    struct SwapOrder {
        address asset;
        uint256 minimum;
        uint256 npk;
    }

    /// @notice New notes wait in the queue, in this order from this position on.
    event NotesQueued(uint256 indexed firstPosition, uint256[] commitments, bytes ciphertexts);
    /// @notice Notes were spent.
    event NullifiersSpent(uint256[] nullifiers);
    /// @notice An asset came in as one note.
    event Shielded(address indexed asset, uint256 amount, uint256 npk, uint256 indexed position);
    /// @notice An asset left.
    event Unshielded(address indexed asset, address indexed recipient, uint256 amount);
    /// @notice A hidden owner swapped; the output is the note at `position`.
    event Swapped(
        address indexed assetIn,
        address indexed assetOut,
        uint256 amountIn,
        uint256 amountOut,
        uint256 npk,
        uint256 cap,
        uint256 indexed position
    );
    /// @notice Notes moved from the queue into the tree, up to `nextIndex`; `root` is valid from now on.
    event Flushed(uint256 indexed treeNumber, uint256 nextIndex, uint256 root);

    /// @notice Thrown when the proof doesn't hold for its public signals.
    error InvalidProof();
    /// @notice Thrown when no flush of that tree left that root.
    error UnknownRoot(uint256 root, uint256 treeNumber);
    /// @notice Thrown when a note is spent again.
    error NullifierUsed(uint256 nullifier);
    /// @notice Thrown when what the call says is not what the proof was made for.
    error WrongContext(uint256 expected, uint256 actual);
    /// @notice Thrown when the deadline has passed.
    error DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice Thrown when another account than the named relayer sends an operation.
    error NotRelayer(address relayer, address sender);
    /// @notice Thrown when an amount is zero or above 128 bits, or a public amount stands where none belongs.
    error InvalidAmount(uint256 amount);
    /// @notice Thrown when an asset is no contract, or can't be used here.
    error InvalidAsset(address asset);
    /// @notice Thrown when a value is not below the field's modulus.
    error NotInField(uint256 value);
    /// @notice Thrown when the ETH sent isn't the amount.
    error WrongValue(uint256 expected, uint256 sent);
    /// @notice Thrown when a token delivered another amount than was asked.
    error WrongDelivery(address asset, uint256 expected, uint256 actual);
    /// @notice Thrown when a recipient can't take what leaves.
    error InvalidRecipient(address recipient);
    /// @notice Thrown when more would leave than came in or was metered.
    error TurnstileExceeded(address asset, uint256 amount, uint256 inside);
    /// @notice Thrown when too many notes wait: flush first.
    error QueueFull(uint256 waiting);
    /// @notice Thrown when nothing waits.
    error QueueEmpty();
    /// @notice Thrown when no note waits at that position.
    error NotWaiting(uint256 position);
    /// @notice Thrown when another account than the registry calls.
    error NotRegistry(address sender);
    /// @notice Thrown when both sides of a swap are the same asset.
    error NotATrade(address assetIn, address assetOut);
    /// @notice Thrown when the meter's slot of the epoch is used.
    error SlotUsed(uint256 meterNullifier);
    /// @notice Thrown when the proof is of another epoch.
    error WrongEpoch(uint256 expected, uint256 actual);
    /// @notice Thrown when a cap is none of the classes.
    error NotACapClass(uint256 cap);
    /// @notice Thrown when a trade moves more energy than its cap (both in base units).
    error CapExceeded(uint256 amount, uint256 cap);
    /// @notice Thrown when a trade would leave the spot price too far from the average, on the side to which it moves
    /// it (both UQ112.112 wei per base unit).
    error PriceOutOfBounds(uint256 spot, uint256 average);

    /// @notice Takes an asset in as a note. For ETH send the amount along; a token must be approved.
    /// @param asset Token, or ETH.
    /// @param amount Base units, more than 0, below 2^128.
    /// @param npk The note public key it is made out to.
    /// @param ciphertext The note, encrypted to its owner.
    function shield(address asset, uint256 amount, uint256 npk, bytes calldata ciphertext) external payable;

    /// @notice As `shield`, with an approval by signature (EIP-2612).
    function shieldWithPermit(
        address asset,
        uint256 amount,
        uint256 npk,
        bytes calldata ciphertext,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Two notes into three, whoever they belong to.
    /// @param signals Public signals of `joinsplit`, read by `JoinsplitSignals`.
    function transfer(Proof calldata proof, uint256[10] calldata signals, Terms calldata terms) external;

    /// @notice Four notes into two.
    /// @param signals Public signals of `consolidate`, read by `ConsolidateSignals`.
    function consolidate(Proof calldata proof, uint256[9] calldata signals, Terms calldata terms) external;

    /// @notice Two notes into a public amount for `recipient`, and three notes.
    /// @param signals Public signals of `joinsplit`, read by `JoinsplitSignals`.
    function unshield(
        Proof calldata proof,
        uint256[10] calldata signals,
        Terms calldata terms,
        address recipient
    ) external;

    /// @notice Gives the public amount to the exchange and takes what it pays as a note. No purchase leaves the price
    /// above the bound around the average, no sale below it; whatever brings it back may happen.
    /// @param signals Public signals of `trade`, read by `TradeSignals`.
    /// @return amountOut What the exchange paid, in base units.
    function swap(
        Proof calldata proof,
        uint256[14] calldata signals,
        Terms calldata terms,
        SwapOrder calldata order
    ) external returns (uint256 amountOut);

    /// @notice Moves up to `count` waiting notes into the tree. Anyone may call.
    function flush(uint256 count) external;

    /// @notice Queues the notes of an issue; by the registry.
    /// @param credit What the turnstile lets out more from now on, in base units.
    function acceptIssue(
        address asset,
        uint256 credit,
        uint256[2] calldata commitments,
        bytes calldata ciphertexts
    ) external;

    /// @notice Spends and queues the notes of a settlement; by the registry.
    function acceptSettle(
        uint256 root,
        uint256 treeNumber,
        uint256[2] calldata nullifiers,
        uint256[2] calldata commitments,
        bytes calldata ciphertexts
    ) external;

    /// @notice The asset that stands for ETH (ERC-7528).
    function ETH() external view returns (address);
    /// @notice Most notes that can wait in the queue.
    function QUEUE_CAPACITY() external view returns (uint256);
    /// @notice How many notes were ever queued; the next one's position.
    function queued() external view returns (uint256);
    /// @notice How many notes were ever flushed; the next one's position.
    function flushed() external view returns (uint256);
    /// @notice The commitment that waits at a position; only from `flushed()` up to `queued()`.
    function waiting(uint256 position) external view returns (uint256 commitment);
    /// @notice Whether a flush of that tree left that root.
    function isRoot(uint256 root, uint256 treeNumber) external view returns (bool);
    /// @notice Whether a note was spent.
    function isSpent(uint256 nullifier) external view returns (bool);
    /// @notice Whether a meter's trade slot was used.
    function isSlotUsed(uint256 meterNullifier) external view returns (bool);
    /// @notice Base units of an asset that may still leave.
    function inside(address asset) external view returns (uint256);
}
