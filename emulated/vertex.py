"""Vertex AI on the wire: `generateContent` over REST, answering what the built-in rules say."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from emulated.server import Answer, Fault, Request, WireServer, as_json
from helpdesk.verdict import Judged, Verdict
from triage.rules import RuleClassifier

_PATH = re.compile(
    r"/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/google/models/([^/:]+):generateContent"
)
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TITLE = "Title: "
_TOKEN = 4  # characters, roughly


@dataclass(frozen=True, slots=True)
class Asked:
    """The ticket a request asks about."""

    title: str
    description: str


class VertexServer(WireServer):
    """Answers every ticket as the built-in classifier judges it, unless a fault is planned."""

    @property
    def calls(self) -> int:
        """Return how often the model was asked."""
        return sum(bool(_PATH.fullmatch(request.path)) for request in self.requests)

    def answer(self, request: Request) -> Answer:
        """Judge the ticket in the request, or refuse what Vertex AI would refuse."""
        if not _PATH.fullmatch(request.path):
            return _error(404, f"no such method: {request.path}")
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _error(401, "Request is missing required authentication credential.")
        if not isinstance(request.body, dict) or not request.body.get("contents"):
            return _error(400, "Unable to submit request because it must have a contents field.")
        asked = asked_in(request)
        verdict = self._rules.classify(asked.title, asked.description)
        return _generated(request, json.dumps(_told(verdict), ensure_ascii=False))

    @cached_property
    def _rules(self) -> RuleClassifier:
        return RuleClassifier()


def failed(status: int, *, delay_s: float = 0.0, **headers: str) -> Fault:
    """Plan an error in Google's words, with headers such as `Retry_After="7"`."""
    return Fault(instead=lambda _: _error(status, f"planned {status}", **headers), delay_s=delay_s)


def raw(body: bytes, *, status: int = 200) -> Fault:
    """Plan a whole body of an answer, whatever it is."""
    return Fault(instead=lambda _: Answer(status=status, body=body))


def said(text: str, *, finish: str = "STOP") -> Fault:
    """Plan what the model says, and why it stopped."""
    return Fault(instead=lambda request: _generated(request, text, finish=finish))


def stopped(reason: str) -> Fault:
    """Plan a model that stops, for this reason, before it has said anything."""
    return Fault(instead=lambda request: _generated(request, "", finish=reason))


def blocked(reason: str) -> Fault:
    """Plan a prompt that is blocked before the model has seen it."""
    feedback = {"promptFeedback": {"blockReason": reason}}
    return Fault(instead=lambda request: as_json(200, feedback | _usage(request, "")))


def silent() -> Fault:
    """Plan an answer without a single candidate."""
    return Fault(instead=lambda request: as_json(200, _usage(request, "")))


def asked_in(request: Request) -> Asked:
    """Return the ticket in a request: what stands between the first and the last line."""
    text = "\n".join(_texts(request.body["contents"]))
    inside = text.partition("\n")[2].rpartition("\n")[0]
    first, _, rest = inside.partition("\n")
    return Asked(first.removeprefix(_TITLE), rest)


def tokens_in(request: Request) -> int:
    """Return about how many tokens the model has to read: contents, instruction and schema."""
    body = request.body
    words = _texts(body["contents"]) + _texts(body.get("systemInstruction", {}))
    schema = json.dumps(body.get("generationConfig", {}).get("responseJsonSchema", {}))
    return sum(map(len, [*words, schema])) // _TOKEN


def _texts(contents: Any) -> list[str]:  # noqa: ANN401 - as JSON is
    """Return the texts of all parts: of one content, or of several."""
    several = contents if isinstance(contents, list) else [contents]
    return [
        part["text"] for content in several for part in content.get("parts", []) if "text" in part
    ]


def _told(verdict: Verdict) -> dict[str, object]:
    return {
        "summary": verdict.summary,
        "priority": _judged(verdict.priority),
        "category": _judged(verdict.category),
        "skills": _judged(verdict.skills),
        "language": verdict.language,
        "sentiment": verdict.sentiment.value,
        "notes": verdict.notes,
    }


def _judged(judged: Judged[Any]) -> dict[str, object]:
    return {
        "value": judged.value,
        "confidence": judged.confidence,
        "evidence": judged.evidence,
    }


def _generated(request: Request, text: str, *, finish: str = "STOP") -> Answer:
    candidate: dict[str, object] = {"index": 0, "finishReason": finish}
    if text:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    return as_json(200, {"candidates": [candidate]} | _usage(request, text))


def _usage(request: Request, text: str) -> dict[str, object]:
    """Return what stands in every answer, whatever the model said."""
    asked, told = tokens_in(request), len(text) // _TOKEN
    model = _PATH.fullmatch(request.path)
    return {
        "usageMetadata": {
            "promptTokenCount": asked,
            "candidatesTokenCount": told,
            "totalTokenCount": asked + told,
            "trafficType": "ON_DEMAND",
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked}],
        },
        "modelVersion": model[1] if model else "",
        "createTime": "2026-01-31T09:30:00Z",
        "responseId": "local",
    }


def _error(status: int, message: str, **headers: str) -> Answer:
    name = _STATUS.get(status, "UNKNOWN")
    error = {"code": status, "message": message, "status": name}
    return as_json(status, {"error": error}, **headers)
