// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IMeterRegistry} from "../interfaces/IMeterRegistry.sol";
import {ITransferPolicy} from "../interfaces/ITransferPolicy.sol";
import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";

/// @title Microgrids
/// @notice The microgrids, their rules, and who may hold their energy; documented in IMeterRegistry.
abstract contract Microgrids is Ownable2Step, IMeterRegistry {
    /* TYPES */

    /// @dev What changes seldom (a slot), and what issue and settle read (another).
    struct Entry {
        Microgrid rules;
        address token;
        uint64 capacity;
        uint32 firstEpoch; // until the year 2106 with epochs of a second
    }

    /* STORAGE */

    uint256 private constant MOST_DEVIATION = 10_000;

    IUniswapFactory private immutable FACTORY;

    /// @inheritdoc IMeterRegistry
    address public pool;
    /// @inheritdoc IMeterRegistry
    uint256 public microgridCount;
    mapping(uint256 microgrid => Entry) private _entries;
    /// @inheritdoc IMeterRegistry
    mapping(address token => uint256 microgrid) public microgridOf;
    /// @inheritdoc IMeterRegistry
    mapping(address account => bool) public isListed;
    /// @inheritdoc IMeterRegistry
    mapping(uint256 microgrid => mapping(address account => bool)) public isAccount;

    /* CONSTRUCTOR */

    constructor(address owner_, IUniswapFactory factory) Ownable(owner_) {
        FACTORY = factory;
    }

    /* MODIFIERS */

    modifier onlyOperator(uint256 microgrid) {
        address operator = _entry(microgrid).rules.operator;
        if (msg.sender != operator) revert NotOperator(microgrid, msg.sender);
        _;
    }

    /* EXTERNAL */

    /// @inheritdoc IMeterRegistry
    function setPool(address pool_) external onlyOwner {
        if (pool != address(0)) revert PoolAlreadySet();
        if (pool_.code.length == 0) revert NoContract(pool_);
        pool = pool_;
        emit PoolSet(pool_);
    }

    /// @inheritdoc IMeterRegistry
    function addMicrogrid(address token, Microgrid calldata rules) external onlyOwner returns (uint256 microgrid) {
        if (token.code.length == 0) revert NoContract(token);
        if (microgridOf[token] != 0 || !_makeSense(rules)) revert InvalidMicrogrid();
        microgrid = ++microgridCount;
        microgridOf[token] = microgrid;
        uint32 firstEpoch = uint32(block.timestamp / rules.epochLength);
        _entries[microgrid] = Entry({rules: rules, token: token, capacity: 0, firstEpoch: firstEpoch});
        emit MicrogridChanged(microgrid, token, rules);
    }

    /// @inheritdoc IMeterRegistry
    function changeMicrogrid(uint256 microgrid, Microgrid calldata rules) external onlyOwner {
        Entry storage entry = _entry(microgrid);
        if (rules.epochLength != entry.rules.epochLength || !_makeSense(rules)) revert InvalidMicrogrid();
        entry.rules = rules;
        emit MicrogridChanged(microgrid, entry.token, rules);
    }

    /// @inheritdoc IMeterRegistry
    function setListed(address account, bool listed) external onlyOwner {
        isListed[account] = listed;
        emit ListingChanged(account, listed);
    }

    /// @inheritdoc IMeterRegistry
    function setAccount(uint256 microgrid, address account, bool allowed) external onlyOperator(microgrid) {
        isAccount[microgrid][account] = allowed;
        emit AccountChanged(microgrid, account, allowed);
    }

    /// @inheritdoc ITransferPolicy
    /// @dev The token asks. Where energy comes from doesn't matter: whoever holds it was allowed to when it came.
    function allowsTransfer(address, address to, uint256) external view returns (bool) {
        return mayHold(msg.sender, to);
    }

    /// @inheritdoc IMeterRegistry
    function rulesOf(uint256 microgrid) external view returns (Microgrid memory) {
        return _entries[microgrid].rules;
    }

    /// @inheritdoc IMeterRegistry
    function tokenOf(uint256 microgrid) external view returns (address) {
        return _entries[microgrid].token;
    }

    /// @inheritdoc IMeterRegistry
    function capacityOf(uint256 microgrid) external view returns (uint256) {
        return _entries[microgrid].capacity;
    }

    /// @inheritdoc IMeterRegistry
    function firstEpochOf(uint256 microgrid) external view returns (uint256) {
        return _entries[microgrid].firstEpoch;
    }

    /// @inheritdoc IMeterRegistry
    function tradeRules(
        address token
    ) external view returns (uint256 microgrid, uint256 epoch, uint256 priceWindow, uint256 maxDeviation) {
        microgrid = microgridOf[token];
        if (microgrid == 0) return (0, 0, 0, 0);
        Microgrid memory rules = _entries[microgrid].rules;
        return (microgrid, block.timestamp / rules.epochLength, rules.priceWindow, rules.maxDeviation);
    }

    /* PUBLIC */

    /// @inheritdoc IMeterRegistry
    function mayHold(address token, address account) public view returns (bool) {
        return
            account == pool ||
            isAccount[microgridOf[token]][account] ||
            isListed[account] ||
            FACTORY.getExchange(token) == account;
    }

    /* INTERNAL */

    /// @dev A microgrid that there is.
    function _entry(uint256 microgrid) internal view returns (Entry storage entry) {
        entry = _entries[microgrid];
        if (entry.token == address(0)) revert UnknownMicrogrid(microgrid);
    }

    /* PRIVATE */

    function _makeSense(Microgrid calldata rules) private pure returns (bool) {
        return
            rules.operator != address(0) &&
            rules.epochLength != 0 &&
            rules.priceWindow != 0 &&
            rules.maxDeviation <= MOST_DEVIATION;
    }
}
