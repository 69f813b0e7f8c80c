// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Header, IPPDLRegistry} from "../interfaces/IPPDLRegistry.sol";
import {Headers} from "./Headers.sol";

/// @title PPDLRegistry
/// @notice Documented in IPPDLRegistry.
contract PPDLRegistry is Headers {
    /* CONSTRUCTOR */

    /// @param genesis Header 0, with the first model.
    constructor(Rules memory rules_, Header memory genesis) Headers(rules_, genesis) {}

    /* EXTERNAL */

    /// @inheritdoc IPPDLRegistry
    function rules() external view returns (Rules memory) {
        return
            Rules(
                uint32(KEYS_WINDOW),
                uint32(SEEDS_WINDOW),
                uint32(UPLOAD_WINDOW),
                uint32(CLOSE_WINDOW),
                uint32(POST_WINDOW),
                uint32(CHALLENGE_WINDOW),
                uint32(ANSWER_WINDOW),
                uint32(HEADER_WINDOW),
                uint16(TOLERANCE),
                uint128(BOND),
                uint128(FEE)
            );
    }
}
