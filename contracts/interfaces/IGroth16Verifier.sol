// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice A Groth16 proof over BN254, as the precompiles of EIP-196 and EIP-197 take it.
struct Proof {
    uint256[2] a;
    uint256[2][2] b;
    uint256[2] c;
}

/// @title What the generated verifiers answer
/// @notice One overload for each number of public signals; a verifier has the one of its circuit. False for a wrong
/// proof, and for a signal that isn't below the field's modulus.
/// @dev Source: J. Groth, "On the Size of Pairing-based Non-interactive Arguments", 2016.
interface IGroth16Verifier {
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[5] calldata signals
    ) external view returns (bool);

    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[9] calldata signals
    ) external view returns (bool);

    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[10] calldata signals
    ) external view returns (bool);

    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[14] calldata signals
    ) external view returns (bool);
}
