"""Requests that are not answered: each with the status that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import BertadaptError, Errors
from .job import Row, characters_of
from .settings import Limits


class Refusal(BertadaptError):
    """A request that is not answered. status: of the HTTP answer. headers: of that answer."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


def try_later(message: str, seconds: int) -> Refusal:
    """Return the error for a request that there is no room for now. seconds: after which there may be."""
    return Refusal(429, message, {"Retry-After": str(seconds)})


def check_rows(rows: Sequence[Row], limits: Limits) -> None:
    """Raise Refusal for a request with too many rows, or with one that is too long."""
    if len(rows) > limits.texts_of_a_request:
        raise Refusal(413, Errors.E592.format(count=len(rows), limit=limits.texts_of_a_request))
    for number, row in enumerate(rows):
        length = characters_of(row)
        if length > limits.max_text_length:
            raise Refusal(413, Errors.E593.format(number=number, length=length, limit=limits.max_text_length))
