// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Log} from "../interfaces/IPlasmaInclusion.sol";
import {IPlasmaBridge} from "../interfaces/IPlasmaBridge.sol";
import {Exit, Message} from "../interfaces/IPlasmaVault.sol";
import {MerkleRoot} from "../merkle/MerkleRoot.sol";

/// @title What both ends of the bridge agree on
library BridgeState {
    /// @notice Where PlasmaBridge is, from the genesis on.
    address internal constant BRIDGE = 0x0000000000000000000000000000000000B51d6E;
    uint8 internal constant EXIT_TREE_DEPTH = 32;
    /// @notice Hash of an inbox without messages.
    bytes32 internal constant INBOX_SEED = keccak256("Enhanced Open MG inbox");
    bytes32 internal constant EXIT_TYPEHASH =
        keccak256(
            "Exit(uint256 chainId,uint256 id,address asset,address from,address recipient,uint256 amount)"
        );

    /* STORAGE OF PlasmaBridge: never zero, so that each can be proven */

    /// @dev Messages consumed in the low 128 bits, exits in the 64 above, then a bit that is always set.
    bytes32 internal constant COUNTERS_SLOT = 0;
    bytes32 internal constant INBOX_HASH_SLOT = bytes32(uint256(1));
    bytes32 internal constant EXIT_ROOT_SLOT = bytes32(uint256(2));

    /// @notice The salt with which PlasmaBridge makes an asset's token, and a sender's account.
    function saltOf(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function messageHash(Message memory message) internal pure returns (bytes32) {
        return keccak256(abi.encode(message));
    }

    /// @notice Hash of an inbox with one message more.
    function chained(bytes32 inboxHash, bytes32 message) internal pure returns (bytes32) {
        return keccak256(bytes.concat(inboxHash, message));
    }

    /// @notice An exit's leaf, which also names it.
    function exitLeaf(uint256 chainId, Exit memory exit) internal pure returns (bytes32) {
        return MerkleRoot.leaf(abi.encode(EXIT_TYPEHASH, chainId, exit));
    }

    /// @notice Whether a log of the bridge is of a burn.
    function isExitLog(Log memory log) internal pure returns (bool) {
        return
            log.topics.length == 4 &&
            log.topics[0] == IPlasmaBridge.ExitBurned.selector &&
            log.data.length == 64 &&
            _isAddress(log.topics[2]) &&
            _isAddress(log.topics[3]) &&
            _isAddress(bytes32(log.data));
    }

    /// @notice The exit in such a log.
    function exitOf(Log memory log) internal pure returns (Exit memory exit) {
        (exit.from, exit.amount) = abi.decode(log.data, (address, uint256));
        exit.id = uint256(log.topics[1]);
        exit.asset = address(uint160(uint256(log.topics[2])));
        exit.recipient = address(uint160(uint256(log.topics[3])));
    }

    function _isAddress(bytes32 word) private pure returns (bool) {
        return uint256(word) <= type(uint160).max;
    }
}
