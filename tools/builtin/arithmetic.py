"""A small language of arithmetic over fractions: read, bounded and computed in one pass."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation, Overflow, Underflow
from fractions import Fraction

from ...ledger.errors import ToolError

MAX_CHARS = 1_000
MAX_DEPTH = 50
MAX_BITS = 4_096
"""Size of numerator and denominator: about 1,200 digits."""

_ABOUT = Context(prec=50, Emax=1_200, Emin=-1_200, traps=[InvalidOperation, Overflow, Underflow])
"""For what has no exact value, and for powers whose exact value is too long."""

_CONSTANTS = {
    "pi": Fraction("3.14159265358979323846264338327950288419716939937511"),
    "e": Fraction("2.71828182845904523536028747135266249775724709369996"),
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[a-zA-Z]\w*)"
    r"|(?P<mark>\*\*|//|[-+*/%(),]))",
    re.ASCII,
)
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4}
_SIGN_BINDING = 3
_HINTS = {"^": "; write ** for powers", "=": "; only the value of an expression can be computed"}


def evaluate(expression: str) -> Fraction:
    """Returns the value of an expression.

    Raises:
        ToolError: it cannot be read, has no value, or its value is too large.
    """
    if len(expression) > MAX_CHARS:
        raise ToolError(f"the expression is longer than {MAX_CHARS:,} characters")
    reader = _ExpressionParser(_tokens(expression))
    value = reader.expression()
    if reader.next:
        raise ToolError(f"unexpected {reader.next!r} after a complete expression")
    return value


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            strange = text[place:].lstrip()[0]
            raise ToolError(f"unexpected {strange!r}{_HINTS.get(strange, '')}")
        tokens.append(match[match.lastgroup or 0])
        place = match.end()
    return tokens


class _ExpressionParser:
    """Reads by binding power, computing as it goes."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> str:
        """The token to be read next, or an empty string at the end."""
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def expression(self, binding: int = 0) -> Fraction:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ToolError(f"the expression is nested deeper than {MAX_DEPTH} levels")
        value = self._operand()
        while (power := _BINDING.get(self.next, 0)) > binding:
            operator = self._take()
            right = self.expression(power - 1 if operator == "**" else power)
            value = _bounded(_apply(operator, value, right))
        self._depth -= 1
        return value

    def _operand(self) -> Fraction:
        token = self._take()
        if token in ("-", "+"):
            value = self.expression(_SIGN_BINDING)
            return -value if token == "-" else value
        if token == "(":
            value = self.expression()
            self._expect(")")
            return value
        if token[:1].isalpha():
            return self._named(token)
        if not token or token in _BINDING or token in "),":
            found = f"found {token!r}" if token else "the expression ends"
            raise ToolError(f"a number is missing: {found}")
        return _number(token)

    def _named(self, name: str) -> Fraction:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name not in _FUNCTIONS:
            known = ", ".join(sorted([*_FUNCTIONS, *_CONSTANTS]))
            raise ToolError(f"{name[:40]!r} is unknown; known are {known}")
        self._expect("(")
        arguments = [self.expression()]
        while self.next == ",":
            self._take()
            arguments.append(self.expression())
        self._expect(")")
        function, least, most = _FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise ToolError(f"{name} cannot take {len(arguments)} arguments")
        return _bounded(function(*arguments))

    def _take(self) -> str:
        token = self.next
        self._place += 1
        return token

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token != mark:
            hint = "; write thousands without commas" if token == "," else ""
            raise ToolError(f"{mark!r} is missing" + (f" before {token!r}{hint}" if token else ""))


def _number(token: str) -> Fraction:
    _, _, exponent = token.lower().partition("e")
    if exponent and (len(exponent) > 5 or abs(int(exponent)) > MAX_BITS // 4):
        raise ToolError(f"the number {token[:40]} is too large or too small")
    return _bounded(Fraction(token))


def _apply(operator: str, left: Fraction, right: Fraction) -> Fraction:
    if operator in ("/", "//", "%") and right == 0:
        raise ToolError("division by zero")
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "//":
            return Fraction(left // right)
        case "%":
            return left % right
    return _power(left, right)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if base == 0 and exponent < 0:
        raise ToolError("division by zero: 0 to a negative power")
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base in (-1, 0, 1) or bits * abs(exponent.numerator) <= MAX_BITS:
            return Fraction(base**exponent.numerator)
    elif base < 0:
        raise ToolError("a negative number to a fractional power has no real value")
    return _about(lambda: _ABOUT.power(_to_decimal(base), _to_decimal(exponent)))


def _sqrt(value: Fraction) -> Fraction:
    if value < 0:
        raise ToolError("a negative number has no real square root")
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if above**2 == value.numerator and below**2 == value.denominator:
        return Fraction(above, below)
    return _about(lambda: _ABOUT.sqrt(_to_decimal(value)))


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Rounds half away from zero, as people do."""
    if places.denominator != 1 or abs(places) > 100:
        raise ToolError("round takes a whole number of places from -100 to 100")
    scale = Fraction(10) ** places.numerator
    rounded = Fraction(math.floor(abs(value) * scale + Fraction(1, 2))) / scale
    return rounded if value >= 0 else -rounded


def _to_decimal(value: Fraction) -> Decimal:
    return _ABOUT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _about(compute: Callable[[], Decimal]) -> Fraction:
    try:
        return Fraction(compute())
    except Overflow as exc:
        raise ToolError("the result is too large") from exc
    except Underflow as exc:
        raise ToolError("the result is too small") from exc
    except InvalidOperation as exc:
        raise ToolError("the result is no real number") from exc


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise ToolError(f"the result has more than {MAX_BITS * 3 // 10:,} digits")
    return value


_FUNCTIONS: dict[str, tuple[Callable[..., Fraction], int, int]] = {
    "abs": (abs, 1, 1),
    "ceil": (lambda value: Fraction(math.ceil(value)), 1, 1),
    "floor": (lambda value: Fraction(math.floor(value)), 1, 1),
    "max": (lambda *values: max(values), 1, MAX_CHARS),
    "min": (lambda *values: min(values), 1, MAX_CHARS),
    "round": (_round, 1, 2),
    "sqrt": (_sqrt, 1, 1),
    "sum": (lambda *values: sum(values, Fraction(0)), 1, MAX_CHARS),
}
