"""What a typed tool returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from ...journal.notices import NOT_RUN
from ...journal.records import Observation


@dataclass(frozen=True, kw_only=True)
class Product:
    """What a call of a typed tool has made: the tool's output, shown to policies as JSON."""

    made: Mapping[str, str] = field(default_factory=dict)
    """The handle of what was made, by type; empty if nothing came of the call."""
    quality: Annotated[float, Field(ge=0, le=1)] | None = None
    """The measured quality of this step, from 0 to 1; None: it was not measured."""
    usd: Annotated[Decimal, Field(ge=0)] | None = None
    """USD that the call has cost; None: as much as was expected."""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds that it took; None: as many as were expected."""
    why: str = ""
    """What went wrong, if anything."""
    refused: bool = False
    """True if the call was not made at all: that says nothing about the tool."""

    @classmethod
    def read(cls, observation: Observation) -> Product:
        """Returns what an observation tells; of an error, or of any other text, nothing made."""
        if observation.error:
            return cls(why=observation.text, refused=isinstance(observation.notice, NOT_RUN))
        try:
            return _PRODUCT.validate_json(observation.text)
        except ValidationError:
            return cls(why=f"{observation.tool} returned no product")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Product:
        return _PRODUCT.validate_python(data)

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON form."""
        data: dict[str, Any] = _PRODUCT.dump_python(self, mode="json")
        return data


_PRODUCT = TypeAdapter(Product)
