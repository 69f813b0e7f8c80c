// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ReceiptProof} from "./IPlasmaInclusion.sol";
import {Submission} from "./IPlasmaRoot.sol";

/// @notice What a message of the inbox asks of the plasma chain.
enum MessageKind {
    Deposit,
    ListToken,
    Call
}

/// @notice A message to the plasma chain.
/// @param sender Who sent it on the root chain.
/// @param recipient Who gets the deposit, or is called.
/// @param asset The token on the root chain, or `ETH`.
/// @param amount Deposited base units; wei that a call sends along.
/// @param time When it was sent, in Unix seconds.
/// @param data `abi.encode(name, symbol, decimals)` of a listed token; `abi.encode(gasLimit, calldata)` of a call.
struct Message {
    MessageKind kind;
    address sender;
    address recipient;
    address asset;
    uint256 amount;
    uint256 time;
    bytes data;
}

/// @notice A burn on the plasma chain, which pays on the root chain.
/// @param id Its number among PlasmaBridge's exits, from 0 on.
/// @param asset The token on the root chain, or `ETH`.
/// @param from Who burned.
/// @param recipient Who is paid.
/// @param amount Base units.
struct Exit {
    uint256 id;
    address asset;
    address from;
    address recipient;
    uint256 amount;
}

/// @title Money of the plasma chain: inbox, exits, payouts
/// @notice Deposits and forced messages form one numbered inbox, chained by hashes. An exit is proven against a
/// checkpoint, and released when that is final: up to the asset's cap a window, the rest in later windows. What is
/// released waits until its recipient takes it.
interface IPlasmaVault {
    /// @notice The inbox grew.
    event MessageSent(uint256 indexed id, MessageKind indexed kind, address indexed sender, Message message);
    /// @notice An exit was proven against that checkpoint.
    event ExitStarted(bytes32 indexed key, uint256 indexed epoch, address indexed recipient, Exit exit);
    /// @notice Some or all of an exit became its recipient's.
    event ExitReleased(bytes32 indexed key, address indexed recipient, address asset, uint256 amount, uint256 left);
    /// @notice A deposit that the plasma chain never took went back.
    event DepositRefunded(uint256 indexed id, address indexed recipient, address asset, uint256 amount);
    /// @notice An escape became its recipient's.
    event Escaped(address indexed recipient, address indexed asset, uint256 amount);
    /// @notice Somebody took what was his.
    event Claimed(address indexed owner, address indexed asset, address to, uint256 amount);
    /// @notice A token may be deposited, or a cap changes then.
    event CapAnnounced(address indexed asset, uint256 cap, uint256 from);

    /// @notice Thrown when a window has no length.
    error InvalidWindow();
    /// @notice Thrown when an asset isn't listed.
    error NotListed(address asset);
    /// @notice Thrown when an asset is listed already, is no contract or has no usable name.
    error InvalidToken(address token);
    /// @notice Thrown when an amount is zero or too large.
    error InvalidAmount(uint256 amount);
    /// @notice Thrown when a recipient can't be paid.
    error InvalidRecipient(address recipient);
    /// @notice Thrown when a token delivered another amount than was asked.
    error WrongDelivery(address asset, uint256 expected, uint256 actual);
    /// @notice Thrown when a forced call asks for too much gas or data.
    error CallTooLarge(uint256 gasLimit, uint256 size);
    /// @notice Thrown when another than the contract or account for it calls.
    error NotPermitted(address sender);
    /// @notice Thrown when the escape isn't set yet: nothing comes in before.
    error NotConnected();
    /// @notice Thrown when the escape is set again.
    error AlreadyConnected();
    /// @notice Thrown when the chain has halted.
    error ChainHalted();
    /// @notice Thrown when the chain has not halted.
    error NotHalted();
    /// @notice Thrown when a message is not the one of that number.
    error WrongMessage(uint256 id);
    /// @notice Thrown when the plasma chain has taken a message.
    error MessageConsumed(uint256 id);
    /// @notice Thrown when something was paid before.
    error AlreadyPaid(bytes32 key);
    /// @notice Thrown when the checkpoint has fewer exits.
    error UnknownExit(uint256 id, uint256 count);
    /// @notice Thrown when an exit isn't in the checkpoint's exit tree.
    error InvalidExitProof();
    /// @notice Thrown when a log isn't an exit of PlasmaBridge.
    error NotAnExit();
    /// @notice Thrown when an exit was started with this checkpoint or an earlier one.
    error AlreadyStarted(bytes32 key, uint256 epoch);
    /// @notice Thrown when an exit wasn't started.
    error NotStarted(bytes32 key);
    /// @notice Thrown when an exit's checkpoint isn't final, or the chain is frozen.
    error NotReleasable(uint256 epoch);
    /// @notice Thrown when this window's cap is used up.
    error CapReached(address asset, uint256 nextWindow);
    /// @notice Thrown when the vault holds less than is asked of it.
    error NotBacked(address asset, uint256 amount, uint256 held);
    /// @notice Thrown when there is nothing to take.
    error NothingThere();
    /// @notice Thrown when a recipient can't take ETH.
    error PaymentFailed(address recipient);

    /// @notice Deposits ETH for an account on the plasma chain. Returns the message's number.
    function depositEth(address recipient) external payable returns (uint256 id);
    /// @notice Deposits a listed token. The vault must be approved.
    function depositToken(address token, address recipient, uint256 amount) external returns (uint256 id);
    /// @notice Has PlasmaBridge call a contract, as the caller's account on the plasma chain (see IPlasmaBridge).
    /// The chain can't leave it out: it would be halted.
    /// @param value Wei that the account sends along; it must have them there.
    /// @param gasLimit Gas for the call alone, on the plasma chain.
    function forceCall(
        address target,
        uint256 value,
        uint256 gasLimit,
        bytes calldata data
    ) external returns (uint256 id);

    /// @notice Lists a token and tells the plasma chain of it. For the owner of PlasmaRoot.
    /// @param cap The most that leaves in a window, in base units.
    function listToken(address token, uint256 cap) external returns (uint256 id);
    /// @notice Announces another cap. For the owner of PlasmaRoot.
    function setCap(address asset, uint256 cap) external;
    /// @notice Tells the contract, once, the contract of escapes. For the owner of PlasmaRoot.
    function connect(address escape) external;

    /// @notice Starts an exit that is in a checkpoint's exit tree.
    /// @param siblings Its path, lowest level first; 32 of them.
    function startExit(Exit calldata exit, Submission calldata submission, bytes32[] calldata siblings) external;
    /// @notice Starts an exit by the log that its burn left, whether or not the exit tree has it.
    /// @param logIndex The log's place in the receipt, from 0 on.
    function startExitByReceipt(ReceiptProof calldata proof, uint256 logIndex) external;
    /// @notice Releases what the cap leaves room for. For anyone, when the checkpoint is final.
    function releaseExit(Exit calldata exit) external returns (uint256 released);
    /// @notice Pays what an owner has, to the owner. For anyone.
    function claim(address asset, address owner) external;
    /// @notice Pays what the caller has to another account.
    function claimTo(address asset, address to) external;

    /// @notice After the halt, gives a deposit back that the last final checkpoint had not consumed; if the vault holds
    /// less, that, and the rest when it holds more.
    /// @param submission The last final checkpoint; any, if none is.
    function refund(uint256 id, Message calldata message, Submission calldata submission) external;
    /// @notice After the halt, gives out what was proven to be somebody's. For the contract of escapes.
    /// @return paid Less than the amount only if the vault holds less.
    function payEscape(address asset, address recipient, uint256 amount) external returns (uint256 paid);
    /// @notice Closes the inbox. For PlasmaRoot, at the halt.
    function close() external;
    /// @notice Takes a part of slashed bonds, which cover what may be missing. For PlasmaRoot.
    function cover() external payable;

    /// @notice Reverts unless this is the message of that number.
    function requireMessage(uint256 id, Message calldata message) external view;
    function messageCount() external view returns (uint256);
    /// @notice Hash of the first `count` messages: `keccak(hash of one fewer, hash of the message)`.
    function inboxHash(uint256 count) external view returns (bytes32);
    function messageHash(Message calldata message) external pure returns (bytes32);
    function exitKey(Exit calldata exit) external view returns (bytes32);
    /// @notice The checkpoint that an exit was started with (0: none), and how much of it is released.
    function exitOf(bytes32 key) external view returns (uint256 epoch, uint256 released);
    function claimable(address asset, address owner) external view returns (uint256);
    /// @notice What the vault holds for the plasma chain's accounts, without what is claimable.
    function held(address asset) external view returns (uint256);
    /// @notice The most that leaves in a window.
    function capOf(address asset) external view returns (uint256);
    /// @notice What may still leave in this window.
    function roomOf(address asset) external view returns (uint256);
    /// @notice How much of a deposit went back.
    function refundedOf(uint256 id) external view returns (uint256);
    function escape() external view returns (address);
    /// @notice EIP-155 id of the plasma chain.
    function childChainId() external view returns (uint256);
}
