"""The form of a model's answer: a JSON object with a question and two answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from optbench.core.specs import digest_of


class Exchange(BaseModel):
    """A question with a right and a wrong answer; its JSON schema is the `format` of every request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)

    question: str
    correct_answer: str
    incorrect_answer: str


FIELDS = tuple(Exchange.model_fields)
SCHEMA: dict[str, Any] = {name: value for name, value in Exchange.model_json_schema().items() if name != "description"}
"""The `format` of every request, without the docstring of the class."""
SCHEMA_SHA256 = digest_of(SCHEMA)


def parse(content: str) -> Exchange | None:
    """Return the exchange that the model wrote, or None if it does not match the schema."""
    try:
        return Exchange.model_validate_json(content)
    except ValidationError:
        return None
