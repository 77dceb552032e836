"""A link that swallows every packet in both directions, and tells neither side.

Two network namespaces: this machine – a router – a far one. Packets are lost when the router no longer forwards them:
all of them, or those from and to one of this machine's two addresses.
Needs Linux, `ip` and the rights of root; NotAllowed names what is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from itertools import count
from types import TracebackType
from typing import Self

from tests.faults.finding import NotAllowed

_wires = count()


class DeadWire:
    """Programs started with `prefix` run on the far side, as `far_address`, and reach this machine as `address`.

    They reach it as `second_address` too.
    """

    def __init__(self) -> None:
        mark = (os.getpid() + next(_wires) * 1_000_003) % 10_000_000  # the one before may take a moment to be gone
        self._router, far = f"chat-router-{mark}", f"chat-far-{mark}"
        self._near_end = f"chat{mark}"
        self._far = far
        subnet = mark % 250  # of a range that is kept for tests of networks
        self.address, self.second_address = f"198.18.{subnet}.1", f"198.18.{subnet}.3"
        self.far_address = f"198.19.{subnet}.2"
        self.prefix = ("ip", "netns", "exec", far)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if not sys.platform.startswith("linux") or shutil.which("ip") is None:
            raise NotAllowed("no network namespaces here: Linux and its ip command are needed")
        try:
            self._lay()
        except subprocess.CalledProcessError as error:
            self._stack.close()
            raise NotAllowed(f"no network namespaces here: {error.stderr.decode().strip()}") from error
        self.mend()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def cut(self) -> None:
        self._forward(0)

    def cut_second(self) -> None:
        """Only what goes to the second address or comes from it is lost."""
        _run("ip", "-n", self._router, "route", "add", "blackhole", self.second_address)
        _run("ip", "-n", self._router, "rule", "add", "from", self.second_address, "blackhole")

    def mend_second(self) -> None:
        _run("ip", "-n", self._router, "route", "del", "blackhole", self.second_address)
        _run("ip", "-n", self._router, "rule", "del", "from", self.second_address, "blackhole")

    def mend(self) -> None:
        self._forward(1)

    def _forward(self, whether: int) -> None:
        command = f"echo {whether} > /proc/sys/net/ipv4/ip_forward"
        _run("ip", "netns", "exec", self._router, "sh", "-c", command)

    def _lay(self) -> None:
        for name in (self._router, self._far):
            _run("ip", "netns", "add", name)
            self._stack.callback(_run, "ip", "netns", "del", name)  # its links go with it
        near, far = self.address.removesuffix(".1"), self.far_address.removesuffix(".2")
        _run("ip", "link", "add", self._near_end, "type", "veth", "peer", "near", "netns", self._router)
        _run("ip", "-n", self._router, "link", "add", "far", "type", "veth", "peer", "end", "netns", self._far)
        for place, link, address in (
            ((), self._near_end, f"{near}.1/24"),
            ((), self._near_end, f"{self.second_address}/24"),
            (("-n", self._router), "near", f"{near}.2/24"),
            (("-n", self._router), "far", f"{far}.1/24"),
            (("-n", self._far), "end", f"{far}.2/24"),
        ):
            _run("ip", *place, "addr", "add", address, "dev", link)
            _run("ip", *place, "link", "set", link, "up")
        _run("ip", "route", "add", f"{far}.0/24", "via", f"{near}.2")
        _run("ip", "-n", self._far, "route", "add", "default", "via", f"{far}.1")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=10)
