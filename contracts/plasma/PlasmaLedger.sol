// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPlasmaRoot} from "../interfaces/IPlasmaRoot.sol";
import {IPlasmaVault} from "../interfaces/IPlasmaVault.sol";

/// @title PlasmaLedger
/// @notice What the vault holds of each asset, what may leave, and what is whose; documented in IPlasmaVault.
abstract contract PlasmaLedger is IPlasmaVault, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @param held Base units that belong to the plasma chain's accounts.
    /// @param released What left in the window of that number.
    /// @param cap The most that leaves in a window, until `from`; `next` from then on.
    struct Asset {
        uint112 held;
        uint104 released;
        uint40 window;
        uint96 cap;
        uint96 next;
        uint64 from;
    }

    /* STORAGE */

    /// @notice ETH as an asset (ERC-7528).
    address public constant ETH = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;

    IPlasmaRoot internal immutable ROOT;
    uint256 private immutable WINDOW;

    mapping(address asset => Asset) private _assets;
    /// @inheritdoc IPlasmaVault
    mapping(address asset => mapping(address owner => uint256)) public claimable;

    modifier onlyOwner() {
        if (msg.sender != Ownable(address(ROOT)).owner()) revert NotPermitted(msg.sender);
        _;
    }

    /* CONSTRUCTOR */

    /// @param window Seconds of a window.
    constructor(IPlasmaRoot root, uint256 window, uint256 ethCap) {
        if (window == 0) revert InvalidWindow();
        ROOT = root;
        WINDOW = window;
        _list(ETH, ethCap);
    }

    /* EXTERNAL */

    /// @inheritdoc IPlasmaVault
    function setCap(address asset, uint256 cap) external onlyOwner {
        Asset storage known = _assets[asset];
        uint256 current = capOf(asset);
        if (current == 0) revert NotListed(asset);
        if (cap == 0) revert InvalidAmount(0);
        (known.cap, known.next) = (current.toUint96(), cap.toUint96());
        known.from = (block.timestamp + ROOT.rules().changePeriod).toUint64();
        emit CapAnnounced(asset, cap, known.from);
    }

    /// @inheritdoc IPlasmaVault
    function claim(address asset, address owner) external nonReentrant {
        _payOut(asset, owner, owner);
    }

    /// @inheritdoc IPlasmaVault
    function claimTo(address asset, address to) external nonReentrant {
        _payOut(asset, msg.sender, to);
    }

    /// @inheritdoc IPlasmaVault
    function held(address asset) external view returns (uint256) {
        return _assets[asset].held;
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaVault
    function capOf(address asset) public view returns (uint256) {
        Asset storage known = _assets[asset];
        return known.from != 0 && block.timestamp >= known.from ? known.next : known.cap;
    }

    /// @inheritdoc IPlasmaVault
    function roomOf(address asset) public view returns (uint256) {
        Asset storage known = _assets[asset];
        uint256 cap = capOf(asset);
        if (known.window != _window()) return cap;
        return cap > known.released ? cap - known.released : 0;
    }

    /* INTERNAL */

    function _list(address asset, uint256 cap) internal {
        if (cap == 0) revert InvalidAmount(0);
        _assets[asset].cap = cap.toUint96();
        emit CapAnnounced(asset, cap, block.timestamp);
    }

    function _receive(address asset, uint256 amount) internal {
        Asset storage known = _assets[asset];
        known.held = (known.held + amount).toUint112();
    }

    /// @dev Gives an owner at most `amount`, within this window's cap; returns what it was.
    function _releaseCapped(address asset, address owner, uint256 amount) internal returns (uint256 released) {
        uint256 room = roomOf(asset);
        if (room == 0) revert CapReached(asset, (_window() + 1) * WINDOW);
        Asset storage known = _assets[asset];
        released = amount < room ? amount : room;
        if (released > known.held) revert NotBacked(asset, released, known.held);
        known.released = uint104(known.window == _window() ? known.released + released : released);
        known.window = uint40(_window());
        known.held -= uint112(released);
        claimable[asset][owner] += released;
    }

    /// @dev Gives an owner an amount, or what there is.
    function _releaseAll(address asset, address owner, uint256 amount) internal returns (uint256 released) {
        Asset storage known = _assets[asset];
        released = amount < known.held ? amount : known.held;
        if (released == 0) revert NotBacked(asset, amount, 0);
        known.held -= uint112(released);
        claimable[asset][owner] += released;
    }

    /* PRIVATE */

    function _payOut(address asset, address owner, address to) private {
        uint256 amount = claimable[asset][owner];
        if (amount == 0) revert NothingThere();
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        claimable[asset][owner] = 0;
        emit Claimed(owner, asset, to, amount);
        if (asset == ETH) {
            (bool taken, ) = to.call{value: amount}("");
            if (!taken) revert PaymentFailed(to);
        } else {
            IERC20(asset).safeTransfer(to, amount);
        }
    }

    function _window() private view returns (uint256) {
        return block.timestamp / WINDOW;
    }
}
