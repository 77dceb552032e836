"""Why a server does not let this client in, in one sentence that says what to do. Pure: words in, words out."""

from __future__ import annotations

from client_parts.conversation.admission import Admission
from client_parts.screen.capitals import capitalised


def refusal(code: str, reason: str, name: str, address: str, admission: Admission) -> str:
    """`reason` is the server's own sentence, which serves where nothing better is known here."""
    reason = capitalised(reason.rstrip("."))
    sentences = {
        "name_taken": f"The name {name} is taken at {address}; choose another with --name, "
        "or prove that it is yours with --login.",
        "password_wrong": f"That is neither the password of {name} at {address} nor a valid code; "
        "try again with --login.",
        "encryption_needed": f"{address} accepts passwords and codes only over an encrypted connection; "
        "connect to it with --tls.",
        "banned": f"{reason}; only an operator of {address} can change that.",
        "too_many": f"{reason}; start the client again later.",
        "not_allowed": f"{_without_advice(reason)}; if you have an account there, log in with --name NAME --login.",
        "invite_needed": _invitation(address, reason, tried=admission.has_invitation),
    }
    return sentences.get(code, f"{reason}.")


def _invitation(address: str, reason: str, *, tried: bool) -> str:
    if tried:
        return f"That invitation is not valid at {address}, or not any more; ask for another one for --invite CODE."
    return f"{_without_advice(reason)}; ask for a code at {address}, and start the client with --invite CODE."


def _without_advice(reason: str) -> str:
    """What follows a colon is for other programs."""
    return reason.partition(": ")[0]
