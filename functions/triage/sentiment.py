"""How a requester sounds, by a small lexicon."""

from helpdesk.verdict import Sentiment
from triage.passage import Passage
from triage.signals import SignalReader, Table

SHOUTS_LEAST = 3

_TABLE: Table[Sentiment] = {
    Sentiment.NEGATIVE: {
        0.6: """
            unacceptable; angry; furious; frustrated; frustrating; terrible; horrible; awful;
            worst; useless; ridiculous; disappointed; disappointing; annoyed; annoying; fed up;
            sick of; third time; again and again; still not fixed; still no answer;
            no one answers; nobody answers; waste of time; complaint; cancel our; outrageous;
            joke; incompetent; hate; losing patience; losing customers; disaster; unhappy;
            appalling; inakzeptabel; verärgert; enttäuscht; inacceptable; déçu; inaceptable;
            harto; inaccettabile; deluso; inaceitável; decepcionado; onacceptabel;
            teleurgesteld; very bad; embarrassing; nightmare; ignored
        """,
        0.35: """
            urgent; asap; immediately; again; sadly; unfortunately; upset; painful; please fix
        """,
    },
    Sentiment.POSITIVE: {
        0.6: """
            thank you; thanks; many thanks; great work; great job; well done; love; awesome;
            appreciate; excellent; fantastic; amazing; wonderful; perfect; happy with; danke;
            vielen dank; merci; gracias; grazie; obrigado; obrigada; dank je; bedankt; kudos;
            delighted; brilliant; good job; nice work; cheers
        """,
    },
}
# Politeness in advance and wishes are no praise.
_IGNORED = """
    thanks in advance; would love; would be great; would be awesome; no thanks;
    would appreciate; perfect match; thanks to; vielen dank im voraus; merci d'avance;
    gracias de antemano; would be perfect
"""

_READER = SignalReader(_TABLE, ignored=_IGNORED)


def judge_sentiment(title: Passage, description: Passage) -> Sentiment:
    """Return how the requester sounds."""
    weights = _READER.read(title, description)
    scores = {value: weight.strength for value, weight in weights.items()}
    negative = scores.get(Sentiment.NEGATIVE, 0.0)
    if title.text.count("!") + description.text.count("!!") >= SHOUTS_LEAST:
        negative += 0.4
    positive = scores.get(Sentiment.POSITIVE, 0.0)
    if negative >= 0.5 and negative >= positive:  # noqa: PLR2004 - one strong word or two weak ones
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if positive > negative else Sentiment.NEUTRAL
