"""What the shapes of all four files are made of: the settings of one thing, and lists that may be one text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from crawler.values import Example, Text


def kind(value: Any) -> str | None:
    """Tell the shapes apart that some settings may have."""
    if isinstance(value, (list, tuple)):
        return "list"
    return "mapping" if isinstance(value, dict) else "all" if value == "all" else None


def listed(value: Any) -> Any:
    """Take one text for a list of one."""
    return (value,) if isinstance(value, str) else value


class Shape(BaseModel):
    """What all shapes share."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


Phrases = Annotated[tuple[Text, ...], Field(min_length=1)]
Query = Example  # on as many lines as it takes
_Queries = Annotated[tuple[Query, ...], Field(min_length=1)]
Queries = Annotated[_Queries, BeforeValidator(listed, json_schema_input_type=Query | _Queries)]
Days = Annotated[Phrases, BeforeValidator(listed, json_schema_input_type=Text | Phrases)]
