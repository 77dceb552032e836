"""What waits to be sent to one client: whole blocks, in the order they came. It must not know sockets or threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

# A memoryview is what is left of a block that is begun. An iterator is read, and its pages sent, only when its turn has
# come.
Block = bytes | memoryview | Iterator[bytes]


class Backlog:
    """Counts what goes in and what is out. The caller has the lock."""

    __slots__ = ("blocks", "kept", "sent", "size")

    def __init__(self) -> None:
        self.blocks: deque[Block] | None = None  # while nothing waits, there is no room for it either
        self.size = 0  # bytes, without pages; a block that is being sent counts until it is out
        self.kept = self.sent = 0  # blocks that ever went in, and those of them that are out

    def keep(self, block: Block) -> None:
        if self.blocks is None:
            self.blocks = deque()
        self.blocks.append(block)
        self.kept += 1
        if not isinstance(block, Iterator):
            self.size += len(block)

    def take(self) -> Block:
        """The next block; once it is sent, `count` it."""
        assert self.blocks is not None
        block = self.blocks.popleft()
        if not self.blocks:
            self.blocks = None
        return block

    def count(self, block: Block) -> None:
        self.sent += 1
        if not isinstance(block, Iterator):
            self.size -= len(block)

    def drop(self) -> None:
        """All but the rest of a block that is begun: half a line is no use, and half a record of encryption less."""
        begun = self.take() if self.blocks and isinstance(self.blocks[0], memoryview) else None
        while self.blocks:
            self.count(self.take())
        if begun is not None:
            self.blocks = deque((begun,))
