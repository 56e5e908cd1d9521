"""The Classifier port over Gemini on Vertex AI: one call for each ticket, the answer untrusted."""

import secrets
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from helpdesk.errors import OutsideError, RefusedError
from helpdesk.verdict import Category, Priority, Provenance, Sentiment, Source, Verdict
from triage.answer import read_verdict
from triage.skills import load_lexicon

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import (
        Candidate,
        GenerateContentConfig,
        GenerateContentResponse,
    )

TIMEOUT_MS = 20_000
TOKENS_MOST = 700
READ_MOST = 8_000  # characters of a description
CERTIFICATES = Path("/etc/ssl/certs")

# The model will not speak of this ticket, however often it is asked.
_REFUSALS = frozenset(
    {"SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "MODEL_ARMOR"}
)
# US dollars for a million tokens, read and written.
_PRICES = {
    "gemini-2.5-flash": (0.30, 2.50),
    "gemini-2.5-flash-lite": (0.10, 0.40),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """The reviewed instruction. Its version is kept with every verdict."""

    version: str
    text: str

    @classmethod
    def load(cls, skills: tuple[str, ...]) -> "Prompt":
        """Read the prompt that ships with triage, and name the skills in it."""
        whole = Path(__file__).with_name("prompt.txt").read_text(encoding="utf-8")
        first, _, rest = whole.partition("\n")
        text = rest.strip().replace("{skills}", ",".join(skills))
        return cls(first.removeprefix("version:").strip(), text)

    def fenced(self, fence: str) -> str:
        """Return the instruction for a ticket that stands between two such lines."""
        return self.text.replace("{fence}", fence)


class GeminiClassifier:
    """Asks Gemini once; when and whether it is asked again is the step's business."""

    def __init__(self, client: "Client", *, model: str) -> None:
        """Ask this model; the client lives as long as we do, for it closes when it is dropped."""
        self._client = client
        self._model = model
        self._skills = tuple(skill.name for skill in load_lexicon())
        self._prompt = Prompt.load(self._skills)

    @classmethod
    def connect(cls, *, project: str, location: str, model: str, url: str = "") -> Self:
        """Speak to Vertex AI, or to a server at `url` that speaks as it does."""
        from google.genai import Client, types  # noqa: PLC0415 - costs 0.4 s of CPU
        from google.oauth2.credentials import Credentials  # noqa: PLC0415

        trust = {"verify": trusted(CERTIFICATES)}  # else the SDK reads all of it three times
        options = types.HttpOptions(
            api_version="v1",
            base_url=url or None,
            timeout=TIMEOUT_MS,
            retry_options=types.HttpRetryOptions(attempts=1),  # Pub/Sub delivers again
            client_args=trust,
            async_client_args=trust,
        )
        credentials = Credentials(token="local") if url else None  # type: ignore[no-untyped-call] # noqa: S106
        client = Client(
            vertexai=True,
            project=project,
            location=location,
            credentials=credentials,
            http_options=options,
        )
        return cls(client, model=model)

    def classify(self, title: str, description: str) -> Verdict:
        """Return what Gemini says of a ticket, or raise OutsideError or RefusedError."""
        fence = secrets.token_hex(8)
        asked_at = time.perf_counter()
        response = self._asked(_ticket(title, description, fence=fence), fence=fence)
        took_ms = round((time.perf_counter() - asked_at) * 1_000)
        return read_verdict(
            _said(response),
            title=title,
            description=description,
            skills=self._skills,
            provenance=self._provenance(response, took_ms),
        )

    def _asked(self, ticket: str, *, fence: str) -> "GenerateContentResponse":
        import httpx2  # noqa: PLC0415 - here already, by the SDK
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from google.genai.errors import APIError  # noqa: PLC0415

        try:
            return self._client.models.generate_content(
                model=self._model,
                contents=[{"role": "user", "parts": [{"text": ticket}]}],
                config=_config(self._prompt.fenced(fence)),
            )
        except APIError as error:
            # Also 400, 403 and 404: a wrong model name delays tickets, it must not park them.
            raise OutsideError(f"Gemini answered {error.code}") from error
        except httpx2.TimeoutException as error:
            raise OutsideError("Gemini did not answer in time") from error
        except httpx2.HTTPError as error:
            raise OutsideError("Gemini could not be reached") from error
        except GoogleAuthError as error:
            raise OutsideError("Google gave no token for Gemini") from error
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            # What the SDK lets through when a body is not the JSON it expects.
            raise OutsideError("Gemini answered something unreadable") from error

    def _provenance(self, response: "GenerateContentResponse", took_ms: int) -> Provenance:
        usage = response.usage_metadata
        read = (usage and usage.prompt_token_count) or 0
        told = (usage and usage.candidates_token_count) or 0
        thought = (usage and usage.thoughts_token_count) or 0  # paid for like what is told
        for_read, for_told = _PRICES.get(self._model, (0.0, 0.0))
        return Provenance(
            source=Source.AI,
            model=self._model,
            prompt_version=self._prompt.version,
            tokens_in=read,
            tokens_out=told + thought,
            cost_usd=(read * for_read + (told + thought) * for_told) / 1_000_000,
            latency_ms=took_ms,
        )


def trusted(folder: Path) -> ssl.SSLContext:
    """Return whom to trust: read on demand from a hashed folder, else all of it at once (20 ms)."""
    hashed = any(folder.glob("*.0"))
    return ssl.create_default_context(capath=folder if hashed else None)


def _ticket(title: str, description: str, *, fence: str) -> str:
    return f"{fence}\nTitle: {title}\n{description[:READ_MOST]}\n{fence}"


def _config(instruction: str) -> "GenerateContentConfig":
    from google.genai import types  # noqa: PLC0415

    return types.GenerateContentConfig(
        system_instruction=instruction,
        temperature=0,
        max_output_tokens=TOKENS_MOST,
        thinking_config=types.ThinkingConfig(thinking_budget=0),
        response_mime_type="application/json",
        response_json_schema=_schema(),
        # Both may ask again behind our back.
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
    )


def _schema() -> dict[str, Any]:
    text = {"type": "string"}
    return _object(
        summary=text,
        priority=_judged({**text, "enum": [str(each) for each in Priority]}),
        category=_judged({**text, "enum": [str(each) for each in Category]}),
        skills=_judged({"type": "array", "items": text}),
        language=text,
        sentiment={**text, "enum": [str(each) for each in Sentiment]},
        notes=text,
    )


def _judged(value: dict[str, Any]) -> dict[str, Any]:
    return _object(value=value, confidence={"type": "number"}, evidence={"type": "string"})


def _object(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _said(response: "GenerateContentResponse") -> str:
    """Return the text of an answer that came to its end, or raise OutsideError or RefusedError."""
    if response.prompt_feedback and response.prompt_feedback.block_reason:
        raise RefusedError("Gemini did not read the ticket")
    if not response.candidates:
        raise OutsideError("Gemini answered nothing")
    candidate = response.candidates[0]
    reason = candidate.finish_reason
    name = "" if reason is None else str(reason.value)
    if name in _REFUSALS:
        raise RefusedError("Gemini did not speak about the ticket")
    if name != "STOP":
        raise OutsideError("Gemini stopped before its end")
    return _text(candidate)


def _text(candidate: "Candidate") -> str:
    parts = (candidate.content and candidate.content.parts) or []
    return "".join(part.text or "" for part in parts if not part.thought)
