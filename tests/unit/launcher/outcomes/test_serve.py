"""``dialform serve`` as a process against the sandbox, which sends it real webhooks."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from launcher_world import ANN, KEYVAR
from serving_world import SECRET, TOKEN, Served, until

from dialform.launcher.calling.week import DAYS
from dialform.launcher.ledger import Ledger
from dialform.launcher.outcomes.signature import signature_of
from dialform.launcher.records import Suppression

if TYPE_CHECKING:
    from launcher_world import World


def test_a_call_is_placed_once_for_its_key(served: Served) -> None:
    first = served.place()
    assert first.status_code == 201
    told = first.json()
    assert (told["format"], told["replayed"], told["to"]) == ("dialform.dial/1", False, ANN)
    again = served.place()
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    assert again.json()["dialId"] == told["dialId"]
    assert again.headers["location"] == f"/dials/{told['dialId']}"
    header = served.place(
        {"preset": "reminder", "to": ANN, "inputs": {"name": "Ann"}},
        **{"Idempotency-Key": '"visit-1"'},
    )
    assert header.json()["dialId"] == told["dialId"]
    assert served.world.sandbox.rings(ANN) == 1


def test_racing_callers_with_one_key_ring_once(served: Served) -> None:
    served.world.sandbox.fail_next("dials", how="delay", after="created", seconds=0.5)
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(served.place())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers) == [200] * 11 + [201]
    assert len({one.json()["dialId"] for one in answers}) == 1
    assert served.world.sandbox.rings(ANN) == 1


@pytest.mark.parametrize(
    ("fault", "status", "kind", "rings"),
    [
        ({"status": 400, "body": '{"error":"no such agent"}'}, 502, "rejected", 0),
        ({"status": 429, "headers": {"retry-after": "7"}}, 429, "deferred", 0),
        ({"how": "close", "after": "created"}, 504, "unknown", 1),
    ],
)
def test_each_outcome_has_its_status(
    served: Served, fault: dict[str, Any], status: int, kind: str, rings: int
) -> None:
    served.world.sandbox.fail_next("dials", **fault)
    answer = served.place()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["type"], told["status"]) == (f"urn:dialform:{kind}", status)
    assert answer.headers.get("retry-after") == ("7" if kind == "deferred" else None)
    assert served.world.sandbox.rings(ANN) == rings
    if kind == "unknown":
        assert served.place().status_code == 504, "sent again with its key it rings no more"
        assert served.read("visit-1")["outcome"] == "unknown"
        assert served.world.sandbox.rings(ANN) == 1


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"once": None}, 400, "wrong-request"),
        ({"toNumber": ANN}, 400, "wrong-request"),
        ({"preset": "reminder@0"}, 400, "wrong-request"),
        ({"inputs": [1]}, 400, "wrong-request"),
        ({"preset": "remindr"}, 404, "no-such-preset"),
        ({"to": "+1415"}, 422, "wrong-input"),
        ({"inputs": {"nam": "Ann"}}, 422, "wrong-input"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    served: Served, change: dict[str, Any], status: int, kind: str
) -> None:
    good = {"preset": "reminder", "to": ANN, "inputs": {"name": "Ann"}, "once": "visit-1"}
    answer = served.place({**good, **change})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:dialform:{kind}")
    assert served.world.sandbox.received() == []


def test_a_hold_and_a_key_of_another_call_are_refused(served: Served) -> None:
    served.place()
    other = {"preset": "reminder", "to": "+14155550124", "inputs": {"name": "B"}, "once": "visit-1"}
    assert served.place(other).status_code == 409
    served.world.run("hold", "reminder", "-s", "dev", "--reason", "wrong date")
    held = served.place({**other, "once": "visit-2"})
    assert held.status_code == 409
    assert "wrong date" in held.json()["detail"]


def test_a_call_against_a_rule_is_refused_with_the_rule_and_a_timezone_may_be_said(
    served: Served,
) -> None:
    world = served.world
    world.publish_environment(world.url, {"hours": {day: ["00:00-24:00"] for day in DAYS}})
    call = {"preset": "reminder", "to": "+18005550123", "inputs": {"name": "Ann"}, "once": "v"}

    refused = served.place(call)
    assert refused.status_code == 409
    told = refused.json()
    assert (told["type"], told["rule"], told["due"]) == (
        *("urn:dialform:refused", "calls.timezone"),
        None,
    )
    assert world.sandbox.received() == []
    assert served.place({**call, "timezone": "America/Denver"}).status_code == 201
    assert served.place({**call, "once": "w", "timezone": "Mars"}).status_code == 422
    assert served.place({**call, "once": "w", "timezone": 5}).status_code == 400


def test_nobody_gets_in_without_the_token(served: Served) -> None:
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}):
        answer = served.http.post("/dials", json={}, headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert served.http.get("/dials/x", headers=header).status_code == 401
    assert served.http.get("/health").json() == {"status": "ok", "environment": "dev"}
    form = {"authorization": f"Bearer {TOKEN}", "content-type": "text/plain"}
    assert served.http.post("/dials", content=b"{}", headers=form).status_code == 415
    assert served.http.put("/dials").status_code == 405
    assert served.http.get("/elsewhere").status_code == 404


def test_without_a_secret_no_webhook_is_taken_and_without_a_token_no_call(world: World) -> None:
    with Served(world, DIALFORM_WEBHOOK_SECRET="") as one:
        assert one.webhook(b"{}").status_code == 404
        assert one.place().status_code == 201
    with Served(world, DIALFORM_SERVE_TOKEN="") as one:
        assert one.place().status_code == 404
        assert one.webhook(b"{}").status_code == 204


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({}, "DIALFORM_SERVE_TOKEN"),
        ({"DIALFORM_SERVE_TOKEN": "short"}, "16 characters"),
        ({"DIALFORM_SERVE_TOKEN": TOKEN, KEYVAR: ""}, KEYVAR),
    ],
)
def test_what_is_missing_is_said_at_the_start(
    world: World, variables: dict[str, str], word: str
) -> None:
    _, said = world.run("serve", "-s", "dev", "--port", "0", code=1, env=variables)
    assert word in said
    assert "short" not in said


def test_webhooks_bring_a_call_to_its_end(world: World) -> None:
    """In any order and three times over, and with nothing looked at besides."""
    with Served(world, "--no-poll") as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        dial = served.place().json()["dialId"]
        world.sandbox.advance(600)
        sent = world.sandbox.deliver(seed=5, repeats=2)
        assert [one["status"] for one in sent] == [204] * 18
        told = served.read(dial)
        assert (told["status"], told["ended"], told["seconds"]) == ("completed", True, None)
        assert len(served.ledger.events(dial)) == 6
        served.stop()


def test_what_the_environment_does_not_keep_is_erased_when_it_starts(world: World) -> None:
    world.dial()
    world.amend_environment(ledger={"retention": "30d"})
    with closing(Ledger(world.ledger)) as ledger, ledger._writing("aged") as connection:
        connection.change("UPDATE dial SET reserved_at = '2026-01-01T00:00:00.000000Z'")
    with Served(world, "--no-poll") as served:
        until(lambda: [one.to for one in served.ledger.find()] == [None], 5.0)
        assert "personal data of 1 old dials was erased" in served.stop()


def test_who_is_on_the_ledgers_list_is_not_called(served: Served) -> None:
    served.ledger.suppress([Suppression(ANN, "asked by mail", "2026-11-25T00:00:00Z")])
    answer = served.place()
    assert answer.status_code == 409
    told = answer.json()
    assert (told["type"], told["rule"]) == ("urn:dialform:refused", "suppression")
    assert "asked by mail" in told["detail"]
    assert served.world.sandbox.received() == []


@pytest.mark.parametrize(
    ("options", "declared"),
    [((), {}), (("--no-transcripts",), {"transcripts": True}), ((), {"transcripts": False})],
    ids=["kept", "flag", "declared"],
)
def test_what_people_said_is_kept_unless_it_is_not_to_be(
    world: World, options: tuple[str, ...], declared: dict[str, bool]
) -> None:
    world.amend_environment(ledger=declared)
    with Served(world, "--no-poll", *options) as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        dial = served.place().json()["dialId"]
        world.sandbox.advance(600)
        world.sandbox.deliver(repeats=1)
        kept = {one.kind: one.body for one in served.ledger.events(dial)}
        assert (b"Hello?" in kept["dial.transcript"]) == (options == () and declared == {})
        assert kept["dial.updated"]
        assert served.read(dial)["status"] == "completed"


def test_an_end_that_a_webhook_tells_is_looked_up_at_once(world: World) -> None:
    """GET is the authority: it has the result and how long people talked."""
    with Served(world) as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        dial = served.place().json()["dialId"]
        world.sandbox.advance(600)
        world.sandbox.deliver()
        until(lambda: served.read(dial)["seconds"] is not None, 4.0)
        told = served.read(dial)
        assert (told["systemResultType"], told["seconds"]) == ("AGENT_HANGUP", 30.0)


def test_without_any_webhook_a_call_is_followed(served: Served) -> None:
    dial = served.place().json()["dialId"]
    served.world.sandbox.advance(600)
    until(lambda: served.read(dial)["ended"])
    assert served.read(dial)["systemResultType"] == "AGENT_HANGUP"


def test_an_event_before_the_answer_is_kept_and_applied(world: World) -> None:
    """The API may tell of a dial before it has answered the request that made it."""
    with Served(world, "--no-poll") as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        world.sandbox.fail_next("dials", how="delay", after="created", seconds=1.0)
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(served.place()))
        asking.start()
        until(world.sandbox.dials)
        world.sandbox.advance(3)
        assert [one["event"] for one in world.sandbox.deliver()] == ["dial.created", "dial.updated"]
        assert answers == []
        assert len(served.ledger.unapplied()) == 2
        asking.join()
        assert answers[0].status_code == 201
        assert served.read(answers[0].json()["dialId"])["status"] == "ringing"
        assert served.ledger.unapplied() == []


def test_a_late_webhook_settles_a_dial_of_unknown_outcome(world: World) -> None:
    with Served(world) as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        world.sandbox.fail_next("dials", how="close", after="created")
        assert served.place().status_code == 504
        assert [one["status"] for one in world.sandbox.deliver()] == [204]
        until(lambda: served.read("visit-1")["outcome"] == "accepted")
        told = served.read("visit-1")
        (dial,) = world.sandbox.dials()
        assert (told["dialId"], told["settledBy"]) == (dial["id"], "event")
        assert f"dial.created named dial {dial['id']}" in told["evidence"]
        assert served.place().json()["replayed"]
        assert world.sandbox.rings(ANN) == 1


def test_an_event_that_could_not_be_looked_up_is_not_lost(world: World) -> None:
    """Kept, and the server killed before it could do more: the next one does."""
    with Served(world, "--no-poll") as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        world.sandbox.fail_next("dials", how="close", after="created")
        assert served.place().status_code == 504
        world.sandbox.fail_next("dial", times=1000)
        world.sandbox.deliver()
        until(lambda: world.sandbox.requests("dial"))
        served.process.kill()
    world.sandbox.clear_faults()
    with Served(world, "--no-poll") as served:
        until(lambda: served.read("visit-1")["outcome"] == "accepted")


def test_two_that_may_be_meant_are_settled_by_nobody(world: World) -> None:
    """Evidence for both, and neither is settled."""
    with Served(world) as served:
        world.release("reminder", webhookUrl=f"{served.url}/webhooks/vogent")
        body = {"preset": "reminder", "to": ANN, "inputs": {"name": "Ann"}}
        for key in ("visit-1", "visit-2"):
            world.sandbox.fail_next("dials", how="close", after="created")
            assert served.place({**body, "once": key}).status_code == 504
        assert [one["status"] for one in world.sandbox.deliver()] == [204, 204]

        def doubted(key: str) -> bool:
            return "1 more" in (served.read(key)["evidence"] or "")

        for key in ("visit-1", "visit-2"):
            until(partial(doubted, key))
            assert served.read(key)["outcome"] == "unknown"


def test_a_wrong_signature_changes_nothing(served: Served) -> None:
    raw = b'{"event": "dial.updated", "payload": {"dial_id": "d", "status": "completed"}}'
    for signature in ("", "0" * 64, signature_of(raw + b" ", SECRET), signature_of(raw, "other")):
        answer = served.webhook(raw, signature)
        assert answer.status_code == 401
        assert answer.json()["status"] == 401
    assert served.http.post("/webhooks/vogent", content=raw).status_code == 401
    assert served.ledger.events("d") == []
    assert served.webhook(b"x" * (1024 * 1024 + 1)).status_code == 413


def test_what_can_not_be_kept_is_not_acknowledged(world: World) -> None:
    """So that the API sends it again, and a monitor sees it."""
    world.ledger.write_bytes(b"no ledger at all" * 512)
    with Served(world) as served:
        raw = b'{"event": "dial.updated", "payload": {"dial_id": "d", "status": "completed"}}'
        for answer in (served.webhook(raw), served.place(), served.http.get("/health")):
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:dialform:ledger")
        assert world.sandbox.received() == []
        said = served.stop()
        assert "it is not a ledger" in said


def test_any_asgi_server_runs_it(world: World) -> None:
    """All from environment variables."""
    variables = {"DIALFORM_ENVIRONMENT": "dev", "DIALFORM_SERVE_TOKEN": TOKEN}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = ("uvicorn", "--factory", "dialform.launcher.outcomes.app:create_app")
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--fd", str(listener.fileno())],
            env=world.environment | variables,
            cwd=world.folder,
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with httpx.Client(base_url=url, trust_env=False, timeout=30.0) as http:
                assert http.get("/health").json() == {"status": "ok", "environment": "dev"}
                body = {"preset": "reminder", "to": ANN, "inputs": {"name": "Ann"}, "once": "v"}
                allowed = {"authorization": f"Bearer {TOKEN}"}
                assert http.post("/dials", json=body, headers=allowed).status_code == 201
                assert http.post("/webhooks/vogent", content=b"{}").status_code == 404
        finally:
            process.terminate()
            _, said = process.communicate(timeout=30)
    assert b"Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_waits_for_the_calls_that_are_being_sent(
    world: World, number: signal.Signals
) -> None:
    with Served(world) as served:
        world.sandbox.fail_next("dials", how="delay", after="created", seconds=1.5)
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(served.place()))
        asking.start()
        until(world.sandbox.dials)
        said = served.stop(number)
        asking.join()
        assert [one.status_code for one in answers] == [201]
        assert said.endswith("serve: stopped\n")
        assert [one.state for one in served.ledger.find()] == ["accepted"]


def test_no_secret_is_said(served: Served) -> None:
    served.place()
    served.webhook(b"{}")
    said = served.stop() + json.dumps(served.told)
    for secret in (TOKEN, SECRET, 'sandbox-dev"'):
        assert secret not in said
