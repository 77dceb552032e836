"""When clients may ask for more: what they asked for is done, what they said is stored, and everybody is told of it.

A client has few credits (`people/clients.py`), and its reader takes one for each lot of requests. So nobody can say
more than can be stored and told. Owned by the hub, run only by its thread. It must not know what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from server_parts.hub.batch import Batch
from server_parts.hub.telling import Telling
from server_parts.people.clients import Client


class Credits:
    def __init__(self, batch: Batch, telling: Telling) -> None:
        self._batch = batch
        self._telling = telling
        self._unwritten: list[Client] = []  # they come back in the next turn, when what these said is told …
        self._half_told: list[tuple[int, Client]] = []  # … or when a crowd has been told so far

    def __bool__(self) -> bool:
        """Whether some are to be given back."""
        return bool(self._unwritten or self._half_told)

    def note(self, heard: Iterable[Client]) -> None:
        """Those whose requests were carried out in this turn, once for each lot of them."""
        done, self._unwritten = self._unwritten, []
        for client in heard:
            (self._unwritten if self._batch.is_writing(client) else done).append(client)
        self._half_told += [(self._telling.last_of(client), client) for client in done]
        self.give_back()

    def give_back(self) -> None:
        """To those of whom everybody has been told what they said."""
        waiting, self._half_told = self._half_told, []
        for number, client in waiting:
            if self._telling.has_told(number):
                client.credits.put(None)
            else:
                self._half_told.append((number, client))

    def give_all_back(self) -> None:
        """Nothing more is told."""
        for client in [*self._unwritten, *(client for _, client in self._half_told)]:
            client.credits.put(None)
