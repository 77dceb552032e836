"""The PostgreSQL of the tests themselves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import postgres
from tests.postgres import cluster, needs_postgres
from tests.programs import ROOT

pytestmark = pytest.mark.once


@needs_postgres
def test_each_test_has_a_database_of_its_own() -> None:
    """What is done in one is not seen in another; the same key is the same database."""
    one, other = cluster().database("one"), cluster().database("other")
    cluster().execute("CREATE TABLE seen ()", one)
    assert cluster().database("one") == one
    assert cluster().execute("SELECT to_regclass('seen') IS NULL", other) == [(True,)]
    assert cluster().execute("SELECT to_regclass('seen') IS NULL", one) == [(False,)]


@needs_postgres
def test_databases_are_used_in_turn() -> None:
    """A new key finds nothing of what was there before."""
    names = set()
    for number in range(postgres.MOST + 2):
        name = cluster().database(("turn", number))
        names.add(name)
        assert cluster().execute("SELECT to_regclass('seen') IS NULL", name) == [(True,)]
        cluster().execute("CREATE TABLE seen ()", name)
    assert len(names) == postgres.MOST


@needs_postgres
def test_only_the_shared_one_does_not_wait_for_the_disk() -> None:
    """It commits as any does. Those of benchmarks and fault tests are measured, or lost: they sync as well."""
    assert cluster().execute("SHOW synchronous_commit") == [("on",)]
    assert cluster().execute("SHOW fsync") == [("off",)]
    assert not postgres.UNSYNCED.keys() & postgres.OPTIONS.keys()


@needs_postgres
def test_nothing_is_left_of_it() -> None:
    """When the process of the tests ends, its database has stopped and its folder is gone."""
    told = "from tests.postgres import cluster; c = cluster(); print(c.folder, c._process.pid)"
    run = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    folder, process = run.stdout.split()
    assert not os.path.exists(folder)
    with pytest.raises(ProcessLookupError):
        os.kill(int(process), 0)


def test_where_there_is_none_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a skipped test tells what to install."""
    monkeypatch.setattr(postgres, "folder_of_programs", lambda: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert postgres.why_not.__wrapped__() == "PostgreSQL's programs initdb and postgres are not installed"
