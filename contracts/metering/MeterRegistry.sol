// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IGroth16Verifier, Proof} from "../interfaces/IGroth16Verifier.sol";
import {IMeterRegistry} from "../interfaces/IMeterRegistry.sol";
import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";
import {IZkERC20, Terms} from "../interfaces/IZkERC20.sol";
import {ContextHash} from "../token/ContextHash.sol";
import {IssueSignals} from "../verifiers/IssueSignals.sol";
import {SettleSignals} from "../verifiers/SettleSignals.sol";
import {MeterRegistration} from "./MeterRegistration.sol";
import {Microgrids} from "./Microgrids.sol";
import {Readings} from "./Readings.sol";

/// @title MeterRegistry
/// @notice Metered energy becomes notes, and notes are burned against it; documented in IMeterRegistry.
contract MeterRegistry is Readings, ReentrancyGuardTransient {
    using IssueSignals for uint256[9];
    using SettleSignals for uint256[14];

    /* STORAGE */

    uint256 private constant WATT_HOUR = 1e15; // base units of a token

    IGroth16Verifier private immutable ISSUE;
    IGroth16Verifier private immutable SETTLE;

    /// @inheritdoc IMeterRegistry
    /// @dev Of issues and settlements: their hashes begin with different tags.
    mapping(uint256 meterNullifier => bool) public isMeterNullifierUsed;

    /* CONSTRUCTOR */

    /// @param owner_ Adds microgrids and lists accounts.
    /// @param issueVerifier Verifier of that circuit, as is `settleVerifier`.
    /// @param factory Tells a token's exchange.
    constructor(
        address owner_,
        address poseidonT3,
        address poseidonT4,
        IGroth16Verifier issueVerifier,
        IGroth16Verifier settleVerifier,
        IUniswapFactory factory
    ) Microgrids(owner_, factory) MeterRegistration(poseidonT3, poseidonT4) {
        ISSUE = issueVerifier;
        SETTLE = settleVerifier;
    }

    /* EXTERNAL */

    /// @inheritdoc IMeterRegistry
    function issue(Proof calldata proof, uint256[9] calldata signals, Terms calldata terms) external nonReentrant {
        ContextHash.check(IZkERC20.Operation.Issue, terms, 0, signals.contextHash());
        (uint256 microgrid, uint256 epoch) = (signals.microgrid(), signals.epoch());
        address token = _entry(microgrid).token;
        Epoch storage readings = _openEpoch(microgrid, epoch);
        _checkRoots(readings.readingsRoot, signals.readingsRoot(), signals.registrationRoot());
        _checkAsset(token, signals.asset());
        _useMeterNullifier(signals.meterNullifier());
        if (!ISSUE.verifyProof(proof.a, proof.b, proof.c, signals)) revert IZkERC20.InvalidProof();

        uint256 credit;
        if (!readings.credited) {
            readings.credited = true;
            credit = readings.exported * WATT_HOUR;
        }
        emit Issued(microgrid, epoch, signals.meterNullifier());
        _pool().acceptIssue(token, credit, [signals.commitment(0), signals.commitment(1)], terms.ciphertexts);
    }

    /// @inheritdoc IMeterRegistry
    function settle(Proof calldata proof, uint256[14] calldata signals, Terms calldata terms) external nonReentrant {
        ContextHash.check(IZkERC20.Operation.Settle, terms, 0, signals.contextHash());
        (uint256 microgrid, uint256 epoch) = (signals.microgrid(), signals.epoch());
        address token = _entry(microgrid).token;
        _checkRoots(
            _openEpoch(microgrid, epoch).readingsRoot,
            signals.readingsRoot(),
            signals.registrationRoot()
        );
        _checkAsset(token, signals.asset());
        _useMeterNullifier(signals.meterNullifier());
        if (!SETTLE.verifyProof(proof.a, proof.b, proof.c, signals)) revert IZkERC20.InvalidProof();

        emit Settled(microgrid, epoch, signals.meterNullifier(), signals.receipt());
        _pool().acceptSettle(
            signals.root(),
            signals.treeNumber(),
            [signals.nullifier(0), signals.nullifier(1)],
            [signals.commitment(0), signals.commitment(1)],
            terms.ciphertexts
        );
    }

    /* PRIVATE */

    function _checkRoots(uint256 expected, uint256 readingsRoot, uint256 meterRoot) private view {
        if (readingsRoot != expected) revert WrongReadings(expected, readingsRoot);
        if (!isRegistrationRoot(meterRoot)) revert UnknownRegistrationRoot(meterRoot);
    }

    function _checkAsset(address token, uint256 asset) private pure {
        if (asset != uint160(token)) revert WrongAsset(token, asset);
    }

    function _useMeterNullifier(uint256 meterNullifier) private {
        if (isMeterNullifierUsed[meterNullifier]) revert MeterNullifierUsed(meterNullifier);
        isMeterNullifierUsed[meterNullifier] = true;
    }

    function _pool() private view returns (IZkERC20) {
        address account = pool;
        if (account == address(0)) revert PoolNotSet();
        return IZkERC20(account);
    }
}
