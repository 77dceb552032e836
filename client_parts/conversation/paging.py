"""Searches and lists that come page by page, and /more, which asks for the next page of the latest one."""

from __future__ import annotations

from functools import partial
from typing import Any

from chat_common import Frame, room_problem
from client_parts.conversation.company import Company
from client_parts.conversation.context import Context
from client_parts.conversation.searches import Pages, Searches
from client_parts.conversation.state import State
from client_parts.screen import filing, order
from client_parts.screen.found import Results
from client_parts.screen.view import aside, utc_offset

_MOST_LEFT_OUT = 100  # ignored people that a server is asked to leave out of a search


class Paging:
    def __init__(self, state: State, company: Company) -> None:
        self.searches = Searches(state, self._show_unasked)
        self.context = Context(state, company)
        self.public_rooms: tuple[str, ...] = ()  # as far as the server has told
        self._state = state
        self._company = company
        self._search: Pages | None = None  # what /more goes on with
        self._list: Pages | None = None  # or the list of people or rooms
        self._rooms: list[Frame] = []  # a reply that comes in several frames

    def more(self) -> None:
        """Ask for the next page, unless it is on its way."""
        pages = self._list if self._list is not None and self._list.more else self._search
        if pages is None or not pages.more:
            self._state.complain("There is nothing more to show; /search TEXT starts a search.")
            return
        pages.more = not self._state.online  # not again before the answer is here
        if pages is self._search:
            self._ask_for_results(pages)
        else:
            self._state.ask(pages.request.copy())

    # --- Searches ---

    def search(self, text: str) -> None:
        request: Frame = {"type": "search", "text": text, "count": True}
        if "since:" in text.lower() or "until:" in text.lower():
            request["utc_offset"] = utc_offset()
        if self._company.ignored:
            request["without"] = list(self._company.ignored)[:_MOST_LEFT_OUT]
        self._search, self._list = Pages(request), None
        self.context.begin(text)
        self._ask_for_results(self._search)

    def _ask_for_results(self, pages: Pages) -> None:
        self.searches.ask(pages.request.copy(), partial(self._show_results, pages))

    def _show_unasked(self, results: Results) -> None:
        self._show_results(Pages({"text": ""}), results)

    def _show_results(self, pages: Pages, results: Results) -> None:
        """Show the newest message last, then how much is left."""
        board, view = self._state.board, self._state.view
        shown = [m for m in results.messages if m["from"].lower() not in self._company.ignored]
        self.context.note(shown)
        for message in reversed(shown):
            board.show(view.result(message, pages.request["text"]))
        found = len(results.messages)
        board.show(aside(view.end_of_page(results, pages.shown, hidden=found - len(shown))))
        pages.shown += found
        pages.more = 0 < found < (results.total or 0)
        if pages.more:
            oldest = results.messages[-1]
            pages.request["before"] = {"room": oldest["room"], "id": oldest["id"]}

    # --- Lists of people and rooms ---

    def list_all(self, request: Frame) -> None:
        self._list, self._search = Pages(request), None
        self._state.ask(request.copy())

    def people(self, frame: Frame) -> None:
        """Take in a reply to `who`."""
        members = self._company.who(frame)
        if members:
            self._mark_rest(members, "name", frame.get("total"))

    def rooms(self, frame: Frame) -> None:
        """Take in a reply to `rooms`."""
        self._rooms += frame["rooms"]
        if frame.get("more"):
            return
        rooms, self._rooms = self._rooms, []
        self.public_rooms = tuple(room["room"] for room in rooms if room_problem(room["room"]) is None)
        self._state.board.show(self._state.view.rooms(rooms))
        if rooms:
            self._mark_rest(rooms, "room", frame.get("total"))

    def records(self, frame: Frame) -> None:
        """Take in a page of bans, of the audit log or of reports. /more shows those before it."""
        kind, items, pages = frame["type"], frame["items"], self._list
        asked = pages if pages is not None and pages.request["type"] == kind else None
        for line in order.records(self._state.view, kind, items, asked.request.get("room") if asked else None):
            self._state.board.show(line)
        if asked is not None and items and frame.get("more"):
            asked.more, asked.request["before"] = True, items[0]["id"]
            self._state.board.show(aside("* /more shows earlier ones"))

    def files(self, frame: Frame) -> None:
        """Take in a page of files, the newest first. /more shows those before it."""
        files, pages, view = frame["files"], self._list, self._state.view
        place = "your rooms" if frame.get("room") is None else view.place(frame["room"])
        for line in filing.listed(files[::-1], view.shelf.put, place):
            self._state.board.show(line)
        if pages is not None and pages.request["type"] == "files" and files and frame.get("more"):
            pages.more, pages.request["before"] = True, files[-1]["id"]
            self._state.board.show(aside("* /more shows earlier ones"))

    def _mark_rest(self, page: list[dict[str, Any]], key: str, total: int | None) -> None:
        """A page of a list is on the screen: say how to see the next."""
        if self._list is None:
            return
        self._list.shown += len(page)
        self._list.more = self._list.shown < (total or 0)
        if self._list.more:
            self._list.request["after"] = page[-1][key]
            self._state.board.show(aside(f"* {self._list.shown} of {total} · /more shows the next"))
