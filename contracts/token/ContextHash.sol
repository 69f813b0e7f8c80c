// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IZkERC20, Terms} from "../interfaces/IZkERC20.sol";
import {Poseidon} from "../merkle/Poseidon.sol";

/// @title What a proof is bound to beside its own signals
/// @notice Nobody who sees a shielded operation can send it with other terms, elsewhere, or as another operation.
library ContextHash {
    /// @notice Refuses an operation that is late, sent by another than its relayer, or not what its proof was made for.
    /// @param details Hash of what the operation takes beside proof, signals and terms; 0 if it takes nothing.
    /// @param actual The context hash among the proof's signals.
    function check(
        IZkERC20.Operation operation,
        Terms calldata terms,
        bytes32 details,
        uint256 actual
    ) internal view {
        if (block.timestamp > terms.deadline) revert IZkERC20.DeadlinePassed(terms.deadline, block.timestamp);
        if (terms.relayer != address(0) && terms.relayer != msg.sender) {
            revert IZkERC20.NotRelayer(terms.relayer, msg.sender);
        }
        uint256 expected = hashOf(operation, terms, details);
        if (actual != expected) revert IZkERC20.WrongContext(expected, actual);
    }

    /// @notice The context hash of an operation on this contract and chain.
    function hashOf(
        IZkERC20.Operation operation,
        Terms calldata terms,
        bytes32 details
    ) internal view returns (uint256) {
        bytes32 hash = keccak256(
            abi.encode(
                block.chainid,
                address(this),
                operation,
                terms.relayer,
                terms.deadline,
                keccak256(terms.ciphertexts),
                details
            )
        );
        return uint256(hash) % Poseidon.FIELD;
    }
}
