"""The same chat with asyncio streams: one thread, one task per client.

    python tests/bench/asyncio_server.py PORT

Correct and plain: whole lines, a slow client is dropped when too much waits for it, nothing is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys

GREETING = b"* hello client *\n"
BOUND = 4 * 1024 * 1024

clients: set[asyncio.StreamWriter] = set()


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    clients.add(writer)
    writer.write(GREETING)
    with contextlib.suppress(OSError, ValueError):
        while (line := await reader.readline()).endswith(b"\n"):
            broadcast(line)
            await writer.drain()  # who does not read what it hears may not speak either
    clients.discard(writer)
    writer.close()


def broadcast(line: bytes) -> None:
    for writer in clients:
        writer.write(line)
        if writer.transport.get_write_buffer_size() > BOUND:
            writer.transport.abort()


async def main(port: int) -> None:
    server = await asyncio.start_server(handle, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(int(sys.argv[1])))
