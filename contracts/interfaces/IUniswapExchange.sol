// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Exchange of ETH against one token: the whole external ABI and semantics of Uniswap V1
/// @notice Prices come from `x * y = k` with a fee of 0.3 % that stays in the pool. ETH amounts are wei, token
/// and liquidity amounts are base units, deadlines are Unix seconds. A swap's deadline may be the block's own
/// time, a liquidity deadline must lie after it. Sending ETH with any unknown calldata buys tokens.
/// @dev Errors, the reentrancy lock and the checks of received amounts are ours. What differs from the
/// original, and why, stands in docs/reference/exchange.md.
interface IUniswapExchange {
    /* EVENTS */

    /// @notice `buyer` sold ETH for tokens.
    event TokenPurchase(address indexed buyer, uint256 indexed eth_sold, uint256 indexed tokens_bought);
    /// @notice `buyer` sold tokens for ETH (in a token-to-token swap: the ETH that went on to the other pool).
    event EthPurchase(address indexed buyer, uint256 indexed tokens_sold, uint256 indexed eth_bought);
    /// @notice `provider` added liquidity.
    event AddLiquidity(address indexed provider, uint256 indexed eth_amount, uint256 indexed token_amount);
    /// @notice `provider` took liquidity out.
    event RemoveLiquidity(address indexed provider, uint256 indexed eth_amount, uint256 indexed token_amount);

    /* ERRORS */

    /// @notice Thrown by `setup`: the constructor has set token and factory for good.
    error AlreadySetUp();
    /// @notice Thrown when an exchange is created for no token, or its token doesn't tell a balance.
    error InvalidToken();
    /// @notice Thrown when the deadline has passed.
    error DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice Thrown when an amount, minimum or maximum that must be positive is zero.
    error ZeroAmount();
    /// @notice Thrown when the recipient is zero or the exchange itself.
    error InvalidRecipient(address recipient);
    /// @notice Thrown when the other exchange of a token-to-token swap is zero or this one.
    error InvalidExchange(address exchange);
    /// @notice Thrown when the pool holds no ETH or no tokens to price with.
    error NoLiquidity();
    /// @notice Thrown when an output is asked for that the pool doesn't hold.
    error InsufficientReserve(uint256 requested, uint256 reserve);
    /// @notice Thrown when a result is below the caller's minimum.
    error BelowMinimum(uint256 minimum, uint256 actual);
    /// @notice Thrown when a price is above the caller's maximum.
    error AboveMaximum(uint256 maximum, uint256 actual);
    /// @notice Thrown when amounts are too large to multiply in 256 bits.
    error AmountOverflow();
    /// @notice Thrown when the first liquidity is less than 1e9 wei.
    error InitialLiquidityTooLow(uint256 value);
    /// @notice Thrown when liquidity is to found an exchange that the factory doesn't list for its token.
    error UnregisteredExchange();
    /// @notice Thrown when the pool got fewer tokens than were sent to it (a fee on transfers).
    error TokensMissing(uint256 expected, uint256 received);
    /// @notice Thrown when the receiver of ETH refuses it.
    error EtherRefused(address receiver);

    /* SET-UP AND VIEWS */

    /// @notice Kept for the ABI of V1. Always reverts: an exchange is set up by its constructor.
    function setup(address token_addr) external;
    /// @notice The token this exchange trades.
    function tokenAddress() external view returns (address);
    /// @notice The factory that created this exchange.
    function factoryAddress() external view returns (address);

    /// @notice Tokens bought for exactly `eth_sold` wei. Like every quote: reverts inside another call of the pool.
    function getEthToTokenInputPrice(uint256 eth_sold) external view returns (uint256 tokens_bought);
    /// @notice Wei that buy exactly `tokens_bought` tokens.
    function getEthToTokenOutputPrice(uint256 tokens_bought) external view returns (uint256 eth_sold);
    /// @notice Wei bought for exactly `tokens_sold` tokens.
    function getTokenToEthInputPrice(uint256 tokens_sold) external view returns (uint256 eth_bought);
    /// @notice Tokens that buy exactly `eth_bought` wei.
    function getTokenToEthOutputPrice(uint256 eth_bought) external view returns (uint256 tokens_sold);

    /* LIQUIDITY */

    /// @notice Adds the sent ETH and the matching tokens (all of `max_tokens` if the pool is empty).
    /// @return liquidity Liquidity minted to the caller.
    function addLiquidity(
        uint256 min_liquidity,
        uint256 max_tokens,
        uint256 deadline
    ) external payable returns (uint256 liquidity);

    /// @notice Burns `amount` of the caller's liquidity for its share of both reserves.
    function removeLiquidity(
        uint256 amount,
        uint256 min_eth,
        uint256 min_tokens,
        uint256 deadline
    ) external returns (uint256 eth_amount, uint256 token_amount);

    /* ETH TO TOKEN */

    /// @notice Sells the sent ETH for at least `min_tokens`.
    function ethToTokenSwapInput(
        uint256 min_tokens,
        uint256 deadline
    ) external payable returns (uint256 tokens_bought);
    /// @notice As `ethToTokenSwapInput`, to `recipient`.
    function ethToTokenTransferInput(
        uint256 min_tokens,
        uint256 deadline,
        address recipient
    ) external payable returns (uint256 tokens_bought);
    /// @notice Buys exactly `tokens_bought` and returns what is left of the sent ETH.
    function ethToTokenSwapOutput(
        uint256 tokens_bought,
        uint256 deadline
    ) external payable returns (uint256 eth_sold);
    /// @notice As `ethToTokenSwapOutput`, to `recipient`; the ETH left over goes to the caller.
    function ethToTokenTransferOutput(
        uint256 tokens_bought,
        uint256 deadline,
        address recipient
    ) external payable returns (uint256 eth_sold);

    /* TOKEN TO ETH */

    /// @notice Sells `tokens_sold` for at least `min_eth` wei.
    function tokenToEthSwapInput(
        uint256 tokens_sold,
        uint256 min_eth,
        uint256 deadline
    ) external returns (uint256 eth_bought);
    /// @notice As `tokenToEthSwapInput`, to `recipient`.
    function tokenToEthTransferInput(
        uint256 tokens_sold,
        uint256 min_eth,
        uint256 deadline,
        address recipient
    ) external returns (uint256 eth_bought);
    /// @notice Buys exactly `eth_bought` wei for at most `max_tokens`.
    function tokenToEthSwapOutput(
        uint256 eth_bought,
        uint256 max_tokens,
        uint256 deadline
    ) external returns (uint256 tokens_sold);
    /// @notice As `tokenToEthSwapOutput`, to `recipient`.
    function tokenToEthTransferOutput(
        uint256 eth_bought,
        uint256 max_tokens,
        uint256 deadline,
        address recipient
    ) external returns (uint256 tokens_sold);

    /* TOKEN TO TOKEN, THROUGH THE FACTORY'S EXCHANGE OF THE OTHER TOKEN */

    /// @notice Sells `tokens_sold` for ETH and that ETH for at least `min_tokens_bought` of `token_addr`.
    function tokenToTokenSwapInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address token_addr
    ) external returns (uint256 tokens_bought);
    /// @notice As `tokenToTokenSwapInput`, to `recipient`.
    function tokenToTokenTransferInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address recipient,
        address token_addr
    ) external returns (uint256 tokens_bought);
    /// @notice Buys exactly `tokens_bought` of `token_addr` for at most `max_tokens_sold`.
    function tokenToTokenSwapOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address token_addr
    ) external returns (uint256 tokens_sold);
    /// @notice As `tokenToTokenSwapOutput`, to `recipient`.
    function tokenToTokenTransferOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address recipient,
        address token_addr
    ) external returns (uint256 tokens_sold);

    /* TOKEN TO TOKEN, THROUGH ANY EXCHANGE THE CALLER NAMES */

    /// @notice As `tokenToTokenSwapInput`, through `exchange_addr`.
    /// @dev Warning: the named exchange is not checked; the caller trusts it with the ETH of the swap.
    function tokenToExchangeSwapInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address exchange_addr
    ) external returns (uint256 tokens_bought);
    /// @notice As `tokenToExchangeSwapInput`, to `recipient`.
    function tokenToExchangeTransferInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address recipient,
        address exchange_addr
    ) external returns (uint256 tokens_bought);
    /// @notice As `tokenToTokenSwapOutput`, through `exchange_addr`.
    /// @dev Warning: the named exchange is not checked; the caller trusts it with the ETH of the swap.
    function tokenToExchangeSwapOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address exchange_addr
    ) external returns (uint256 tokens_sold);
    /// @notice As `tokenToExchangeSwapOutput`, to `recipient`.
    function tokenToExchangeTransferOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address recipient,
        address exchange_addr
    ) external returns (uint256 tokens_sold);
}
