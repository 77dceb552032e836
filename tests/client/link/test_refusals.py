"""Each refusal is one sentence that says what to do."""

from __future__ import annotations

import pytest

from client_parts.conversation.admission import IN_CLEAR, Admission, not_sent
from client_parts.link.distrust import not_compared
from client_parts.link.refusals import refusal


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("name_taken", "choose another with --name, or prove that it is yours with --login."),
        ("password_wrong", "try again with --login."),
        ("encryption_needed", "connect to it with --tls."),
        ("banned", "This server is closed; only an operator of chat.example:3030 can change that."),
        ("too_many", "This server is closed; start the client again later."),
        (
            "invite_needed",
            "This server is closed; ask for a code at chat.example:3030, and start the client with --invite CODE.",
        ),
        ("not_allowed", "if you have an account there, log in with --name NAME --login."),
        ("unheard_of", "This server is closed."),
    ],
)
def test_what_to_do_is_said(code: str, part: str) -> None:
    """Also for what a later server may say: then it is its own sentence."""
    sentence = refusal(code, "this server is closed.", "ann", "chat.example:3030", Admission())
    assert part in sentence
    assert sentence.endswith(".")
    assert ". " not in sentence


def test_a_lockdown_says_how_long_it_lasts() -> None:
    """In the server's words; what they tell other programs to do is left out."""
    for reason in ("no new people until 14:05 UTC", "no new people until 14:05 UTC: come with a code"):
        sentence = refusal("invite_needed", reason, "ann", "h:1", Admission())
        assert sentence.startswith("No new people until 14:05 UTC; ask for a code at h:1,")


def test_an_invitation_that_was_tried_is_no_invitation() -> None:
    """Whoever has none is told to ask for one, whoever has one that it is not valid."""
    sentence = refusal("invite_needed", "no", "ann", "h:1", Admission(invitation="k3f9"))
    assert sentence == "That invitation is not valid at h:1, or not any more; ask for another one for --invite CODE."


def test_a_password_that_stays_here_is_told() -> None:
    """It was not sent, why, and what to do."""
    assert not_sent(IN_CLEAR).startswith("The password was not sent: this connection is not encrypted")
    sentence = not_sent(not_compared("h:1", bytes(32), '"chat://h:1#x"'))
    assert 'use: python client.py "chat://h:1#x"' in sentence
