from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from reading import fault

from outlay.ledger.errors import UsageError
from outlay.tools import ToolContext, tool

if TYPE_CHECKING:
    from decimal import Context


class Place(BaseModel):
    """A place."""

    title: str
    near: Place | None = None


def test_the_schema_says_types_defaults_and_descriptions() -> None:
    @tool
    def find(
        query: str,
        context: ToolContext,
        kind: Literal["city", "river"] = "city",
        limit: Annotated[int, Field(ge=1, description="overridden")] = 5,
    ) -> str:
        """Finds places.

        Looks everywhere.

        Args:
            query (str): words to look for:
                any of them.
            kind: city or river.

        Returns:
            what it found
        """
        return ""

    assert find.spec.description == "Finds places.\n\nLooks everywhere."
    assert find.spec.parameters == {
        "type": "object",
        "additionalProperties": False,
        "required": ["query"],
        "properties": {
            "query": {"type": "string", "description": "words to look for: any of them."},
            "kind": {
                "type": "string",
                "enum": ["city", "river"],
                "default": "city",
                "description": "city or river.",
            },
            "limit": {
                "type": "integer",
                "minimum": 1,
                "default": 5,
                "description": "overridden",
            },
        },
    }


def test_a_field_named_title_survives() -> None:
    @tool
    def go(place: Place, title: str = "") -> str:
        """Goes."""
        return ""

    parameters = go.spec.parameters
    assert "title" in parameters["properties"]
    assert parameters["$defs"]["Place"]["properties"]["title"] == {"type": "string"}
    assert "title" not in parameters["$defs"]["Place"]


def test_a_default_without_json_form_is_left_out() -> None:
    @tool
    def go(places: list[Place] = [Place(title="x")], count: int = object()) -> str:  # type: ignore[assignment]  # noqa: B006, B008
        """Goes."""
        return ""

    assert "default" not in go.spec.parameters["properties"]["count"]


def test_methods_partials_and_callable_objects_are_tools() -> None:
    class Shop:
        def buy(self, what: str) -> str:
            """Buys."""
            return f"bought {what}"

        def __call__(self, what: str) -> str:
            """Calls."""
            return what

    def pay(amount: int, key: str) -> str:
        """Pays."""
        return f"{amount}{key}"

    assert tool(Shop().buy).spec.name == "buy"
    assert tool(Shop()).spec.name == "Shop"
    paying = tool(functools.partial(pay, key="secret"))
    assert paying.spec.name == "pay"
    assert list(paying.spec.parameters["properties"]) == ["amount"]
    assert "secret" not in str(paying.spec)
    assert fault(paying, '{"amount": 1, "key": "mine"}') is not None


def rounded(amount: int, rules: Context, key: str) -> Context:
    """Rounds.

    Args:
        amount: what is rounded.
        rules: by which rules.
        key: whose account pays.

    Warning:
        It is slow.
    """
    return rules


def test_a_docstring_may_describe_what_a_partial_fills_in() -> None:
    for filled in (
        functools.partial(rounded, rules=None, key="secret"),
        functools.partial(functools.partial(rounded, key="secret"), rules=None),
    ):
        spec = tool(filled).spec
        assert spec.description == "Rounds.\n\nWarning:\n    It is slow."
        assert spec.parameters["properties"] == {
            "amount": {"type": "integer", "description": "what is rounded."}
        }


def test_a_parameter_whose_type_only_mypy_sees_is_refused_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="'Context' is not defined; import it outside `if TYPE_"):
        tool(functools.partial(rounded, key="secret"))


def no_type(x) -> str:  # type: ignore[no-untyped-def]
    """Has no type."""
    return ""


def stars(*x: int) -> str:
    """Has stars."""
    return ""


def double_stars(**x: int) -> str:
    """Has stars."""
    return ""


def positional(x: int, /) -> str:
    """Is positional."""
    return ""


def silent(x: int) -> str:
    return ""


def lost(x: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
    """Has a lost type."""
    return ""


def alien(x: Iterator[Exception], y: threading_lock) -> str:  # type: ignore[name-defined]  # noqa: F821
    """Has an alien type."""
    return ""


def opaque(x: BaseException) -> str:
    """Has a type without JSON form."""
    return ""


def calling(x: Callable[[], int]) -> str:
    """Has a type without JSON form."""
    return ""


def two(x: ToolContext, y: ToolContext) -> str:
    """Has two contexts."""
    return ""


def yields() -> Iterator[str]:
    """Yields."""
    yield ""


async def yields_async() -> AsyncIterator[str]:
    """Yields."""
    yield ""


def mistaken(x: int) -> str:
    """Describes what is not there.

    Args:
        y: not there.
    """
    return ""


class Method:
    def method(self, x: int) -> str:
        """Is a method."""
        return ""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (no_type, "parameter 'x' of tool 'no_type' has no type"),
        (stars, "name every parameter"),
        (double_stars, "name every parameter"),
        (positional, "positional-only"),
        (silent, "no docstring"),
        (lost, "cannot be found"),
        (alien, "cannot be found"),
        (opaque, "no JSON form"),
        (calling, "no JSON form"),
        (two, "takes two contexts"),
        (yields, "yields"),
        (yields_async, "yields"),
        (mistaken, "describes no parameter: y"),
        (Method.method, "decorate the bound method"),
        (Method, "is a class"),
        (print, "tool 'print'"),
        (lambda: 1, "no name for a tool"),
        (42, "a int is no tool"),
    ],
)
def test_what_a_policy_could_not_call_is_refused_at_once(function: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        tool(function)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
