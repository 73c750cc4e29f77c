"""Texts of the workspace that take the place of Accord's own: held against what such a text can know, at load."""

from __future__ import annotations

import pytest

from tests.rules.language.small_workspace import load

RULES = "version: 1\nrules: []\n"


def problems(text: str) -> list[str]:
    """What is told of a texts/en.yaml with this in it."""
    return [str(p) for p in load(RULES, texts={"en": f"version: 1\ntexts:\n{text}"})[1]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "  client_digest: {subject: '{{ project.name }}: {{ items | length }}', body: News}\n",
            "texts/en.yaml:3:32: `project.name` is not known in the text `client_digest`",
        ),
        (
            "  client_digest: {subject: '{{ client.nam }}: {{ items | length }}', body: News}\n",
            "texts/en.yaml:3:32: `client.nam` is not known in the text `client_digest`; names: client.calendar, ",
        ),
        (
            "  client_digest: {subject: '{{ items }}', body: '{% for one in items %}{{ one.titel }}{% endfor %}'}\n",
            "texts/en.yaml:3:75: `one.titel` is not known in the text `client_digest`; names: item.body, item.subject",
        ),
        (
            "  client_digest: {subject: '', body: '{{ items | length }}'}\n",
            "texts/en.yaml:3:3: the text `client_digest` has no subject, and Accord sends it as a mail",
        ),
        (
            "  client_digest: {subject: News, body: Several messages in one}\n",
            "texts/en.yaml:3:3: the text `client_digest` does not name `items`, the messages that it introduces",
        ),
        (
            "  trouble_dead_letters: {subject: '{{ trouble.cuont }}', body: Look}\n",
            "texts/en.yaml:3:39: `trouble.cuont` is not known in the text `trouble_dead_letters`",
        ),
        (
            "  decision_code: {subject: Code, body: 'Your code is {{ kode }}'}\n",
            "texts/en.yaml:3:57: `kode` is not known in the text `decision_code`",
        ),
    ],
)
def test_a_name_that_such_a_text_cannot_know_is_told_at_its_place(text: str, told: str) -> None:
    """Before a message of it leaves: file, line and column, and what was meant."""
    assert [p for p in problems(text) if p.startswith(told)], problems(text)


def test_what_such_a_text_can_know_is_fine() -> None:
    """Client, organisation, the moment, and the messages with their subject and body."""
    text = (
        "  client_digest:\n    subject: '{{ client.name }}: {{ items | length }}'\n"
        "    body: '{{ organisation.name }}, {{ today | day }}: {% for one in items %}{{ one.subject }} {% endfor %}'\n"
        "  trouble_dead_letters: {subject: '{{ trouble.count }} since {{ trouble.since | when }}', body: Look}\n"
    )
    assert problems(text) == []
