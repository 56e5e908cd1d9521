"""Guessing the language."""

import pytest

from triage.language import UNKNOWN, detect_language
from triage.passage import Passage


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The printer on the second floor is out of paper", "en"),
        ("Der Drucker ist seit heute nicht erreichbar", "de"),
        ("Le serveur est en panne depuis ce matin et nous ne pouvons pas travailler", "fr"),
        ("Desde esta mañana nadie en la oficina puede abrir la aplicación", "es"),
        ("Non riesco ad aprire il file che è nella cartella del progetto", "it"),
        ("Não consigo abrir o arquivo que está na pasta do projeto", "pt"),
        ("De printer op de tweede verdieping is niet bereikbaar", "nl"),
        ("NullPointerException", UNKNOWN),
        ("サーバーが落ちた", UNKNOWN),
        ("la le", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_small_words_vote(text, language):
    assert detect_language(Passage.of(text)) == language
