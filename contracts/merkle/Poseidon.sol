// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Poseidon over BN254's scalar field, by deployed contracts
/// @notice They answer `hash(uint256[n])` (T3, T4 and T5 for two, three and four) as circomlib does.
/// @dev Warning: they reduce inputs modulo the field without a word; callers pass values below `FIELD`.
/// @dev Source: Grassi et al., "Poseidon: A New Hash Function for Zero-Knowledge Proof Systems", 2019.
library Poseidon {
    uint256 internal constant FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    bytes4 private constant HASH_TWO = 0x561558fe;
    bytes4 private constant HASH_THREE = 0x20cf0a37;
    bytes4 private constant HASH_FOUR = 0x8709cd8c;

    /// @notice Thrown when the account called is no Poseidon contract.
    error HashFailed(address poseidon);

    /// @notice Hash of two field elements, by a PoseidonT3.
    function hash2(address t3, uint256 left, uint256 right) internal view returns (uint256 result) {
        bool answered;
        assembly ("memory-safe") {
            // The call's data is written behind the allocated memory and forgotten: a loop of hashes takes no more.
            let data := mload(0x40)
            mstore(data, HASH_TWO)
            mstore(add(data, 0x04), left)
            mstore(add(data, 0x24), right)
            answered := staticcall(gas(), t3, data, 0x44, 0, 0x20)
            answered := and(answered, eq(returndatasize(), 0x20))
            result := mload(0)
        }
        if (!answered) revert HashFailed(t3);
    }

    /// @notice Hash of three field elements, by a PoseidonT4.
    function hash3(address t4, uint256 a, uint256 b, uint256 c) internal view returns (uint256 result) {
        bool answered;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, HASH_THREE)
            mstore(add(data, 0x04), a)
            mstore(add(data, 0x24), b)
            mstore(add(data, 0x44), c)
            answered := staticcall(gas(), t4, data, 0x64, 0, 0x20)
            answered := and(answered, eq(returndatasize(), 0x20))
            result := mload(0)
        }
        if (!answered) revert HashFailed(t4);
    }

    /// @notice Hash of four field elements, by a PoseidonT5.
    function hash4(address t5, uint256[4] memory inputs) internal view returns (uint256 result) {
        bool answered;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, HASH_FOUR)
            mcopy(add(data, 0x04), inputs, 0x80)
            answered := staticcall(gas(), t5, data, 0x84, 0, 0x20)
            answered := and(answered, eq(returndatasize(), 0x20))
            result := mload(0)
        }
        if (!answered) revert HashFailed(t5);
    }
}
