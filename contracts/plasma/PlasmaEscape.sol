// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IGroth16Verifier} from "../interfaces/IGroth16Verifier.sol";
import {IPlasmaEscape} from "../interfaces/IPlasmaEscape.sol";
import {IPlasmaRoot} from "../interfaces/IPlasmaRoot.sol";
import {IPlasmaVault} from "../interfaces/IPlasmaVault.sol";
import {NoteEscapes} from "./NoteEscapes.sol";
import {ProvenState} from "./ProvenState.sol";

/// @title PlasmaEscape
/// @notice Escapes of accounts and shares of liquidity; documented in IPlasmaEscape.
contract PlasmaEscape is EIP712, NoteEscapes {
    /* STORAGE */

    bytes32 private constant ESCAPE_TYPEHASH =
        keccak256("Escape(address asset,address source,address holder,address recipient)");

    /* Storage of the contracts on the plasma chain, compared with the compiler's layout in the tests */
    uint256 private constant TOKEN_BALANCES = 0;
    uint256 private constant FACTORY_EXCHANGES = 3;
    bytes32 private constant EXCHANGE_SUPPLY = 0;
    uint256 private constant EXCHANGE_ACCOUNTS = 1;

    mapping(bytes32 key => uint256) private _paid;

    /* CONSTRUCTOR */

    /// @param joinsplit Verifier of that circuit.
    /// @param cancelPeriod Seconds in which a note's escape can be cancelled.
    constructor(
        IPlasmaRoot root,
        IPlasmaVault vault,
        IGroth16Verifier joinsplit,
        uint256 cancelPeriod
    ) EIP712("PlasmaEscape", "1") NoteEscapes(vault, joinsplit, cancelPeriod) ProvenState(root) {}

    /* EXTERNAL */

    /// @inheritdoc IPlasmaEscape
    function escapeEth(
        address holder,
        address recipient,
        bytes[] calldata nodes,
        bytes calldata signature
    ) external returns (uint256) {
        uint256 amount = _account(holder, nodes).balance;
        return _escape(ETH, holder, holder, recipient, amount, signature);
    }

    /// @inheritdoc IPlasmaEscape
    function escapeToken(
        address asset,
        address holder,
        address recipient,
        bytes[] calldata nodes,
        bytes calldata signature
    ) external returns (uint256) {
        uint256 amount = _slot(bridgedToken(asset), _entry(uint160(holder), TOKEN_BALANCES), nodes);
        return _escape(asset, holder, holder, recipient, amount, signature);
    }

    /// @inheritdoc IPlasmaEscape
    function escapeLiquidity(
        address asset,
        address holder,
        address recipient,
        Liquidity calldata liquidity,
        bytes calldata signature
    ) external returns (uint256) {
        address token = liquidity.token;
        bytes32 listing = _entry(uint160(token), FACTORY_EXCHANGES);
        address exchange = address(uint160(_slot(factory, listing, liquidity.listing)));
        uint256 reserve;
        if (asset == ETH) {
            reserve = _balanceOf(exchange);
        } else {
            if (bridgedToken(asset) != token) revert InvalidAsset(uint160(asset));
            reserve = _slot(token, _entry(uint160(exchange), TOKEN_BALANCES), liquidity.reserve);
        }
        uint256 supply = _slot(exchange, EXCHANGE_SUPPLY, liquidity.supply);
        uint256 share = _slot(exchange, _entry(uint160(holder), EXCHANGE_ACCOUNTS), liquidity.share);
        return _escape(asset, exchange, holder, recipient, Math.mulDiv(share, reserve, supply), signature);
    }

    /* PUBLIC */

    /// @inheritdoc IPlasmaEscape
    function escapeDigest(
        address asset,
        address source,
        address holder,
        address recipient
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ESCAPE_TYPEHASH, asset, source, holder, recipient)));
    }

    /* PRIVATE */

    function _escape(
        address asset,
        address source,
        address holder,
        address recipient,
        uint256 amount,
        bytes calldata signature
    ) private returns (uint256 paid) {
        if (amount == 0) revert NothingThere();
        if (recipient == address(0)) revert InvalidRecipient(recipient);
        address signer = signature.length == 0
            ? remoteAccount(msg.sender)
            : ECDSA.recoverCalldata(escapeDigest(asset, source, holder, recipient), signature);
        if (signer != holder) revert WrongSigner(holder, signer);
        bytes32 key = keccak256(abi.encode(asset, source, holder));
        uint256 left = amount - _paid[key]; // less than all is paid only while the vault holds less
        if (left == 0) revert AlreadyEscaped(key);
        paid = VAULT.payEscape(asset, recipient, left);
        _paid[key] += paid;
        emit AccountEscaped(holder, source, asset, paid);
    }
}
