// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IPPDLRegistry, Phase, Round} from "../interfaces/IPPDLRegistry.sol";
import {Rounds} from "./Rounds.sol";

/// @title Disputes
/// @notice What the contract of challenges decides about a round; documented in IPPDLRegistry.
abstract contract Disputes is Rounds {
    /* STORAGE */

    uint256 internal immutable FEE;
    address private immutable FOUNDER;

    modifier onlyChallenges() {
        if (msg.sender != challenges) revert NotPermitted(msg.sender);
        _;
    }

    /* CONSTRUCTOR */

    constructor(Rules memory rules_) Rounds(rules_) {
        FEE = rules_.demandFee;
        FOUNDER = msg.sender;
    }

    /* EXTERNAL */

    /// @inheritdoc IPPDLRegistry
    function connect(address challenges_) external {
        if (msg.sender != FOUNDER) revert NotPermitted(msg.sender);
        if (challenges != address(0)) revert AlreadyConnected();
        if (challenges_.code.length == 0) revert NotPermitted(challenges_);
        challenges = challenges_;
    }

    /// @inheritdoc IPPDLRegistry
    function demanded(bool ofCloser) external payable onlyChallenges {
        Round memory now_ = _lastRound();
        if (ofCloser) now_.openOnClosing++;
        else now_.openOnClaim++;
        _setRound(now_);
    }

    /// @inheritdoc IPPDLRegistry
    function answered(bool ofCloser, address answerer) external onlyChallenges {
        Round memory now_ = _lastRound();
        if (ofCloser) now_.openOnClosing--;
        else now_.openOnClaim--;
        uint40 until = uint40(block.timestamp + ANSWER_WINDOW);
        if (now_.phase == Phase.Posted && now_.until < until) now_.until = until;
        _setRound(now_);
        _credit(answerer, FEE);
    }

    /// @inheritdoc IPPDLRegistry
    function released(address demander) external onlyChallenges {
        _credit(demander, FEE);
    }

    /// @inheritdoc IPPDLRegistry
    function condemn(bool ofCloser, address challenger) external onlyChallenges {
        Round memory now_ = _lastRound();
        if (ofCloser) {
            emit RoundEnded(now_.round, now_.phase);
            _endRound(now_);
            _slash(closer, challenger);
        } else {
            (now_.phase, now_.until, now_.openOnClaim) = (Phase.Closed, uint40(block.timestamp + POST_WINDOW), 0);
            _setRound(now_);
            _slash(poster, challenger);
        }
    }

    /// @inheritdoc IPPDLRegistry
    function condemnParticipant(address participant, address challenger) external onlyChallenges {
        if (_participant(participant).bond == 0) revert NotBonded(participant);
        _slash(participant, challenger);
    }
}
