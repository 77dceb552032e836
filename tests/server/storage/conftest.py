"""The logs that every test of the contract runs over."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.postgres import needs_postgres

from .drafts import Backend
from .postgres_logs import postgres_log


def marked(backend: Backend) -> object:
    """The backend, skipped where there is no PostgreSQL that it could use."""
    return pytest.param(backend, marks=needs_postgres) if backend.open is postgres_log else backend


BACKENDS = [
    Backend("memory", durable=False, open=lambda folder: MemoryLog()),
    Backend("sqlite", durable=True, open=SqliteLog),
    Backend("sqlite-without-fts5", durable=True, open=lambda folder: SqliteLog(folder, full_text=False)),
    Backend("postgres", durable=True, open=postgres_log),
]


@pytest.fixture(params=[marked(backend) for backend in BACKENDS], ids=[backend.name for backend in BACKENDS])
def backend(request: pytest.FixtureRequest) -> Backend:
    assert isinstance(request.param, Backend)
    return request.param


@pytest.fixture
def log(backend: Backend, tmp_path: Path) -> Iterator[Store]:
    log = backend.open(tmp_path / "data")
    yield log
    log.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "data")
    yield log
    log.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, which is soon full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, timeout=10, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], timeout=10, check=True)
