"""Several servers on one database are one chat whatever fails; and servers that break their promises are found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import real_client, several
from tests.faults.actors import chosen_seed
from tests.faults.several_servers import DATABASE
from tests.postgres import Cluster, needs_postgres

pytestmark = needs_postgres


@pytest.mark.usefixtures("at_its_pace")
@pytest.mark.timeout(120)
def test_several_servers() -> None:
    """The short form."""
    finding = several.run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


@pytest.mark.alone
@pytest.mark.timeout(120)
@pytest.mark.thorough
def test_the_client_that_people_use() -> None:
    """It is back within a second after its server was killed, or was given up by the others."""
    finding = real_client.run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


def unfence(cluster: Cluster) -> None:
    """The database stores whatever any server sends it."""
    from server_parts.storage.postgres.functions import APPEND, FENCE

    for function in (FENCE, APPEND):
        anyhow = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace("IF NOT FOUND", "IF false")
        anyhow = anyhow.replace("AND s.holder = u.holder AND s.accepted = u.expected", "")
        assert anyhow.count("u.expected") == 0
        cluster.execute(f"SET search_path = chat; {anyhow}", DATABASE)


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_a_server_that_ignores_its_fence_is_found_out(tmp_path: Path) -> None:
    """It stands still, its clients go on elsewhere, and then it stores what they had sent to it as well."""
    kinds = ["stop a server"] * 3
    for number in range(3):  # by chance, nobody may have a text under way to a server that is stopped
        (folder := tmp_path / str(number)).mkdir()
        report = several.break_repeatedly(folder, kinds, chosen_seed(), prepare=unfence)
        print(report)
        if report.figures["doubled"] > 0:
            return
    pytest.fail(str(report))


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_trusting_notifications_alone_is_found_out(tmp_path: Path) -> None:
    """One of them is lost with its connection."""
    report = several.break_repeatedly(tmp_path, ["end the feeds"] * 2, chosen_seed(), lie="deaf")
    print(report)
    assert report.kinds()["unheard"] > 0, str(report)
