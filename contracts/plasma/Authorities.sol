// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPlasmaRoot} from "../interfaces/IPlasmaRoot.sol";

/// @title Authorities
/// @notice Who signs for the plasma chain, and what is at stake; documented in IPlasmaRoot.
abstract contract Authorities is IPlasmaRoot, Ownable2Step {
    using SafeCast for uint256;

    /* STORAGE */

    uint256 private constant FEWEST = 4;
    uint256 private constant MOST = 64;
    uint256 private constant SIGNATURE_LENGTH = 65;

    uint256 internal immutable CHALLENGE_PERIOD;
    uint256 internal immutable ROLLBACK_PERIOD;
    uint256 internal immutable CHANGE_PERIOD;
    uint256 internal immutable BOND;

    mapping(address authority => Seat) private _seats;
    mapping(uint256 setId => address[]) private _sets;
    mapping(uint256 setId => uint256) private _retiredAt;
    /// @dev A bit for each seat whose authority contradicted itself.
    mapping(uint256 setId => uint256) private _equivocators;
    address[] private _proposed;
    uint256 private _activeFrom;
    /// @inheritdoc IPlasmaRoot
    mapping(address challenger => uint256) public rewardOf;

    uint64 private _setId;
    uint8 private _size;

    /* CONSTRUCTOR */

    constructor(Rules memory rules_, address owner) Ownable(owner) {
        CHALLENGE_PERIOD = rules_.challengePeriod;
        ROLLBACK_PERIOD = rules_.rollbackPeriod;
        CHANGE_PERIOD = rules_.changePeriod;
        BOND = rules_.bond;
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaRoot
    function bond(address authority) external payable {
        if (msg.value == 0) revert NothingThere();
        _seats[authority].bond += msg.value.toUint128();
        emit Bonded(authority, msg.value);
    }

    /// @inheritdoc IPlasmaRoot
    function withdrawBond(address to) external {
        Seat storage seat = _seats[msg.sender];
        uint256 amount = seat.bond;
        if (amount == 0) revert NothingThere();
        if (seat.setId != 0) {
            uint256 retiredAt = _retiredAt[seat.setId];
            uint256 free = retiredAt == 0 ? type(uint256).max : retiredAt + CHALLENGE_PERIOD + ROLLBACK_PERIOD + 1;
            if (block.timestamp < free) revert TooEarly(free);
        }
        seat.bond = 0;
        emit BondWithdrawn(msg.sender, to, amount);
        _pay(to, amount);
    }

    /// @inheritdoc IPlasmaRoot
    function claimReward(address to) external {
        uint256 amount = rewardOf[msg.sender];
        if (amount == 0) revert NothingThere();
        rewardOf[msg.sender] = 0;
        emit RewardClaimed(msg.sender, to, amount);
        _pay(to, amount);
    }

    /// @inheritdoc IPlasmaRoot
    function proposeAuthorities(address[] calldata authorities) external onlyOwner {
        if (authorities.length < FEWEST || authorities.length > MOST) revert InvalidSet();
        address last = address(0);
        for (uint256 i = 0; i < authorities.length; i++) {
            if (authorities[i] <= last) revert InvalidSet();
            last = authorities[i];
        }
        _proposed = authorities;
        _activeFrom = _setId == 0 ? block.timestamp : block.timestamp + CHANGE_PERIOD;
        emit AuthoritiesProposed(authorities, _activeFrom);
    }

    /// @inheritdoc IPlasmaRoot
    function activateAuthorities() external {
        _requireRunning();
        address[] memory authorities = _proposed;
        if (authorities.length == 0) revert NothingProposed();
        if (block.timestamp < _activeFrom) revert TooEarly(_activeFrom);
        if (_setId == 0) _startClock();
        else _retire();
        uint64 id = ++_setId;
        for (uint256 i = 0; i < authorities.length; i++) {
            Seat storage seat = _seats[authorities[i]];
            if (seat.bond < BOND) revert BondTooSmall(authorities[i], seat.bond);
            (seat.setId, seat.index) = (id, uint8(i));
        }
        _size = uint8(authorities.length);
        _sets[id] = authorities;
        delete _proposed;
        emit AuthoritiesActivated(id, authorities);
    }

    /// @inheritdoc IPlasmaRoot
    function setId() external view returns (uint256) {
        return _setId;
    }

    /// @inheritdoc IPlasmaRoot
    function authoritiesOf(uint256 id) external view returns (address[] memory) {
        return _sets[id];
    }

    /// @inheritdoc IPlasmaRoot
    function authorityAt(uint256 id, uint256 index) external view returns (address) {
        return _sets[id][index];
    }

    /// @inheritdoc IPlasmaRoot
    function proposed() external view returns (address[] memory authorities, uint256 activeFrom) {
        return (_proposed, _activeFrom);
    }

    /// @inheritdoc IPlasmaRoot
    function seatOf(address authority) external view returns (Seat memory) {
        return _seats[authority];
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaRoot
    function faultTolerance() public view returns (uint256) {
        return _faultTolerance(_size);
    }

    /// @inheritdoc IPlasmaRoot
    function quorum() public view returns (uint256) {
        return _size - _faultTolerance(_size);
    }

    /* INTERNAL */

    /// @dev Reverts unless the chain is neither halted nor proven faulty.
    function _requireRunning() internal view virtual;

    /// @dev The first set is active: silence counts from now on.
    function _startClock() internal virtual;

    /// @dev Hands on the part of slashed bonds that nobody gets as a reward.
    function _cover(uint256 amount) internal virtual;

    function _activeSet() internal view returns (uint256) {
        return _setId;
    }

    /// @dev The active set signs no more.
    function _retire() internal {
        _retiredAt[_setId] = block.timestamp;
    }

    /// @dev Checks that at least `needed` authorities of the active set signed; returns a bit for each.
    function _checkSignatures(
        bytes32 digest,
        bytes calldata signatures,
        uint256 needed
    ) internal view returns (uint256 signers) {
        uint256 count = signatures.length / SIGNATURE_LENGTH;
        if (count < needed || _size == 0 || count * SIGNATURE_LENGTH != signatures.length) {
            revert WrongSignatureCount(needed, count);
        }
        uint64 id = _setId;
        address last = address(0);
        for (uint256 start = 0; start < signatures.length; start += SIGNATURE_LENGTH) {
            address signer = ECDSA.recoverCalldata(digest, signatures[start:start + SIGNATURE_LENGTH]);
            if (signer <= last) revert SignersNotAscending(signer);
            last = signer;
            Seat memory seat = _seats[signer];
            if (seat.setId != id || seat.bond < BOND) revert NotAuthority(signer);
            signers |= 1 << seat.index;
        }
    }

    /// @dev Slashes those of a set that signed; returns how much they had at stake.
    function _slashSigners(uint256 id, uint256 signers, address challenger) internal returns (uint256 total) {
        address[] storage set = _sets[id];
        for (uint256 index = 0; index < set.length; index++) {
            if ((signers >> index) & 1 == 1) total += _takeBond(set[index], challenger);
        }
        _share(total, challenger);
    }

    /// @dev Slashes one that contradicted itself; returns whether its set can't be believed any more. It counts once in
    /// a set, and only with a whole bond: otherwise anyone could bond a little for it and show the same again.
    function _slashOne(uint256 id, uint256 index, address challenger) internal returns (bool) {
        address authority = _sets[id][index];
        uint256 seats = _equivocators[id];
        if ((seats >> index) & 1 == 1 || _seats[authority].bond < BOND) revert NothingThere();
        seats |= 1 << index;
        _equivocators[id] = seats;
        _share(_takeBond(authority, challenger), challenger);
        uint256 count;
        for (; seats != 0; seats &= seats - 1) count++;
        return count > _faultTolerance(_sets[id].length);
    }

    /* PRIVATE */

    /// @dev Who was slashed has no seat any more, whatever it bonds again.
    function _takeBond(address authority, address challenger) private returns (uint256 amount) {
        Seat storage seat = _seats[authority];
        amount = seat.bond;
        if (amount == 0) return 0;
        (seat.setId, seat.bond) = (0, 0);
        emit Slashed(authority, challenger, amount);
    }

    /// @dev Half is the challenger's; the other half, which no slashed authority can win back, covers losses.
    function _share(uint256 amount, address challenger) private {
        if (amount == 0) return;
        rewardOf[challenger] += amount / 2;
        _cover(amount - amount / 2);
    }

    function _pay(address to, uint256 amount) private {
        (bool taken, ) = to.call{value: amount}("");
        if (!taken) revert PaymentFailed(to);
    }

    function _faultTolerance(uint256 size) private pure returns (uint256) {
        return size == 0 ? 0 : (size - 1) / 3;
    }
}
