"""What goes over the wire: what all requests have in common, and all answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A body: nothing that is not asked for, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Query(BaseModel):
    """A query: nothing that is not asked for; all of it comes as text."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Answer(BaseModel):
    """The shape of an answer; built only when the OpenAPI document asks for it."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class Health(Answer):
    """A sign of life."""

    status: Annotated[str, Field(examples=["ok"])]


class FieldFault(Answer):
    """What is wrong with one field of a request."""

    field: str
    detail: str


class Problem(Answer):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldFault]
