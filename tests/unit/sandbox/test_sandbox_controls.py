"""Lists, changes of objects, and the controls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sandbox_bodies import dev, dial

from dialform.errors import SettingError, UsageError
from dialform.sandbox import KEYS, WORKSPACES, Sandbox, SandboxControl, seed_id
from dialform.sandbox.seed import KINDS, seeded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer sandbox-dev"}
    with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as one:
        yield one


def test_ids_are_the_same_on_every_machine_and_others_in_every_workspace() -> None:
    """Stack files hold them: a change here breaks every project that points at a sandbox."""
    assert seed_id("dev", "voices", "Ava") == "8a84b71e-ddac-5ce9-b072-79a2278dbf8b"
    assert seed_id("prod", "agents", "Collector") == "d8dd6dd1-d56c-5a92-a18e-ee6f3fda2dd5"
    ids = [key for one in WORKSPACES for kind in seeded(one).values() for key in kind]
    assert len(ids) == len(set(ids)) > 80
    for one in WORKSPACES:
        assert set(seeded(one)) == set(KINDS)
        assert all(
            value["id"] == key for kind in seeded(one).values() for key, value in kind.items()
        )


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_a_list_comes_in_pages(http: httpx.Client, limit: int) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = http.get("/voices", params=query).json()
        assert set(page) == {"voices", "cursor"}
        found += [voice["name"] for voice in page["voices"]]
        if page["cursor"] is None:
            break
        assert len(page["voices"]) == limit
        query["cursor"] = page["cursor"]
    assert found == ["Ava", "Ben", "Chloe", "Diego", "Emma"]


def test_the_other_lists_have_the_other_envelope(http: httpx.Client) -> None:
    agent = dev("agents", "Collector")
    for path in (
        "/agents",
        "/models",
        "/functions",
        "/phone_numbers",
        f"/agents/{agent}/versioned_prompts",
        f"/agents/{agent}/extractors",
    ):
        page = http.get(path).json()
        assert set(page) == {"data", "cursor"}
        assert page["data"]
        one = page["data"][0]
        assert http.get(f"{path}/{one['id']}").json() == one


def test_a_list_has_twenty_unless_asked(sandbox: Sandbox, http: httpx.Client) -> None:
    for number in range(20):
        sandbox.add("dev", "functions", name=f"F{number}")
    assert len(http.get("/functions").json()["data"]) == 20


def test_voices_can_be_filtered(http: httpx.Client) -> None:
    named = http.get("/voices", params={"name": "Ben"}).json()["voices"]
    assert [voice["name"] for voice in named] == ["Ben"]
    cloned = http.get("/voices", params={"voiceType": "CLONED"}).json()["voices"]
    assert [voice["name"] for voice in cloned] == ["Emma"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": "YWZ0ZXI6eA=="}, "cursor"),
        ({"page": "2"}, "page"),
    ],
)
def test_a_wrong_query_is_400(http: httpx.Client, query: dict[str, str], field: str) -> None:
    answer = http.get("/voices", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"][0]["field"] == field


def test_a_prompt_can_be_changed_in_place(http: httpx.Client) -> None:
    path = f"/agents/{dev('agents', 'Collector')}/versioned_prompts"
    path += f"/{dev('versioned_prompts', 'Collector v1')}"
    assert http.put(path, json={"prompt": "New."}).json()["prompt"] == "New."
    assert http.get(path).json()["prompt"] == "New."
    other = path.replace(dev("agents", "Collector"), dev("agents", "Reminder"))
    assert http.get(other).status_code == 404


def test_an_agent_as_read_can_not_be_written_back(http: httpx.Client) -> None:
    """As seen live: the idleMessageConfig of a GET is one that PUT refuses."""
    path = f"/agents/{dev('agents', 'Collector')}"
    read = http.get(path).json()
    answer = http.put(path, json={"idleMessageConfig": read["idleMessageConfig"]})
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["error"]["fields"]} == {
        "idleMessageConfig.idleDurationMilliseconds",
        "idleMessageConfig.maxIdleMessages",
    }
    assert http.put(path, json={"name": "Renamed"}).json()["name"] == "Renamed"


def test_a_number_is_linked_and_released(http: httpx.Client) -> None:
    path = f"/phone_numbers/{dev('phone_numbers', '+14155550150')}"
    agent = dev("agents", "Reminder")
    assert http.put(path, json={"agentId": agent}).json()["agentId"] == agent
    assert http.put(path, json={"agentId": ""}).json()["agentId"] is None
    assert http.put(path, json={"agentId": "x"}).status_code == 422
    assert http.put(path, json={"number": "+1"}).status_code == 422
    assert http.delete(path).status_code == 200
    assert http.delete(path).status_code == 404
    assert http.post("/dials", json=dial()).status_code == 422


def test_edits_show_in_the_api(sandbox: Sandbox, http: httpx.Client) -> None:
    voice = dev("voices", "Ava")
    sandbox.edit("dev", "voices", voice, name="Eva")
    assert http.get(f"/voices/{voice}").json()["name"] == "Eva"
    sandbox.remove("dev", "voices", voice)
    assert http.get(f"/voices/{voice}").status_code == 404
    assert http.get("/voices/" + sandbox.add("dev", "voices", name="Gus")["id"]).status_code == 200
    assert len(sandbox.objects("prod", "voices")) == 5


@pytest.mark.parametrize(
    ("workspace", "kind", "key"),
    [("dev", "voices", "x"), ("dev", "cats", "x"), ("qa", "voices", "x"), ("dev", "a/b", "c")],
)
def test_a_control_that_makes_no_sense_is_a_usage_error(
    sandbox: Sandbox, workspace: str, kind: str, key: str
) -> None:
    with pytest.raises(UsageError, match="sandbox: PATCH"):
        sandbox.edit(workspace, kind, key, name="x")


def test_a_fault_that_makes_no_sense_is_a_usage_error(sandbox: Sandbox) -> None:
    for wrong in ({"how": "explode"}, {"times": 0}, {"status": 42}, {"workspace": "qa"}):
        with pytest.raises(UsageError):
            sandbox.fail_next(**wrong)


def test_faults_are_used_up_in_order_and_only_where_they_fit(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    sandbox.fail_next("dials", status=503, workspace="prod")
    sandbox.fail_next("dials", status=500, times=2)
    sandbox.fail_next("*", status=418)
    assert [http.post("/dials", json=dial()).status_code for _ in range(4)] == [500, 500, 418, 200]
    sandbox.fail_next("voices")
    sandbox.clear_faults()
    assert http.get("/voices").status_code == 200
    prod = {"authorization": "Bearer sandbox-prod"}
    sandbox.fail_next("dials", status=503, workspace="prod")
    assert http.post("/dials", json=dial(), headers=prod).status_code == 503


def test_a_delay_waits_then_goes_on(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.fail_next("dials", how="delay", seconds=0.15)
    began = time.monotonic()
    assert http.post("/dials", json=dial()).status_code == 200
    assert time.monotonic() - began >= 0.15


def test_what_was_received_is_kept_byte_for_byte(sandbox: Sandbox, http: httpx.Client) -> None:
    bodies = [b"", b"\x00\xff", b'{"a":1}', b'{ "a": 1}\r\n', "é".encode()]
    for data in bodies:
        http.post("/dials", content=data, headers={"x-mark": "1"})
    received = sandbox.received()
    assert [one.body for one in received] == bodies
    assert {one.status for one in received} == {400}
    assert {(one.method, one.path) for one in received} == {("POST", "/api/dials")}
    assert received[0].headers["x-mark"] == "1"


def test_rings_count_a_number_in_all_workspaces(sandbox: Sandbox, http: httpx.Client) -> None:
    number = "+14155550123"
    assert sandbox.rings(number) == 0
    created = [http.post("/dials", json=dial(toNumber=number)).json()["dialId"] for _ in range(3)]
    http.post(f"/dials/{created[0]}/hangup", json={})
    assert sandbox.rings(number) == 2
    assert sandbox.rings("14155550123") == 0


def test_reset_makes_it_new(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.remove("dev", "voices", dev("voices", "Ava"))
    sandbox.fail_next()
    http.get("/voices")
    sandbox.reset()
    assert http.post("/dials", json=dial()).status_code == 200
    assert len(sandbox.objects("dev", "voices")) == 5
    assert len(sandbox.requests()) == 1


def test_another_process_drives_it_by_its_address(sandbox: Sandbox, http: httpx.Client) -> None:
    http.post("/dials", json=dial())
    with SandboxControl(f"{sandbox.root}/") as control:
        assert (control.url, control.keys) == (sandbox.url, KEYS)
        assert control.rings("+14155550123") == 1
        control.speed(30)
        assert control.about()["speed"] == 30


def test_no_sandbox_is_a_setting_error(sandbox: Sandbox) -> None:
    with (
        SandboxControl("http://127.0.0.1:9") as control,
        pytest.raises(SettingError, match="start"),
    ):
        control.about()
    with SandboxControl(f"{sandbox.root}/api") as control, pytest.raises(UsageError):
        control.about()


def test_a_form_of_another_site_can_not_drive_it(sandbox: Sandbox) -> None:
    """A page elsewhere can send text/plain unasked, but no JSON."""
    answer = httpx.post(f"{sandbox.root}/sandbox/clock", content=b'{"advance": 5}')
    assert answer.status_code == 400
