"""kill -9 of every worker in the middle of a send: nothing is lost, nothing is sent twice, what can't be known is listed by name."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from demo.people import crowd
from tests.journey.actors import KIT, KIT_NAME, Pair, settled, zipped
from tests.rig import postgres
from tests.rig.installation import Installation, installation
from tests.rig.processes import descendants, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PEOPLE = crowd(400, seed=5)
KILLS_AT = (40, 200)  # messages in the mailbox


@pytest.fixture
def on_postgres(cluster: postgres.Cluster, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose database is PostgreSQL."""
    with installation(tmp_path / "var", DATABASE_URL=cluster.create("killed_worker")) as started:
        started.first_vendor()
        yield started
    cluster.drop("killed_worker")


def test_killed_workers_lose_and_double_nothing(here: Installation, tmp_path: Path) -> None:
    the_story_of_a_send_with_deaths(here, tmp_path)


def test_killed_workers_lose_and_double_nothing_on_postgresql(
    on_postgres: Installation, tmp_path: Path
) -> None:
    the_story_of_a_send_with_deaths(on_postgres, tmp_path)


def the_story_of_a_send_with_deaths(here: Installation, folder: Path) -> None:
    """Launch, kill twice, wait for the end, then compare the partner's list with the mailboxes."""
    with settled(here, zipped(KIT, folder / "kit.zip"), PEOPLE, folder) as pair:
        pair.partner.make(KIT_NAME)
        pair.launch()
        kills = sum(kill_the_workers_at(here, count) for count in KILLS_AT)
        assert kills, "the send was over before anybody was killed"
        pair.finished(seconds=180)
        compare(pair, kills)


def kill_the_workers_at(here: Installation, count: int) -> int:
    """Wait until so many messages of the campaign have arrived, then kill all workers with their jobs; how many workers died."""
    assert until(lambda: arrived(here) >= count, 90), (
        f"only {arrived(here)} messages had arrived\n{here.last_words()}"
    )
    if arrived(here) >= len(PEOPLE):
        return 0
    workers = list(here.workers().values())
    for worker in workers:
        for pid in (worker, *descendants(worker)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # the job's process dies with its worker, sometimes before we get to it
    return len(workers)


def arrived(here: Installation) -> int:
    """How many messages of campaigns lie in the mailbox."""
    headers = {"Accept": "application/json"}
    answer = here.mailbox.client.get(
        f"{here.app_url}/sandbox?kind=campaigns", headers=headers
    ).raise_for_status()
    total: int = answer.json()["total"]
    return total


def compare(pair: Pair, kills: int) -> None:
    """The invariants of sending, seen from outside."""
    states = pair.messages()
    mailboxes = Counter(letter.to for letter in pair.letters())
    by_state = Counter(states.values())
    assert set(states) == {one.email for one in PEOPLE}, "somebody on the list has no message"
    assert set(by_state) <= {"accepted", "uncertain"}, by_state
    assert max(mailboxes.values()) == 1, "somebody got it twice"
    accepted = {email for email, state in states.items() if state == "accepted"}
    assert accepted <= set(mailboxes), "a message counts as accepted and is in no mailbox"
    in_flight = kills * Settings.send_connections  # one message for each connection of each worker that died
    assert by_state["uncertain"] <= in_flight, f"{by_state['uncertain']} uncertain messages, {kills} deaths"
