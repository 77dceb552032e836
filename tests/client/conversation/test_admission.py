"""What lets a client in is kept no longer than that takes."""

from __future__ import annotations

from client_parts.conversation.admission import Admission
from tests.client.talk import Talk


def test_what_lets_a_client_in_is_forgotten() -> None:
    """After the welcome there is nothing left of it, and nothing prints it before."""
    admission = Admission("secret word", "k3f9")
    assert (admission.has_password, admission.has_invitation) == (True, True)
    assert admission.fields() == {"password": "secret word", "invite": "k3f9"}
    assert "secret" not in repr(admission)
    admission.forget()
    assert (admission.has_password, admission.has_invitation, admission.fields()) == (False, False, {})


def test_it_is_part_of_each_hello_until_the_welcome() -> None:
    """From then on the server knows this device."""
    talk = Talk(online=False)
    talk.it.state.admission = Admission("secret word", "k3f9")
    for _ in range(2):
        hello = talk.it.hello("s", "t")
        assert (hello["password"], hello["invite"]) == ("secret word", "k3f9")
    talk.welcome()
    assert {"password", "invite"}.isdisjoint(talk.it.hello("s", "t"))
