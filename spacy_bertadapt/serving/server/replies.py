"""The types of all answers but predictions."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Status(BaseModel):
    """How a server is."""

    status: str = Field(examples=["ok"])


class Problem(BaseModel):
    """Why a request was not answered."""

    detail: str


class Fault(BaseModel):
    """What is wrong with a request's body, and where."""

    type: str
    loc: list[str | int]
    msg: str


class InvalidRequest(BaseModel):
    """Why a body is no request."""

    detail: list[Fault]


class LimitsInfo(BaseModel):
    """What a request may have, and in which time it is answered."""

    max_texts: int
    max_text_length: int = Field(description="Characters; of a pair, those of both texts together")
    max_body: int = Field(description="Bytes")
    timeout: float = Field(description="Seconds")


class Info(BaseModel):
    """The pipeline that answers."""

    lang: str
    name: str
    version: str
    description: str
    components: list[str]
    labels: dict[str, list[str]] = Field(description="By the names of the components that have labels")
    inputs: list[str] = Field(description="The texts that a prediction needs")
    outputs: list[str] = Field(description="The values of a prediction")
    limits: LimitsInfo
