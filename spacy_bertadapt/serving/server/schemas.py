"""The requests and answers of a pipeline, as types: to check requests by, and for the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, FailFast, Field, TypeAdapter, ValidationError, create_model, with_config
from typing_extensions import TypedDict

from .job import Answer, Row

REFERENCE = "#/components/schemas/{model}"
EXAMPLES = {
    "text": "Ada Lovelace lived in London.",
    "premise": "A man is eating.",
    "hypothesis": "Someone eats.",
    "question": "Where did Ada Lovelace live?",
    "context": "Ada Lovelace lived in London.",
}
TEXTS, PAIRS = "texts", "pairs"
MOST_ERRORS = 10
STRICT = ConfigDict(extra="forbid")


class InvalidRequestError(Exception):
    """A body that is no request. details: one or more errors, each with its `type`, place (`loc`) and message."""

    def __init__(self, details: list[dict[str, Any]]):
        super().__init__(details)
        self.details = details


class Schemas:
    """The types of a pipeline's requests and answers."""

    def __init__(self, inputs: tuple[str, ...], outputs: Mapping[str, Any]):
        """inputs: names of the texts of a row. outputs: the type of each value of an answer, by name."""
        self.example: Row = {name: EXAMPLES.get(name, EXAMPLES["text"]) for name in inputs}
        self.example_answer: Answer | None = None
        """What the pipeline says of the example."""
        self._inputs = inputs
        self._request = TypeAdapter(_request_type(inputs))
        self._answers = TypeAdapter(_dict_type("PredictResponse", {"results": _list_of(_dict_type("Result", outputs))}))

    @property
    def key(self) -> str:
        """The name of a request's rows: "texts" or "pairs"."""
        return TEXTS if len(self._inputs) == 1 else PAIRS

    def read(self, body: bytes) -> list[Row]:
        """Return the rows of a request. Raises InvalidRequestError for a body that is none."""
        try:
            rows = getattr(self._request.validate_json(body), self.key)
        except ValidationError as err:
            raise InvalidRequestError(_details(err)) from err
        return [{self._inputs[0]: text} for text in rows] if len(self._inputs) == 1 else rows

    @property
    def example_request(self) -> dict[str, Any]:
        """A request with the example."""
        return {self.key: [self.example[self._inputs[0]] if len(self._inputs) == 1 else self.example]}

    def definitions(self) -> dict[str, Any]:
        """Return the JSON schemas of requests and answers, by name."""
        schemas: dict[str, Any] = {}
        for adapter in (self._request, self._answers):
            schema = adapter.json_schema(ref_template=REFERENCE)
            schemas |= schema.pop("$defs", {})
            schemas[schema["title"]] = schema
        return schemas


def _request_type(inputs: tuple[str, ...]) -> Any:
    if len(inputs) == 1:
        key, row = TEXTS, str
    else:
        key, row = PAIRS, with_config(STRICT)(_dict_type("Pair", dict.fromkeys(inputs, str)))
    rows = (_list_of(row), Field(description="One prediction for each"))
    return create_model("PredictRequest", __config__=STRICT, **{key: rows})  # type: ignore[call-overload]


def _list_of(kind: Any) -> Any:
    """Return the type of a list, of which the first wrong item is the only one that is reported."""
    return Annotated[list[kind], FailFast()]


def _dict_type(name: str, fields: Mapping[str, Any]) -> Any:
    """Return the type of a dict with some keys, which may be any texts."""
    return TypedDict(name, dict(fields))  # type: ignore[operator]


def _details(err: ValidationError) -> list[dict[str, Any]]:
    """Return what is wrong with a body, without repeating what it holds."""
    if err.error_count() > MOST_ERRORS:
        return [{"type": "too_many_errors", "loc": (), "msg": f"The request has {err.error_count()} errors"}]
    return [dict(error) for error in err.errors(include_url=False, include_input=False, include_context=False)]
