// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPPDLRegistry} from "../interfaces/IPPDLRegistry.sol";

/// @title Participants
/// @notice Who takes part, and what is at stake; documented in IPPDLRegistry.
abstract contract Participants is IPPDLRegistry {
    using SafeCast for uint256;

    /* STORAGE */

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant UPDATE_TYPEHASH = keccak256("Update(uint256 round,bytes32 updateRoot)");

    uint256 internal immutable BOND;
    uint256 private immutable UNBONDING;

    mapping(address account => Participant) private _participants;
    /// @inheritdoc IPPDLRegistry
    mapping(address account => uint256) public rewardOf;
    /// @inheritdoc IPPDLRegistry
    address public challenges;
    uint96 private _sunk; // beside what each conviction reads

    /* CONSTRUCTOR */

    constructor(Rules memory rules_) {
        if (rules_.bond == 0) revert InvalidRules();
        BOND = rules_.bond;
        UNBONDING =
            uint256(rules_.keysWindow) +
            rules_.seedsWindow +
            rules_.uploadWindow +
            rules_.closeWindow +
            rules_.postWindow +
            rules_.challengeWindow +
            2 *
            uint256(rules_.answerWindow) +
            rules_.headerWindow +
            1;
    }

    /* EXTERNAL */

    /// @inheritdoc IPPDLRegistry
    function join() external payable {
        Participant memory participant = _participants[msg.sender];
        if (participant.barred) revert Barred(msg.sender);
        uint256 bond = participant.bond + msg.value;
        if (bond < BOND) revert BondTooSmall(BOND, bond);
        (participant.bond, participant.resignedAt) = (bond.toUint128(), 0);
        _participants[msg.sender] = participant;
        emit Joined(msg.sender, bond);
    }

    /// @inheritdoc IPPDLRegistry
    function resign() external {
        _requireActive(msg.sender);
        _participants[msg.sender].resignedAt = uint40(block.timestamp);
        emit Resigned(msg.sender, block.timestamp + UNBONDING);
    }

    /// @inheritdoc IPPDLRegistry
    function withdrawBond(address to) external {
        Participant storage participant = _participants[msg.sender];
        uint256 amount = participant.bond;
        if (amount == 0) revert NothingThere();
        if (participant.resignedAt == 0) revert NotResigned(msg.sender);
        uint256 free = participant.resignedAt + UNBONDING;
        if (block.timestamp < free) revert TooEarly(free);
        _requireFree(msg.sender);
        (participant.bond, participant.resignedAt) = (0, 0);
        emit BondWithdrawn(msg.sender, to, amount);
        _pay(to, amount);
    }

    /// @inheritdoc IPPDLRegistry
    function claimReward(address to) external {
        uint256 amount = rewardOf[msg.sender];
        if (amount == 0) revert NothingThere();
        rewardOf[msg.sender] = 0;
        emit RewardClaimed(msg.sender, to, amount);
        _pay(to, amount);
    }

    /// @inheritdoc IPPDLRegistry
    function sunk() external view returns (uint256) {
        return _sunk;
    }

    /// @inheritdoc IPPDLRegistry
    function unbondingDelay() external view returns (uint256) {
        return UNBONDING;
    }

    /// @inheritdoc IPPDLRegistry
    function participantOf(address account) external view returns (Participant memory) {
        return _participants[account];
    }

    /* PUBLIC */

    /// @inheritdoc IPPDLRegistry
    function updateDigest(uint256 round, bytes32 updateRoot) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(UPDATE_TYPEHASH, round, updateRoot)));
    }

    /* INTERNAL */

    /// @dev Reverts while an account answers for something that can be challenged.
    function _requireFree(address account) internal view virtual;

    /// @dev Reverts unless an account has its bond at stake and hasn't resigned.
    function _requireActive(address account) internal view returns (Participant memory participant) {
        participant = _participants[account];
        if (participant.bond == 0) revert NotBonded(account);
        if (participant.resignedAt != 0) revert HasResigned(account);
    }

    /// @dev What is signed of a struct (EIP-712).
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        (bytes32 name, bytes32 version) = (keccak256("PPDLRegistry"), keccak256("1"));
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPEHASH, name, version, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    function _participant(address account) internal view returns (Participant memory) {
        return _participants[account];
    }

    function _setPlace(address account, Participant memory participant, uint32 round, uint16 index) internal {
        (participant.round, participant.index) = (round, index);
        _participants[account] = participant;
    }

    /// @dev Takes a bond: half is the challenger's, the other half nobody's. Who has none any more loses nothing.
    function _slash(address account, address challenger) internal {
        Participant storage participant = _participants[account];
        uint256 amount = participant.bond;
        if (amount == 0) return;
        (participant.bond, participant.barred) = (0, true);
        _credit(challenger, amount / 2);
        _sunk += uint96(amount - amount / 2); // there is less ETH than that
        emit Slashed(account, challenger, amount);
    }

    function _credit(address account, uint256 amount) internal {
        rewardOf[account] += amount;
    }

    /* PRIVATE */

    function _pay(address to, uint256 amount) private {
        (bool taken, ) = to.call{value: amount}("");
        if (!taken) revert PaymentFailed(to);
    }
}
