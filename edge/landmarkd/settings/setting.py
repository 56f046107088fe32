"""A single setting: default, description and limits."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(ge=1e-3, le=1e6)]
NonNegative = Annotated[float, Field(ge=0, le=1e6)]
"""One million, as seconds about eleven days: with larger values calculations can overflow."""
Share = Annotated[float, Field(gt=0, lt=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Threshold = Annotated[float, Field(ge=0, lt=1)]
"""Of a probability; nothing would reach 1."""
Angle = Annotated[float, Field(gt=0, le=90)]
"""Degrees."""
T = TypeVar("T")


class Section(BaseModel):
    """A table of the configuration: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def setting(default: T, text: str, **limits: Any) -> T:
    """Return a field of a `Section` with its default and description; limits are pydantic's."""
    value: T = Field(default, description=text, **limits)
    return value
