"""Which part of the hub carries out which request of moderation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server_parts.hub.act_lists import ActLists
from server_parts.hub.acting import Acting
from server_parts.hub.amending import Amending
from server_parts.hub.complaints import Complaints
from server_parts.hub.departures import Departures
from server_parts.hub.moderating import Moderating
from server_parts.hub.room_moderation import RoomModeration
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.protocol import moderation_requests as ask


def moderation_table(
    state: HubState, departures: Departures, acting: Acting, amending: Amending
) -> dict[type, Callable[[Client, Any], None]]:
    """The rows for the hub's table, and behind them what carries them out."""
    moderating = Moderating(state, departures, acting)
    rooms = RoomModeration(state, acting, amending)
    complaints = Complaints(state, acting)
    return {
        ask.Kick: moderating.kick,
        ask.Ban: moderating.ban,
        ask.Unban: moderating.unban,
        ask.Mute: moderating.mute,
        ask.Unmute: moderating.unmute,
        ask.Lockdown: moderating.lockdown,
        ask.SetRoom: rooms.set_room,
        ask.SetRoomRole: rooms.set_role,
        ask.InviteToRoom: rooms.invite,
        ask.Delete: rooms.delete,
        ask.Block: complaints.block,
        ask.Unblock: complaints.unblock,
        ask.Report: complaints.report,
        ask.ListActs: ActLists(state).show,
    }
