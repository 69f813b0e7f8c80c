// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {IPlasmaEscape} from "../interfaces/IPlasmaEscape.sol";
import {IPlasmaRoot, Submission} from "../interfaces/IPlasmaRoot.sol";
import {BridgedToken} from "./BridgedToken.sol";
import {BridgeState} from "./BridgeState.sol";
import {RemoteAccount} from "./RemoteAccount.sol";
import {Trie} from "./Trie.sol";

/// @title ProvenState
/// @notice The last final state and what was shown of it; documented in IPlasmaEscape.
abstract contract ProvenState is IPlasmaEscape {
    struct Contract {
        bytes32 storageRoot;
        uint256 balance;
    }

    /* STORAGE */

    IPlasmaRoot internal immutable ROOT;
    bytes32 private immutable TOKEN_CODE_HASH;
    bytes32 private immutable ACCOUNT_CODE_HASH;

    /// @inheritdoc IPlasmaEscape
    bytes32 public stateRoot;
    /// @inheritdoc IPlasmaEscape
    address public factory;
    /// @inheritdoc IPlasmaEscape
    address public pool;
    mapping(address account => Contract) private _contracts;

    /* CONSTRUCTOR */

    constructor(IPlasmaRoot root) {
        ROOT = root;
        TOKEN_CODE_HASH = keccak256(type(BridgedToken).creationCode);
        ACCOUNT_CODE_HASH = keccak256(type(RemoteAccount).creationCode);
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaEscape
    function setPlatform(address factory_, address pool_) external {
        if (msg.sender != Ownable(address(ROOT)).owner()) revert NotPermitted(msg.sender);
        if (factory != address(0) || ROOT.halted()) revert AlreadySet();
        (factory, pool) = (factory_, pool_);
    }

    /// @inheritdoc IPlasmaEscape
    function open(Submission calldata last) external {
        if (!ROOT.halted()) revert NotHalted();
        if (stateRoot != 0) revert AlreadySet();
        uint256 finalEpoch = ROOT.finalEpoch();
        if (last.checkpoint.epoch != finalEpoch) revert NotLastFinal(finalEpoch);
        ROOT.requireSubmitted(last);
        if (block.timestamp <= ROOT.settledAt()) revert TooEarly(ROOT.settledAt() + 1);
        stateRoot = last.checkpoint.lastStateRoot;
        emit Opened(finalEpoch, stateRoot);
    }

    /// @inheritdoc IPlasmaEscape
    function proveContract(address account, bytes[] calldata nodes) external {
        Trie.Account memory found = _account(account, nodes);
        _contracts[account] = Contract(found.storageRoot, found.balance);
        emit ContractProven(account, found.storageRoot, found.balance);
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaEscape
    function bridgedToken(address asset) public view returns (address) {
        return Create2.computeAddress(BridgeState.saltOf(asset), TOKEN_CODE_HASH, BridgeState.BRIDGE);
    }

    /// @inheritdoc IPlasmaEscape
    function remoteAccount(address sender) public view returns (address) {
        return Create2.computeAddress(BridgeState.saltOf(sender), ACCOUNT_CODE_HASH, BridgeState.BRIDGE);
    }

    /* INTERNAL */

    function _account(address account, bytes[] calldata nodes) internal view returns (Trie.Account memory) {
        if (stateRoot == 0) revert NotOpen();
        return Trie.account(stateRoot, account, nodes);
    }

    function _balanceOf(address account) internal view returns (uint256) {
        return _proven(account).balance;
    }

    /// @dev A slot of a proven contract that isn't zero.
    function _slot(address account, bytes32 slot, bytes[] calldata nodes) internal view returns (uint256) {
        return Trie.slot(_proven(account).storageRoot, slot, nodes);
    }

    /// @dev The slot of a mapping's value.
    function _entry(uint256 key, uint256 mapping_) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, mapping_));
    }

    /* PRIVATE */

    function _proven(address account) private view returns (Contract storage known) {
        known = _contracts[account];
        if (known.storageRoot == 0) revert NotProven(account);
    }
}
