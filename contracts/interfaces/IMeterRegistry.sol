// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Proof} from "./IGroth16Verifier.sol";
import {ITransferPolicy} from "./ITransferPolicy.sol";
import {Terms} from "./IZkERC20.sol";

/// @title Meters, their readings, and who may hold energy
/// @notice Microgrids' operators register meters in one tree of leaves `Poseidon(meter commitment, microgrid,
/// capacity)` with `meter commitment = Poseidon(3, meter secret)`, and publish per epoch the root of a Poseidon
/// Merkle-sum tree of readings. After a correction window, owners take their exported energy as notes (issue) and burn
/// notes against imported energy (settle), each once per meter and epoch, without showing meter or amount. Energy is
/// in Wh here.
/// @dev Warning: an operator is trusted to register real meters and to read them right. What it publishes can't exceed
/// the capacity it registered, and what owners prove can't exceed what it published.
/// @dev Source: G. Maxwell's proof of liabilities for the sum tree, each child's sum hashed on its own.
interface IMeterRegistry is ITransferPolicy {
    /// @notice How a microgrid is run: a slot of storage.
    /// @param operator Registers meters and publishes readings.
    /// @param epochLength Seconds of a metering epoch; epoch `n` is from `n * epochLength` on.
    /// @param correctionWindow Seconds after publication in which an epoch can be corrected.
    /// @param priceWindow Seconds of the average that a private trade's price is held against.
    /// @param maxDeviation How far a trade may move the spot price away from it, in ten-thousandths.
    struct Microgrid {
        address operator;
        uint24 epochLength;
        uint32 correctionWindow;
        uint24 priceWindow;
        uint16 maxDeviation;
    }

    /// @notice What was published of an epoch.
    /// @param readingsRoot `Poseidon(hash of the sum tree's root, exported + 2^64 * imported)`.
    /// @param exported Wh of all meters.
    /// @param imported Wh of all meters.
    /// @param openFrom When issue and settle open; 0: not published.
    /// @param credited Whether the exports were let through the turnstile.
    struct Epoch {
        uint256 readingsRoot;
        uint64 exported;
        uint64 imported;
        uint64 openFrom;
        bool credited;
    }

    /// @notice The pool was named.
    event PoolSet(address indexed pool);
    /// @notice A microgrid was added or its rules were changed.
    event MicrogridChanged(uint256 indexed microgrid, address indexed token, Microgrid rules);
    /// @notice A meter stands at that index of the registration tree.
    event MeterRegistered(uint256 indexed microgrid, uint256 indexed commitment, uint256 index, uint32 capacity);
    /// @notice A meter's leaf is empty now.
    event MeterRemoved(uint256 indexed microgrid, uint256 indexed commitment, uint256 index, uint32 capacity);
    /// @notice The registration tree has a new root; the one before it stays valid for `ROOT_LIFETIME`.
    event RegistrationRootChanged(uint256 root);
    /// @notice An epoch's readings were published, or corrected. `dataHash` names the encrypted leaves and paths.
    event ReadingsPublished(
        uint256 indexed microgrid,
        uint256 indexed epoch,
        uint256 readingsRoot,
        uint64 exported,
        uint64 imported,
        bytes32 dataHash
    );
    /// @notice A meter's exported energy became notes.
    event Issued(uint256 indexed microgrid, uint256 indexed epoch, uint256 meterNullifier);
    /// @notice Energy was burned against a meter's imported energy; its owner can open the receipt.
    event Settled(uint256 indexed microgrid, uint256 indexed epoch, uint256 meterNullifier, uint256 receipt);
    /// @notice A public account of a microgrid may hold energy, or no longer.
    event AccountChanged(uint256 indexed microgrid, address indexed account, bool allowed);
    /// @notice A contract or provider may hold energy of every microgrid, or no longer.
    event ListingChanged(address indexed account, bool listed);

    /// @notice Thrown when the pool is set again.
    error PoolAlreadySet();
    /// @notice Thrown when there is no pool yet to take notes.
    error PoolNotSet();
    /// @notice Thrown when an account without code is named as pool or token.
    error NoContract(address account);
    /// @notice Thrown when a microgrid's rules make no sense, or the token has one.
    error InvalidMicrogrid();
    /// @notice Thrown when there is no such microgrid.
    error UnknownMicrogrid(uint256 microgrid);
    /// @notice Thrown when another account than the microgrid's operator calls.
    error NotOperator(uint256 microgrid, address sender);
    /// @notice Thrown when lists that belong together differ in length, or are empty.
    error LengthMismatch();
    /// @notice Thrown when a commitment is registered already, 0 or not below the field's modulus, or when the
    /// meter's capacity is 0.
    error InvalidMeter(uint256 commitment);
    /// @notice Thrown when the leaf to remove is not in the tree.
    error MeterNotFound(uint256 commitment);
    /// @notice Thrown when the registration tree is full.
    error RegistrationTreeFull();
    /// @notice Thrown when an epoch's readings are published before it has ended.
    error EpochNotOver(uint256 epoch);
    /// @notice Thrown when an epoch had ended before its microgrid was added.
    error EpochTooEarly(uint256 epoch, uint256 first);
    /// @notice Thrown when an epoch's readings were published.
    error AlreadyPublished(uint256 epoch);
    /// @notice Thrown when an epoch's readings were not published.
    error NotPublished(uint256 epoch);
    /// @notice Thrown when the correction window is over.
    error CorrectionClosed(uint256 epoch);
    /// @notice Thrown when issue or settle come before the end of the correction window.
    error NotOpenYet(uint256 epoch, uint256 openFrom);
    /// @notice Thrown when a total exceeds the capacity of all meters of the microgrid.
    error OverCapacity(uint256 total, uint256 capacity);
    /// @notice Thrown when a proof is of other readings than were published.
    error WrongReadings(uint256 expected, uint256 actual);
    /// @notice Thrown when a proof is of other energy than the microgrid's.
    error WrongAsset(address expected, uint256 actual);
    /// @notice Thrown when no valid registration tree has that root.
    error UnknownRegistrationRoot(uint256 root);
    /// @notice Thrown when a meter issues or settles an epoch again.
    error MeterNullifierUsed(uint256 meterNullifier);

    /// @notice Names the pool, once; by the owner.
    function setPool(address pool) external;
    /// @notice Adds a microgrid; by the owner. Numbers run from 1.
    /// @dev Warning: to be called before the pool holds the token; it burns and mints the token from then on.
    function addMicrogrid(address token, Microgrid calldata rules) external returns (uint256 microgrid);
    /// @notice Changes operator, windows and price bound of a microgrid; by the owner. The epoch length stays.
    function changeMicrogrid(uint256 microgrid, Microgrid calldata rules) external;
    /// @notice Lets an account hold energy of every microgrid (liquidity providers, contracts), or not; by the owner.
    function setListed(address account, bool listed) external;
    /// @notice Lets a public account with a meter hold the microgrid's energy, or not; by its operator.
    function setAccount(uint256 microgrid, address account, bool allowed) external;
    /// @notice Registers meters; by the operator.
    /// @param capacities Most Wh that each can feed in or use in an epoch.
    function registerMeters(uint256 microgrid, uint256[] calldata commitments, uint32[] calldata capacities) external;
    /// @notice Takes a meter out of the registration tree; by the operator.
    /// @param siblings Its path, lowest level first.
    function removeMeter(
        uint256 microgrid,
        uint256 commitment,
        uint32 capacity,
        uint256 index,
        uint256[] calldata siblings
    ) external;
    /// @notice Publishes an epoch's readings, once; by the operator, after the epoch has ended. The first epoch is the
    /// one in which the microgrid was added.
    /// @param treeRoot Hash of the sum tree's root node.
    /// @param exported Total Wh.
    /// @param imported Total Wh.
    /// @param dataHash Hash (SHA-256) of the encrypted leaves and paths for the owners.
    function publishReadings(
        uint256 microgrid,
        uint256 epoch,
        uint256 treeRoot,
        uint64 exported,
        uint64 imported,
        bytes32 dataHash
    ) external;
    /// @notice Replaces an epoch's readings within the correction window; by the operator.
    function correctReadings(
        uint256 microgrid,
        uint256 epoch,
        uint256 treeRoot,
        uint64 exported,
        uint64 imported,
        bytes32 dataHash
    ) external;
    /// @notice Makes notes of a meter's exported energy.
    /// @param signals Public signals of `issue`, read by `IssueSignals`.
    function issue(Proof calldata proof, uint256[9] calldata signals, Terms calldata terms) external;
    /// @notice Burns notes against a meter's imported energy.
    /// @param signals Public signals of `settle`, read by `SettleSignals`.
    function settle(Proof calldata proof, uint256[14] calldata signals, Terms calldata terms) external;

    /// @notice Seconds for which a registration root stays valid after the next one.
    function ROOT_LIFETIME() external view returns (uint256);
    /// @notice The pool of notes.
    function pool() external view returns (address);
    /// @notice How many microgrids there are.
    function microgridCount() external view returns (uint256);
    /// @notice A microgrid's rules.
    function rulesOf(uint256 microgrid) external view returns (Microgrid memory);
    /// @notice A microgrid's token.
    function tokenOf(uint256 microgrid) external view returns (address);
    /// @notice The microgrid of a token; 0: none.
    function microgridOf(address token) external view returns (uint256);
    /// @notice Whether an account may hold a token: the pool, the token's exchange, a listed account, or an account of
    /// the token's microgrid. Who may hold it may get it from anyone.
    function mayHold(address token, address account) external view returns (bool);
    /// @notice For a private trade: the microgrid of a token (0: none) and its rules, in one call.
    function tradeRules(
        address token
    ) external view returns (uint256 microgrid, uint256 epoch, uint256 priceWindow, uint256 maxDeviation);
    /// @notice Wh an epoch of all registered meters of a microgrid.
    function capacityOf(uint256 microgrid) external view returns (uint256);
    /// @notice The epoch in which a microgrid was added: none before it can be published.
    function firstEpochOf(uint256 microgrid) external view returns (uint256);
    /// @notice How many leaves the registration tree has, removed ones included.
    function meterCount() external view returns (uint256);
    /// @notice The registration tree's root.
    function registrationRoot() external view returns (uint256);
    /// @notice Whether proofs may use that registration root now.
    function isRegistrationRoot(uint256 root) external view returns (bool);
    /// @notice What was published of an epoch.
    function readingsOf(uint256 microgrid, uint256 epoch) external view returns (Epoch memory);
    /// @notice Whether a meter has issued or settled an epoch.
    function isMeterNullifierUsed(uint256 meterNullifier) external view returns (bool);
    /// @notice Whether an account may hold energy of every microgrid.
    function isListed(address account) external view returns (bool);
    /// @notice Whether a public account with a meter may hold the microgrid's energy.
    function isAccount(uint256 microgrid, address account) external view returns (bool);
}
