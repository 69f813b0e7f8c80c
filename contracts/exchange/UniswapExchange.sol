// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IUniswapExchange} from "../interfaces/IUniswapExchange.sol";
import {IUniswapFactory} from "../interfaces/IUniswapFactory.sol";
import {LiquidityToken} from "./LiquidityToken.sol";

/// @title UniswapExchange
/// @notice The plain exchange; documented in IUniswapExchange.
contract UniswapExchange is IUniswapExchange, LiquidityToken, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* STORAGE */

    uint256 private constant MIN_INITIAL_LIQUIDITY = 1e9;

    IERC20 internal immutable TOKEN;
    address private immutable FACTORY;

    modifier beforeDeadline(uint256 deadline) {
        if (deadline < block.timestamp) revert DeadlinePassed(deadline, block.timestamp);
        _;
    }

    modifier beforeLiquidityDeadline(uint256 deadline) {
        if (deadline <= block.timestamp) revert DeadlinePassed(deadline, block.timestamp);
        _;
    }

    modifier toOther(address recipient) {
        if (recipient == address(0) || recipient == address(this)) revert InvalidRecipient(recipient);
        _;
    }

    /* CONSTRUCTOR */

    /// @param token The token to trade. The creator is the exchange's factory.
    constructor(IERC20 token) {
        if (address(token) == address(0)) revert InvalidToken();
        TOKEN = token;
        FACTORY = msg.sender;
    }

    /* ETH TO TOKEN */

    receive() external payable {
        _ethToTokenInput(msg.value, 1, block.timestamp, msg.sender);
    }

    fallback() external payable {
        _ethToTokenInput(msg.value, 1, block.timestamp, msg.sender);
    }

    /// @inheritdoc IUniswapExchange
    function ethToTokenSwapInput(uint256 min_tokens, uint256 deadline) external payable returns (uint256) {
        return _ethToTokenInput(msg.value, min_tokens, deadline, msg.sender);
    }

    /// @inheritdoc IUniswapExchange
    function ethToTokenTransferInput(
        uint256 min_tokens,
        uint256 deadline,
        address recipient
    ) external payable toOther(recipient) returns (uint256) {
        return _ethToTokenInput(msg.value, min_tokens, deadline, recipient);
    }

    /// @inheritdoc IUniswapExchange
    function ethToTokenSwapOutput(uint256 tokens_bought, uint256 deadline) external payable returns (uint256) {
        return _ethToTokenOutput(tokens_bought, msg.value, deadline, msg.sender);
    }

    /// @inheritdoc IUniswapExchange
    function ethToTokenTransferOutput(
        uint256 tokens_bought,
        uint256 deadline,
        address recipient
    ) external payable toOther(recipient) returns (uint256) {
        return _ethToTokenOutput(tokens_bought, msg.value, deadline, recipient);
    }

    /* TOKEN TO ETH */

    /// @inheritdoc IUniswapExchange
    function tokenToEthSwapInput(
        uint256 tokens_sold,
        uint256 min_eth,
        uint256 deadline
    ) external returns (uint256) {
        return _tokenToEthInput(tokens_sold, min_eth, deadline, msg.sender);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToEthTransferInput(
        uint256 tokens_sold,
        uint256 min_eth,
        uint256 deadline,
        address recipient
    ) external toOther(recipient) returns (uint256) {
        return _tokenToEthInput(tokens_sold, min_eth, deadline, recipient);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToEthSwapOutput(
        uint256 eth_bought,
        uint256 max_tokens,
        uint256 deadline
    ) external returns (uint256) {
        return _tokenToEthOutput(eth_bought, max_tokens, deadline, msg.sender);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToEthTransferOutput(
        uint256 eth_bought,
        uint256 max_tokens,
        uint256 deadline,
        address recipient
    ) external toOther(recipient) returns (uint256) {
        return _tokenToEthOutput(eth_bought, max_tokens, deadline, recipient);
    }

    /* TOKEN TO TOKEN */

    /// @inheritdoc IUniswapExchange
    function tokenToTokenSwapInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address token_addr
    ) external returns (uint256) {
        address exchange = _exchangeOf(token_addr);
        return
            _tokenToTokenInput(tokens_sold, min_tokens_bought, min_eth_bought, deadline, msg.sender, exchange);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToTokenTransferInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address recipient,
        address token_addr
    ) external returns (uint256) {
        address exchange = _exchangeOf(token_addr);
        return
            _tokenToTokenInput(tokens_sold, min_tokens_bought, min_eth_bought, deadline, recipient, exchange);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToTokenSwapOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address token_addr
    ) external returns (uint256) {
        address exchange = _exchangeOf(token_addr);
        return
            _tokenToTokenOutput(tokens_bought, max_tokens_sold, max_eth_sold, deadline, msg.sender, exchange);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToTokenTransferOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address recipient,
        address token_addr
    ) external returns (uint256) {
        address exchange = _exchangeOf(token_addr);
        return
            _tokenToTokenOutput(tokens_bought, max_tokens_sold, max_eth_sold, deadline, recipient, exchange);
    }

    /// @inheritdoc IUniswapExchange
    function tokenToExchangeSwapInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address exchange_addr
    ) external returns (uint256) {
        return
            _tokenToTokenInput(
                tokens_sold,
                min_tokens_bought,
                min_eth_bought,
                deadline,
                msg.sender,
                exchange_addr
            );
    }

    /// @inheritdoc IUniswapExchange
    function tokenToExchangeTransferInput(
        uint256 tokens_sold,
        uint256 min_tokens_bought,
        uint256 min_eth_bought,
        uint256 deadline,
        address recipient,
        address exchange_addr
    ) external returns (uint256) {
        if (recipient == address(this)) revert InvalidRecipient(recipient);
        return
            _tokenToTokenInput(
                tokens_sold,
                min_tokens_bought,
                min_eth_bought,
                deadline,
                recipient,
                exchange_addr
            );
    }

    /// @inheritdoc IUniswapExchange
    function tokenToExchangeSwapOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address exchange_addr
    ) external returns (uint256) {
        return
            _tokenToTokenOutput(
                tokens_bought,
                max_tokens_sold,
                max_eth_sold,
                deadline,
                msg.sender,
                exchange_addr
            );
    }

    /// @inheritdoc IUniswapExchange
    function tokenToExchangeTransferOutput(
        uint256 tokens_bought,
        uint256 max_tokens_sold,
        uint256 max_eth_sold,
        uint256 deadline,
        address recipient,
        address exchange_addr
    ) external returns (uint256) {
        if (recipient == address(this)) revert InvalidRecipient(recipient);
        return
            _tokenToTokenOutput(
                tokens_bought,
                max_tokens_sold,
                max_eth_sold,
                deadline,
                recipient,
                exchange_addr
            );
    }

    /* LIQUIDITY */

    /// @inheritdoc IUniswapExchange
    function addLiquidity(
        uint256 min_liquidity,
        uint256 max_tokens,
        uint256 deadline
    ) external payable nonReentrant beforeLiquidityDeadline(deadline) returns (uint256 liquidity) {
        if (max_tokens == 0 || msg.value == 0) revert ZeroAmount();
        uint256 supply = totalSupply;
        uint256 tokenReserve = _tokenReserve();
        uint256 ethReserve = address(this).balance - msg.value;
        _beforeReservesChange(ethReserve, tokenReserve);

        uint256 tokenAmount;
        if (supply > LOCKED_LIQUIDITY || (supply != 0 && ethReserve >= MIN_INITIAL_LIQUIDITY)) {
            if (min_liquidity == 0) revert ZeroAmount();
            tokenAmount = _mul(msg.value, tokenReserve) / ethReserve + 1;
            liquidity = _mul(msg.value, supply) / ethReserve;
            if (tokenAmount > max_tokens) revert AboveMaximum(max_tokens, tokenAmount);
            if (liquidity < min_liquidity) revert BelowMinimum(min_liquidity, liquidity);
            totalSupply = supply + liquidity;
        } else {
            // Nobody owns liquidity, and the locked part is worth dust (what was given to it stays with it): the
            // founder sets the price, all ETH here becomes liquidity.
            if (msg.value < MIN_INITIAL_LIQUIDITY) revert InitialLiquidityTooLow(msg.value);
            if (IUniswapFactory(FACTORY).getExchange(address(TOKEN)) != address(this)) {
                revert UnregisteredExchange();
            }
            tokenAmount = max_tokens;
            totalSupply = address(this).balance;
            liquidity = address(this).balance - LOCKED_LIQUIDITY;
            if (supply == 0) emit Transfer(address(0), address(0), LOCKED_LIQUIDITY);
        }
        _credit(msg.sender, liquidity);
        _pull(tokenReserve, tokenAmount);
        emit AddLiquidity(msg.sender, msg.value, tokenAmount);
        emit Transfer(address(0), msg.sender, liquidity);
    }

    /// @inheritdoc IUniswapExchange
    function removeLiquidity(
        uint256 amount,
        uint256 min_eth,
        uint256 min_tokens,
        uint256 deadline
    )
        external
        nonReentrant
        beforeLiquidityDeadline(deadline)
        returns (uint256 eth_amount, uint256 token_amount)
    {
        if (amount == 0 || min_eth == 0 || min_tokens == 0) revert ZeroAmount();
        uint256 supply = totalSupply;
        if (supply == 0) revert NoLiquidity();
        uint256 ethReserve = address(this).balance;
        uint256 tokenReserve = _tokenReserve();
        _beforeReservesChange(ethReserve, tokenReserve);

        eth_amount = _mul(amount, ethReserve) / supply;
        token_amount = _mul(amount, tokenReserve) / supply;
        if (eth_amount < min_eth) revert BelowMinimum(min_eth, eth_amount);
        if (token_amount < min_tokens) revert BelowMinimum(min_tokens, token_amount);
        _debit(msg.sender, amount);
        unchecked {
            totalSupply = supply - amount;
        }
        // Tokens first: a contract that is called with the ETH sees both reserves as they stay.
        TOKEN.safeTransfer(msg.sender, token_amount);
        _sendEther(msg.sender, eth_amount);
        emit RemoveLiquidity(msg.sender, eth_amount, token_amount);
        emit Transfer(msg.sender, address(0), amount);
    }

    /* SET-UP AND VIEWS */

    /// @inheritdoc IUniswapExchange
    function setup(address) external pure {
        revert AlreadySetUp();
    }

    /// @inheritdoc IUniswapExchange
    function tokenAddress() external view returns (address) {
        return address(TOKEN);
    }

    /// @inheritdoc IUniswapExchange
    function factoryAddress() external view returns (address) {
        return FACTORY;
    }

    /// @inheritdoc IUniswapExchange
    function getEthToTokenInputPrice(uint256 eth_sold) external view nonReentrantView returns (uint256) {
        if (eth_sold == 0) revert ZeroAmount();
        return _inputPrice(eth_sold, address(this).balance, _tokenReserve());
    }

    /// @inheritdoc IUniswapExchange
    function getEthToTokenOutputPrice(uint256 tokens_bought) external view nonReentrantView returns (uint256) {
        if (tokens_bought == 0) revert ZeroAmount();
        return _outputPrice(tokens_bought, address(this).balance, _tokenReserve());
    }

    /// @inheritdoc IUniswapExchange
    function getTokenToEthInputPrice(uint256 tokens_sold) external view nonReentrantView returns (uint256) {
        if (tokens_sold == 0) revert ZeroAmount();
        return _inputPrice(tokens_sold, _tokenReserve(), address(this).balance);
    }

    /// @inheritdoc IUniswapExchange
    function getTokenToEthOutputPrice(uint256 eth_bought) external view nonReentrantView returns (uint256) {
        if (eth_bought == 0) revert ZeroAmount();
        return _outputPrice(eth_bought, _tokenReserve(), address(this).balance);
    }

    /* INTERNAL */

    /// @dev Called with the reserves as they stood, before any call of this contract changes them.
    function _beforeReservesChange(uint256 ethReserve, uint256 tokenReserve) internal virtual {}

    /// @dev `TOKEN.balanceOf(address(this))` in scratch memory: saves about 100 gas, up to three times a swap.
    function _tokenReserve() internal view returns (uint256 reserve) {
        address token = address(TOKEN);
        bool success;
        assembly ("memory-safe") {
            mstore(0x00, 0x70a08231) // balanceOf(address)
            mstore(0x20, address())
            success := staticcall(gas(), token, 0x1c, 0x24, 0x00, 0x20)
            success := and(success, gt(returndatasize(), 0x1f))
            reserve := mload(0x00)
        }
        if (!success) revert InvalidToken();
    }

    /* PRIVATE: SWAPS */

    function _ethToTokenInput(
        uint256 ethSold,
        uint256 minTokens,
        uint256 deadline,
        address recipient
    ) private nonReentrant beforeDeadline(deadline) returns (uint256 tokensBought) {
        if (ethSold == 0 || minTokens == 0) revert ZeroAmount();
        uint256 tokenReserve = _tokenReserve();
        uint256 ethReserve = address(this).balance - ethSold;
        _beforeReservesChange(ethReserve, tokenReserve);

        tokensBought = _inputPrice(ethSold, ethReserve, tokenReserve);
        if (tokensBought < minTokens) revert BelowMinimum(minTokens, tokensBought);
        TOKEN.safeTransfer(recipient, tokensBought);
        emit TokenPurchase(msg.sender, ethSold, tokensBought);
    }

    function _ethToTokenOutput(
        uint256 tokensBought,
        uint256 maxEth,
        uint256 deadline,
        address recipient
    ) private nonReentrant beforeDeadline(deadline) returns (uint256 ethSold) {
        if (tokensBought == 0 || maxEth == 0) revert ZeroAmount();
        uint256 tokenReserve = _tokenReserve();
        uint256 ethReserve = address(this).balance - maxEth;
        _beforeReservesChange(ethReserve, tokenReserve);

        ethSold = _outputPrice(tokensBought, ethReserve, tokenReserve);
        if (ethSold > maxEth) revert AboveMaximum(maxEth, ethSold);
        TOKEN.safeTransfer(recipient, tokensBought);
        if (ethSold < maxEth) _sendEther(msg.sender, maxEth - ethSold);
        emit TokenPurchase(msg.sender, ethSold, tokensBought);
    }

    function _tokenToEthInput(
        uint256 tokensSold,
        uint256 minEth,
        uint256 deadline,
        address recipient
    ) private nonReentrant beforeDeadline(deadline) returns (uint256 ethBought) {
        if (tokensSold == 0 || minEth == 0) revert ZeroAmount();
        uint256 tokenReserve = _tokenReserve();
        _beforeReservesChange(address(this).balance, tokenReserve);

        ethBought = _inputPrice(tokensSold, tokenReserve, address(this).balance);
        if (ethBought < minEth) revert BelowMinimum(minEth, ethBought);
        _pull(tokenReserve, tokensSold);
        _sendEther(recipient, ethBought);
        emit EthPurchase(msg.sender, tokensSold, ethBought);
    }

    function _tokenToEthOutput(
        uint256 ethBought,
        uint256 maxTokens,
        uint256 deadline,
        address recipient
    ) private nonReentrant beforeDeadline(deadline) returns (uint256 tokensSold) {
        if (ethBought == 0) revert ZeroAmount();
        uint256 tokenReserve = _tokenReserve();
        _beforeReservesChange(address(this).balance, tokenReserve);

        tokensSold = _outputPrice(ethBought, tokenReserve, address(this).balance);
        if (tokensSold > maxTokens) revert AboveMaximum(maxTokens, tokensSold);
        _pull(tokenReserve, tokensSold);
        _sendEther(recipient, ethBought);
        emit EthPurchase(msg.sender, tokensSold, ethBought);
    }

    function _tokenToTokenInput(
        uint256 tokensSold,
        uint256 minTokensBought,
        uint256 minEthBought,
        uint256 deadline,
        address recipient,
        address exchange
    ) private nonReentrant beforeDeadline(deadline) returns (uint256 tokensBought) {
        if (tokensSold == 0 || minTokensBought == 0 || minEthBought == 0) revert ZeroAmount();
        _checkExchange(exchange);
        uint256 tokenReserve = _tokenReserve();
        _beforeReservesChange(address(this).balance, tokenReserve);

        uint256 ethBought = _inputPrice(tokensSold, tokenReserve, address(this).balance);
        if (ethBought < minEthBought) revert BelowMinimum(minEthBought, ethBought);
        _pull(tokenReserve, tokensSold);
        tokensBought = IUniswapExchange(exchange).ethToTokenTransferInput{value: ethBought}(
            minTokensBought,
            deadline,
            recipient
        );
        emit EthPurchase(msg.sender, tokensSold, ethBought);
    }

    function _tokenToTokenOutput(
        uint256 tokensBought,
        uint256 maxTokensSold,
        uint256 maxEthSold,
        uint256 deadline,
        address recipient,
        address exchange
    ) private nonReentrant beforeDeadline(deadline) returns (uint256 tokensSold) {
        if (tokensBought == 0 || maxEthSold == 0) revert ZeroAmount();
        _checkExchange(exchange);
        uint256 ethBought = IUniswapExchange(exchange).getEthToTokenOutputPrice(tokensBought);
        uint256 tokenReserve = _tokenReserve();
        _beforeReservesChange(address(this).balance, tokenReserve);

        tokensSold = _outputPrice(ethBought, tokenReserve, address(this).balance);
        if (tokensSold > maxTokensSold) revert AboveMaximum(maxTokensSold, tokensSold);
        if (ethBought > maxEthSold) revert AboveMaximum(maxEthSold, ethBought);
        _pull(tokenReserve, tokensSold);
        IUniswapExchange(exchange).ethToTokenTransferOutput{value: ethBought}(
            tokensBought,
            deadline,
            recipient
        );
        emit EthPurchase(msg.sender, tokensSold, ethBought);
    }

    function _exchangeOf(address token) private view returns (address) {
        return IUniswapFactory(FACTORY).getExchange(token);
    }

    function _checkExchange(address exchange) private view {
        if (exchange == address(0) || exchange == address(this)) revert InvalidExchange(exchange);
    }

    /* PRIVATE: MOVING VALUE */

    /// @dev Takes `amount` from the caller into a pool that holds `reserve`, and checks that all of it arrived.
    function _pull(uint256 reserve, uint256 amount) private {
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        uint256 balance = _tokenReserve();
        uint256 received = balance > reserve ? balance - reserve : 0;
        if (received < amount) revert TokensMissing(amount, received);
    }


    /// @dev Forwards all gas, so that contract wallets can receive; reads nothing of what the receiver returns.
    function _sendEther(address receiver, uint256 amount) private {
        bool success;
        assembly ("memory-safe") {
            success := call(gas(), receiver, amount, 0, 0, 0, 0)
        }
        if (!success) revert EtherRefused(receiver);
    }

    /* PRIVATE: PRICES */

    /// @dev Output for an exact input, rounded down: `a * 997 * o / (i * 1000 + a * 997)`.
    function _inputPrice(uint256 amount, uint256 input, uint256 output) private pure returns (uint256) {
        if (input == 0 || output == 0) revert NoLiquidity();
        uint256 amountLessFee = _mul(amount, 997);
        uint256 denominator = _mul(input, 1000);
        unchecked {
            denominator += amountLessFee;
            if (denominator < amountLessFee) revert AmountOverflow();
            return _mul(amountLessFee, output) / denominator;
        }
    }

    /// @dev Input for an exact output, rounded up: `i * a * 1000 / ((o - a) * 997) + 1`.
    function _outputPrice(uint256 amount, uint256 input, uint256 output) private pure returns (uint256) {
        if (input == 0 || output == 0) revert NoLiquidity();
        if (amount >= output) revert InsufficientReserve(amount, output);
        unchecked {
            return _mul(_mul(input, amount), 1000) / _mul(output - amount, 997) + 1;
        }
    }

    /// @dev With a constant `b` the division is done by the compiler.
    function _mul(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            if (b != 0 && a > type(uint256).max / b) revert AmountOverflow();
            return a * b;
        }
    }
}
