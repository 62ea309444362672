"""The simulated services of BFCL's multi-turn tasks, from the package bfcl-eval."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ....ledger.errors import UsageError
from ..call_world import FunctionCall

_MODULES = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "TwitterAPI": "posting_api",
    "VehicleControlAPI": "vehicle_control",
}
_PACKAGE = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"


class Simulators:
    """The services of one task, by class.

    Args:
        classes: names of the classes involved.
        config: initial state by class; it is copied.
        long_context: fill the services with much that is beside the point.

    Raises:
        UsageError: a class is not known, or bfcl-eval is not installed.
    """

    def __init__(
        self, classes: Sequence[str], config: Mapping[str, Any], *, long_context: bool = False
    ) -> None:
        self._services = {
            name: _service(name, config.get(name, {}), long_context) for name in classes
        }
        self._methods: dict[str, Callable[..., Any]] = {
            name: method
            for service in self._services.values()
            for name, method in inspect.getmembers(service, inspect.ismethod)
            if not name.startswith("_")
        }

    def run(self, call: FunctionCall) -> str:
        """Makes a call and returns its result as the official evaluation writes it."""
        try:
            result = self._methods[call.name](**call.arguments)
        except Exception as exc:
            return f"Error during execution: {exc}"
        return _written(result)

    def parse(self, text: str) -> FunctionCall:
        """Returns a gold call such as `mv('a', destination='b')`.

        Raises:
            ValueError: it is no call of a known function with plain values.
        """
        node = ast.parse(text.strip(), mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise ValueError(f"{text!r} is no call")
        if node.func.id not in self._methods:
            raise ValueError(f"{text!r} calls an unknown function")
        positional = [ast.literal_eval(arg) for arg in node.args]
        named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
        bound = inspect.signature(self._methods[node.func.id]).bind(*positional, **named)
        return FunctionCall(node.func.id, dict(bound.arguments))

    def state(self) -> dict[str, dict[str, Any]]:
        """Returns the public attributes of each service, by class."""
        return {
            name: {key: value for key, value in vars(service).items() if not key.startswith("_")}
            for name, service in self._services.items()
        }


def document_file(name: str) -> str:
    """Returns the name of the file with a class's function documents.

    Raises:
        UsageError: the class is not known.
    """
    return f"{_module(name)}.json"


def _service(name: str, config: Any, long_context: bool) -> Any:
    try:
        module = importlib.import_module(f"{_PACKAGE}.{_module(name)}")
    except ModuleNotFoundError as exc:
        raise UsageError(
            "bfcl_multi_turn needs the simulators of bfcl-eval: "
            "`pip install --no-deps bfcl-eval mpmath` (the rest of its dependencies is not used)"
        ) from exc
    service = getattr(module, name)()
    if hasattr(service, "_load_scenario"):
        service._load_scenario(copy.deepcopy(config), long_context=long_context)
    return service


def _module(name: str) -> str:
    if name not in _MODULES:
        raise UsageError(f"BFCL has no class {name!r}; known are: {', '.join(_MODULES)}")
    return _MODULES[name]


def _written(result: Any) -> str:
    if isinstance(result, str):
        return result
    if isinstance(result, dict):
        try:
            return json.dumps(result)
        except TypeError:
            return str(result)
    return str(result)
