"""The factory: its templates, what it creates and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from offchain.blueprint import blueprint_code, blueprint_transaction_data
from tests.conftest import Refused, blueprint_of, create_account
from tests.unit.formulas import DEADLINE

ZERO = "0x" + "00" * 20
SET = [("initializeFactory", "exchangeTemplate"), ("initializeOracle", "oracleTemplate")]
CREATE = [("createExchange", "exchangeTemplate"), ("createOracleExchange", "oracleTemplate")]


@pytest.fixture(scope="module")
def fresh(deployer: Any, project: Any) -> Any:
    """A factory without templates."""
    return deployer.deploy(project.UniswapFactory)


def with_code(deployer: Any, code: bytes) -> str:
    """An account that holds exactly this code."""
    return create_account(
        deployer, bytes.fromhex("61") + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3") + code
    )


@pytest.mark.parametrize(("setter", "getter"), SET)
def test_templates_are_set_once_by_the_deployer(
    fresh: Any, templates: tuple[str, str], deployer: Any, stranger: Any, refused: Refused, setter: str, getter: str
) -> None:
    """F1 only the deployer sets a template, and each only once."""
    method = getattr(fresh, setter)
    refused(method, templates[0], error=("NotDeployer(address)", stranger), sender=stranger)
    assert getattr(fresh, getter)() == ZERO
    method(templates[0], sender=deployer)
    assert getattr(fresh, getter)() == templates[0]
    others = {name for _, name in SET} - {getter}
    assert {getattr(fresh, name)() for name in others} == {ZERO}
    for again in templates:
        refused(method, again, error=("AlreadyInitialized(address)", templates[0]), sender=deployer)
    refused(method, templates[1], error=("NotDeployer(address)", stranger), sender=stranger)


@pytest.mark.parametrize(("setter", "getter"), SET)
def test_only_a_blueprint(
    fresh: Any, project: Any, deployer: Any, stranger: Any, plain_token: Any, refused: Refused, setter: str, getter: str
) -> None:
    """F2 an account without code, an ordinary contract and code too short to be a blueprint are refused."""
    codes = [b"\xfe", b"\xfe\x71", b"\xfe\x71\x00", b"\xfe\x71\x01\x00", b"\xfe\x72\x00\x00", b"\xfd\x71\x00\x00"]
    accounts = [ZERO, stranger.address, plain_token.address, fresh.address]
    accounts += [with_code(deployer, code) for code in codes]
    for account in accounts:
        refused(getattr(fresh, setter), account, error=("NotABlueprint(address)", account), sender=deployer)
    least = with_code(deployer, b"\xfe\x71\x00\x00")
    getattr(fresh, setter)(least, sender=deployer)
    assert getattr(fresh, getter)() == least


@pytest.mark.parametrize(("create", "getter"), CREATE)
def test_create(
    factory: Any,
    project: Any,
    deployer: Any,
    stranger: Any,
    create: str,
    getter: str,
    plain_token: Any,
    third_token: Any,
) -> None:
    """F3 anyone creates a token's exchange; all maps, the count and the event agree."""
    count = factory.tokenCount()
    for number, token in enumerate((plain_token, third_token), start=count + 1):
        assert factory.getExchange(token) == factory.getTokenWithId(number) == ZERO
        receipt = getattr(factory, create)(token, sender=stranger)
        exchange = receipt.return_value
        assert factory.getExchange(token) == exchange != ZERO
        assert factory.getToken(exchange) == factory.getTokenWithId(number) == token.address
        assert factory.tokenCount() == number
        assert receipt.events == [factory.NewExchange(token=token, exchange=exchange)]
        assert [bytes(topic) for topic in receipt.logs[0]["topics"]] == [
            keccak(text="NewExchange(address,address)"),
            bytes(12) + bytes.fromhex(token.address[2:]),
            bytes(12) + bytes.fromhex(exchange[2:]),
        ]
        made = project.UniswapExchange.at(exchange)
        assert made.tokenAddress() == token.address
        assert made.factoryAddress() == factory.address
        assert made.totalSupply() == 0
    assert factory.getTokenWithId(0) == ZERO
    assert factory.getExchange(stranger) == factory.getToken(stranger) == ZERO


@pytest.mark.parametrize(("create", "kind"), [("createExchange", "plain"), ("createOracleExchange", "oracle")])
def test_create_uses_its_template(
    factory: Any, project: Any, deployer: Any, third_token: Any, chain: Any, create: str, kind: str
) -> None:
    """F3 each kind of exchange has the code of its own template."""
    container = project.UniswapExchange if kind == "plain" else project.UniswapOracleExchange
    address = getattr(factory, create)(third_token, sender=deployer).return_value
    runtime = bytes(HexBytes(container.contract_type.runtime_bytecode.bytecode))
    code = bytes(chain.provider.get_code(address))
    assert len(code) == len(runtime)
    # Where the codes differ, an immutable stands: the compiler leaves zeros for it.
    differing = [index for index in range(len(code)) if code[index] != runtime[index]]
    assert all(runtime[index] == 0 for index in differing)
    assert 20 <= len(differing) <= 20 * 20


def test_token_lists_itself(factory: Any, project: Any, deployer: Any) -> None:
    """F7 a token that creates its exchange in its constructor leaves nobody the time to choose another variant."""
    token = deployer.deploy(project.SelfListingToken, factory)
    exchange = project.UniswapOracleExchange.at(factory.getExchange(token))
    assert exchange.tokenAddress() == token.address
    assert exchange.OBSERVATION_PERIOD() == 60


@pytest.mark.parametrize(("create", "getter"), CREATE)
def test_create_refuses(
    factory: Any,
    fresh: Any,
    project: Any,
    deployer: Any,
    stranger: Any,
    third_token: Any,
    refused: Refused,
    create: str,
    getter: str,
) -> None:
    """F4 no template, no code at the token's address, or an exchange already there: nothing is created."""
    refused(getattr(fresh, create), third_token, error="TemplateNotSet()", sender=stranger)
    for token in (ZERO, stranger.address):
        refused(getattr(factory, create), token, error=("TokenWithoutCode(address)", token), sender=deployer)
    exchange = getattr(factory, create)(third_token, sender=deployer).return_value
    error = ("ExchangeExists(address,address)", third_token, exchange)
    for name, _ in CREATE:
        refused(getattr(factory, name), third_token, error=error, sender=stranger)


@pytest.mark.parametrize("setter", [name for name, _ in SET])
def test_template_of_the_other_kind_stays_unset(
    fresh: Any, templates: tuple[str, str], deployer: Any, third_token: Any, refused: Refused, setter: str
) -> None:
    """F4 setting one template doesn't allow the other kind."""
    getattr(fresh, setter)(templates[0], sender=deployer)
    create = "createOracleExchange" if setter == "initializeFactory" else "createExchange"
    refused(getattr(fresh, create), third_token, error="TemplateNotSet()", sender=deployer)


def test_failing_constructor(fresh: Any, deployer: Any, third_token: Any, refused: Refused) -> None:
    """F5 a blueprint whose constructor fails makes no exchange and no entry."""
    fresh.initializeFactory(
        create_account(deployer, blueprint_transaction_data(bytes.fromhex("5f5ffd"))), sender=deployer
    )
    refused(fresh.createExchange, third_token, error=("CreationFailed(address)", third_token), sender=deployer)
    assert fresh.tokenCount() == 0
    assert fresh.getExchange(third_token) == ZERO


def test_template_is_no_contract_to_call(
    templates: tuple[str, str], project: Any, stranger: Any, chain: Any, refused_data: Refused
) -> None:
    """F6 a template can't be called at all: its first byte is an invalid opcode. Nobody sets it up or destroys it."""
    exchange = project.UniswapExchange.at(templates[0])
    calls = [
        b"",
        bytes(exchange.setup.encode_input(stranger)),
        bytes(exchange.addLiquidity.encode_input(1, 1, DEADLINE)),
    ]
    for template in templates:
        assert bytes(chain.provider.get_code(template))[:1] == b"\xfe"
        for data in calls:
            request = {"from": stranger.address, "to": template, "data": "0x" + data.hex(), "gas": hex(10**6)}
            answer = chain.provider.web3.provider.make_request("eth_call", [request, "latest"])
            assert "error" in answer
            assert "data" not in answer["error"] or answer["error"]["data"] == "0x"
            sent = chain.provider.web3.eth.send_transaction(request | {"value": 1, "gas": 10**6})
            receipt = chain.provider.web3.eth.wait_for_transaction_receipt(sent)
            assert receipt["status"] == 0
            assert receipt["gasUsed"] == 10**6
        assert chain.provider.get_balance(template) == 0


def test_blueprint_is_what_ape_declares(project: Any, deployer: Any, chain: Any, templates: tuple[str, str]) -> None:
    """F6 our blueprint is the EIP-5202 blueprint that Ape's own `declare` makes."""
    declared = deployer.declare(project.UniswapExchange, sender=deployer.address).contract_address
    ours = chain.provider.get_code(templates[0])
    assert bytes(chain.provider.get_code(declared)) == bytes(ours)
    creation = bytes(HexBytes(project.UniswapExchange.contract_type.deployment_bytecode.bytecode))
    assert bytes(ours) == blueprint_code(creation) == b"\xfe\x71\x00" + creation


def test_token_of_another_exchange(factory: Any, project: Any, deployer: Any, plain_token: Any) -> None:
    """F3 an exchange's own liquidity is a token like any other and can have an exchange."""
    exchange = factory.createExchange(plain_token, sender=deployer).return_value
    second = factory.createExchange(exchange, sender=deployer).return_value
    assert factory.getToken(second) == exchange
    assert project.UniswapExchange.at(second).tokenAddress() == exchange


def test_no_ether(
    factory: Any, project: Any, deployer: Any, third_token: Any, stranger: Any, refused: Refused, refused_data: Refused
) -> None:
    """P9 the factory takes no ETH, knows no other function and reads addresses strictly."""
    refused(factory.createExchange, third_token, error=b"", sender=stranger, value=1)
    refused(factory.createOracleExchange, third_token, error=b"", sender=stranger, value=1)
    refused(factory.initializeFactory, third_token, error=b"", sender=deployer, value=1)
    refused_data(factory, b"", error=b"", sender=stranger, value=1)
    refused_data(factory, b"\xde\xad\xbe\xef", error=b"", sender=stranger)
    data = bytes(factory.createExchange.encode_input(third_token))
    refused_data(factory, data[:-1], error=b"", sender=stranger)
    refused_data(factory, data[:4] + b"\x01" + data[5:], error=b"", sender=stranger)


def test_blueprint_is_deployed_again_elsewhere(project: Any, deployer: Any, templates: tuple[str, str]) -> None:
    """F6 each deployment of a blueprint is an account of its own."""
    assert blueprint_of(deployer, project.UniswapExchange) not in templates
