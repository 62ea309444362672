from __future__ import annotations

import subprocess
import sys

import pytest

import outlay.policies
from outlay.ledger.errors import UsageError
from outlay.ledger.prices.price_book import PriceBook
from outlay.ledger.usage import Usage
from outlay.policies import Endpoint, HumanPolicy, policy
from outlay.policies.endpoint import Dialect
from outlay.policies.policy import is_hosted
from outlay.policies.registry import policy_forms


@pytest.mark.parametrize("spec", ["openai/gpt-5-mini", "openai:gpt-5-mini"])
def test_openai(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = policy(spec, timeout=7)
    assert isinstance(endpoint, Endpoint)
    assert (endpoint.name, endpoint.model) == ("openai/gpt-5-mini", "gpt-5-mini")
    assert (endpoint.server, endpoint.timeout) == ("api.openai.com", 7)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    moved = policy(spec)
    assert isinstance(moved, Endpoint)
    assert moved.server == "127.0.0.1:9"


@pytest.mark.parametrize(
    ("spec", "server", "model"),
    [
        ("http://127.0.0.1:8000/v1#qwen3-8b", "127.0.0.1:8000", "qwen3-8b"),
        ("https://user:pw@example.org/v1#org/model:tag", "example.org", "org/model:tag"),
    ],
)
def test_addresses(spec: str, server: str, model: str) -> None:
    endpoint = policy(spec)
    assert isinstance(endpoint, Endpoint)
    assert (endpoint.server, endpoint.model) == (server, model)
    assert endpoint.name == f"{server}/{model}"
    assert policy(spec, name="mine").name == "mine"


def test_human() -> None:
    assert isinstance(policy("human"), HumanPolicy)


@pytest.mark.parametrize(
    "spec", ["gpt-5", "", "openai/", "anthropic/", "scripted:", "ftp://x#m", "embedded:x.bin"]
)
def test_unknown_forms_name_the_known(spec: str) -> None:
    with pytest.raises(UsageError, match="unknown model") as caught:
        policy(spec)
    assert all(form in str(caught.value) for form in policy_forms())


def test_address_without_a_model() -> None:
    with pytest.raises(UsageError, match="write ADDRESS#MODEL"):
        policy("http://127.0.0.1/v1")


@pytest.mark.parametrize("spec", ["http://#m", "http://[::1#m", "http://h:99999/v1#m"])
def test_address_that_is_none(spec: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a server"):
        policy(spec)


@pytest.mark.parametrize("spec", ["embedded:reader", "simulated:strong"])
def test_other_layers_add_policies_by_entry_point(spec: str) -> None:
    assert policy(spec, name="mine").name == "mine"
    assert any(form.startswith(spec) for form in policy_forms())


@pytest.mark.parametrize("place", ["openai/m", "http://127.0.0.1:9/v1#m"])
def test_what_is_known_of_a_server_stands_behind_its_model(place: str) -> None:
    endpoint = policy(
        f"{place}?tokenizer=t&limit=max_completion_tokens&rpm=60&system=user&without=seed,n"
        "&streaming=never&parallel_tool_calls=false"
    )
    assert isinstance(endpoint, Endpoint)
    assert (endpoint.model, endpoint.tokenizer, endpoint.takes_samples) == ("m", "t", False)
    assert endpoint.name.endswith("/m")
    assert endpoint.dialect == Dialect(
        limit="max_completion_tokens", system="user", streaming="never",
        parallel_tool_calls=False, without=frozenset({"seed", "n"}),
    )  # fmt: skip


@pytest.mark.parametrize("part", ["system=boss", "without=colour", "limit=9", "streaming="])
def test_a_dialect_that_makes_no_sense(part: str) -> None:
    with pytest.raises(UsageError, match="a dialect has no"):
        policy(f"openai/m?{part}")


def test_foreign_option() -> None:
    with pytest.raises(UsageError, match="does not take these options"):
        policy("human", stream=True)


def test_importing_is_light() -> None:
    heavy = "openai", "httpx2", "httpx", "aiohttp", "pydantic"
    code = f"import sys, outlay.policies; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_names() -> None:
    names = outlay.policies.__all__
    assert sorted(names) == names
    assert len(names) <= 20
    assert all(hasattr(outlay.policies, name) for name in names)


@pytest.mark.parametrize(
    ("spec", "model"),
    [
        ("http://127.0.0.1:8000/v1#gpt-5-mini", "openai/gpt-5-mini"),
        ("http://localhost/v1#gpt-5-mini", "openai/gpt-5-mini"),
        ("https://api.groq.com/openai/v1#llama-3.3-70b-versatile", "groq/llama-3.3-70b-versatile"),
    ],
)
def test_a_policy_behind_an_address_has_the_price_of_its_model(spec: str, model: str) -> None:
    assert PriceBook.load().model(policy(spec).name).source.endswith(model)


@pytest.mark.parametrize("host", ["simulated:8000", "scripted", "human:80", "embedded"])
def test_a_server_is_billed_whatever_its_host_is_called(host: str) -> None:
    for scheme in ("http", "https"):
        hosted = policy(f"{scheme}://{host}/v1#gpt-4o")
        by_name = PriceBook().model(hosted.name)
        assert by_name.cost(Usage(input=1_000_000)) > 0
        assert PriceBook().model(hosted.name, hosted=is_hosted(hosted)) == by_name
