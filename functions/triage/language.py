"""Which language a ticket is in: a vote of small words."""

from collections import Counter

from triage.passage import Passage

UNKNOWN = "und"  # ISO 639-2 for a language that could not be determined
VOTES_LEAST = 2

_SMALL_WORDS = {
    "en": (
        "the is are was of to in on and for it this that with not when we my you please "
        "from by an be has have does how can after at should which there"
    ),
    "de": (
        "der die das und ist nicht ein eine einen ich wir mit auf für zu von den dem bei "
        "kann bitte nach auch wird wenn seit im am es sich keine kein mein"
    ),
    "fr": (
        "le la les un une des et est pas nous je vous pour dans sur avec que qui ne ce "
        "cette mon depuis au aux du plus peut être il elle bonjour"
    ),
    "es": (
        "el la los las un una y es no en de que para con por se mi nos desde del al puede "
        "esta está cuando como muy hay"
    ),
    "it": (
        "il lo la gli le un una e è non di che per con si mio nel della del dal quando "
        "sono ho questo questa da alla come più"
    ),
    "pt": (
        "os um uma e é não de que para com por se meu na da desde quando "
        "está ao como são esta este foi eu"
    ),
    "nl": (
        "de het een en is niet van ik we wij met op voor te in dat die bij kan naar sinds "
        "als wordt mijn er ook geen"
    ),
}
_VOTERS = {
    word: tuple(language for language, row in _SMALL_WORDS.items() if word in row.split())
    for row in _SMALL_WORDS.values()
    for word in row.split()
}


def detect_language(*passages: Passage) -> str:
    """Return the ISO 639-1 code of the language, or "und" when the vote is not clear."""
    votes: Counter[str] = Counter()
    for passage in passages:
        for word in passage.words:
            votes.update(_VOTERS.get(word, ()))
    (best, most), (_, next_most) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    return best if most >= VOTES_LEAST and most > next_most else UNKNOWN
