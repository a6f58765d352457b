"""Requests to the sandbox: what each kind of answer becomes, and that a POST is sent once."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from dialform.api.client import Client, Created
from dialform.errors import (
    ApiError,
    Deferred,
    DialformError,
    NotSent,
    OutcomeUnknown,
    Rejected,
    SettingError,
)
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.sandbox import Sandbox

NUMBER = "+14155550123"
KEY = "sandbox-dev"


def body(number: str = NUMBER, **more: Any) -> bytes:
    """A dial of the seeded collector."""
    return json.dumps(
        {
            "callAgentId": seed_id("dev", "agents", "Collector"),
            "toNumber": number,
            "fromNumberPoolId": seed_id("dev", "number_pools", "US outbound"),
            **more,
        }
    ).encode()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client(sandbox.url, KEY, timeout=5, pause=0.01) as one:
        yield one


@pytest.fixture(params=["sync", "async"])
def create(request: pytest.FixtureRequest, sandbox: Sandbox) -> Callable[..., Created]:
    """`create_dial` and `acreate_dial`: they must not differ."""

    def sync(data: bytes, *, key: str = KEY, timeout: float = 5, **how: Any) -> Created:
        with Client(sandbox.url, key, timeout=timeout) as one:
            return one.create_dial(data, **how)

    def asynchronous(data: bytes, *, key: str = KEY, timeout: float = 5, **how: Any) -> Created:
        async def run() -> Created:
            async with Client(sandbox.url, key, timeout=timeout) as one:
                return await one.acreate_dial(data, **how)

        return asyncio.run(run())

    return sync if request.param == "sync" else asynchronous


def test_a_dial_is_created_from_exactly_the_given_bytes(
    sandbox: Sandbox, create: Callable[..., Created]
) -> None:
    odd = b'{ "toNumber" :"' + NUMBER.encode() + b'",' + body("").split(b",", 1)[0][1:]
    odd += b', "browserCall": null, "fromNumberPoolId":"'
    odd += seed_id("dev", "number_pools", "US outbound").encode() + b'" }\n'

    dial = create(odd)

    (received,) = sandbox.received()
    assert received.body == odd
    assert received.workspace == "dev"
    assert received.headers["content-type"] == "application/json"
    assert dial.dial_id == received.dial
    assert dial.session_id
    assert dial.dial_token
    assert dial.status == 200
    assert json.loads(dial.answer)["dialId"] == dial.dial_id


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_a_refusal_and_not_followed(
    sandbox: Sandbox, create: Callable[..., Created], status: int
) -> None:
    sandbox.fail_next(status=status, headers={"location": f"{sandbox.url}/dials"})
    with pytest.raises(Rejected, match="redirects") as caught:
        create(body())
    assert caught.value.status == status
    assert len(sandbox.received()) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 418, 422])
def test_a_refusal_keeps_the_words_of_the_api(
    sandbox: Sandbox, create: Callable[..., Created], status: int
) -> None:
    sandbox.fail_next(status=status, body='{"error": {"message": "toNumber: so not"}}')
    with pytest.raises(Rejected, match="toNumber: so not") as caught:
        create(body())
    assert caught.value.status == status
    assert caught.value.words == "toNumber: so not"
    assert caught.value.request == "POST /dials"
    assert caught.value.exit_code == 4
    assert sandbox.rings(NUMBER) == 0


@pytest.mark.parametrize("status", [408, 409, 425, 499, 500, 501, 502, 503, 504, 520, 599])
@pytest.mark.parametrize("after", ["received", "created"])
def test_an_answer_that_excludes_nothing_is_an_unknown_outcome(
    sandbox: Sandbox, create: Callable[..., Created], status: int, after: Any
) -> None:
    sandbox.fail_next(status=status, after=after)
    with pytest.raises(OutcomeUnknown, match="a phone may be ringing") as caught:
        create(body())
    assert caught.value.status == status
    assert caught.value.exit_code == 5
    assert sandbox.rings(NUMBER) == (after == "created")
    assert len(sandbox.received()) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({}, None), ({"retry-after": "7"}, 7.0), ({"retry-after": "soon"}, None)],
)
def test_too_many_is_deferred_for_as_long_as_the_api_says(
    sandbox: Sandbox, create: Callable[..., Created], header: dict[str, str], seconds: Any
) -> None:
    sandbox.fail_next(status=429, headers=header)
    with pytest.raises(Deferred) as caught:
        create(body())
    assert caught.value.retry_after == seconds
    assert caught.value.exit_code == 75
    assert sandbox.rings(NUMBER) == 0


@pytest.mark.parametrize("how", ["close", "reset", "cut", "not-http", "garbage"])
@pytest.mark.parametrize("after", ["received", "created"])
def test_a_lost_or_unreadable_answer_is_unknown_and_sent_once(
    sandbox: Sandbox, create: Callable[..., Created], how: Any, after: Any
) -> None:
    sandbox.fail_next(how=how, after=after)
    with pytest.raises(OutcomeUnknown):
        create(body())
    assert len(sandbox.received()) == 1
    assert sandbox.rings(NUMBER) == (after == "created")


def test_a_post_is_not_sent_again_over_a_connection_that_served_before(
    sandbox: Sandbox, client: Client
) -> None:
    for _ in range(5):
        client.create_dial(body("+14155550124"))
        sandbox.fail_next(how="close")
        with pytest.raises(OutcomeUnknown):
            client.create_dial(body())
    assert len([one for one in sandbox.received() if NUMBER.encode() in one.body]) == 5


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"dialId": ""}',
        '{"dialId": " "}',
        '{"dialId": null}',
        '{"dialId": 7}',
        '{"dialId": "a\\nb"}',
        '{"dialId": "\\ud800"}',
        '{"id": "57555c5e-5a56-49ca-8fe8-24946d2fbc3e"}',
        "[" * 100_000,
    ],
)
def test_success_without_a_readable_dial_id_is_unknown(
    sandbox: Sandbox, create: Callable[..., Created], answer: str
) -> None:
    sandbox.fail_next(status=200, body=answer, after="created")
    with pytest.raises(OutcomeUnknown, match="no dial id can be read"):
        create(body())


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_a_dial_id_is_accepted(
    sandbox: Sandbox, create: Callable[..., Created], status: int
) -> None:
    sandbox.fail_next(status=status, body='{"dialId": "d-1", "more": 1}')
    dial = create(body())
    assert (dial.dial_id, dial.session_id, dial.dial_token) == ("d-1", None, None)
    assert dial.status == status


def test_a_conflict_with_an_idempotency_key_is_the_earlier_dial(
    sandbox: Sandbox, create: Callable[..., Created]
) -> None:
    sandbox.fail_next(status=409, body='{"dialId": "d-1"}')
    assert create(body(), idempotent=True).dial_id == "d-1"
    sandbox.fail_next(status=409, body='{"message": "already in use"}')
    with pytest.raises(OutcomeUnknown, match="although the dial exists"):
        create(body(), idempotent=True)


def test_an_answer_that_does_not_come_in_time_is_unknown(
    sandbox: Sandbox, create: Callable[..., Created]
) -> None:
    sandbox.fail_next(how="delay", seconds=0.6)
    with pytest.raises(OutcomeUnknown, match="no answer came"):
        create(body(), timeout=0.2)
    assert len(sandbox.received()) == 1


def test_no_connection_is_nothing_sent(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    unreachable = [
        f"http://127.0.0.1:{port}/api",
        f"https://127.0.0.1:{port}/api",
        "http://no-such-host.test/api",
        sandbox.url.replace("http:", "https:"),  # a TLS handshake with what is no TLS server
    ]
    for url in unreachable:
        with Client(url, KEY, timeout=2) as one, pytest.raises(NotSent, match="nothing was sent"):
            one.create_dial(body())
    assert sandbox.received() == []


@pytest.mark.parametrize("status", [200, 307, 422, 429, 500])
def test_the_key_is_in_nothing_that_comes_out(sandbox: Sandbox, status: int) -> None:
    """Not even where the server sends it back in its answer."""
    key = "k3y/with+odd\"letters'"
    echo = json.dumps({"error": {"message": f"bad key {key}"}, "raw": key})
    sandbox.fail_next(status=status, body=echo, headers={"location": f"https://x.test/?k={key}"})
    with Client(sandbox.url, key) as one:
        with pytest.raises(ApiError) as caught:
            one.create_dial(body())
        shown = repr(one) + str(one)
    error = caught.value
    frames = traceback.TracebackException.from_exception(error, capture_locals=False)
    shown += "".join(frames.format()) + repr(error) + str(error.args) + str(vars(error))
    assert "bad key ***" in shown
    assert key not in shown
    assert "with+odd" not in shown
    assert error.__context__ is None


def test_the_key_is_in_no_accepted_answer(sandbox: Sandbox, client: Client) -> None:
    sandbox.fail_next(status=200, body=f'{{"dialId": "d", "dialToken": "t-o-k", "k": "{KEY}"}}')
    dial = client.create_dial(body())
    assert KEY.encode() not in dial.answer
    assert "t-o-k" not in repr(dial)


def test_an_unknown_key_says_where_to_look(sandbox: Sandbox) -> None:
    with Client(sandbox.url, "not-a-key") as one:
        with pytest.raises(Rejected, match="check the key variable") as caught:
            one.create_dial(body())
        assert caught.value.status == 401


@pytest.mark.parametrize("key", ["", " ", "a b", "key\n", "clé", "a\x00b"])
def test_a_key_that_no_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SettingError) as caught:
        Client("https://api.vogent.ai/api", key)
    assert key in ("", " ", "a b") or key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.vogent.ai/api",
        "ftp://api.vogent.ai",
        "https://",
        "https://u:p@api.vogent.ai/api",
        "https://api.vogent.ai/api?x=1",
        "https://api.vogent.ai/api#x",
        "https://api.vogent.ai:99999/api",
        "https://[::1/api",
        "https://api vogent.ai/api",
        "https://api.vogent.ai/a\npi",
        "http://api.vogent.ai/api",
        "http://8.8.8.8/api",
    ],
)
def test_a_url_that_cannot_be_right_is_a_setting_error(url: str) -> None:
    with pytest.raises(SettingError):
        Client(url, KEY)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.vogent.ai/api",
        "http://localhost:8421/api/",
        "http://127.0.0.1:8421/api",
        "http://[::1]:8421/api",
        "http://sandbox:8421/api",
        "http://10.0.0.5:8421/api",
    ],
)
def test_a_url_may_be_https_or_near(url: str) -> None:
    with Client(url, KEY) as one:
        assert one.url == url.rstrip("/")


def test_proxies_of_the_environment_are_not_asked(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Client(sandbox.url, KEY) as one:
        assert one.create_dial(body()).dial_id
    with Client(sandbox.url, KEY, trust_env=True) as one, pytest.raises(NotSent):
        one.create_dial(body())


def test_many_threads_and_tasks_share_a_client(sandbox: Sandbox) -> None:
    async def run() -> list[Created]:
        async with Client(sandbox.url, KEY) as one:
            threads = [asyncio.to_thread(one.create_dial, body()) for _ in range(8)]
            return await asyncio.gather(*threads, *(one.acreate_dial(body()) for _ in range(8)))

    dials = asyncio.run(run())
    assert len({dial.dial_id for dial in dials}) == 16
    assert sandbox.rings(NUMBER) == 16


def test_a_get_is_repeated_where_that_may_help(sandbox: Sandbox, client: Client) -> None:
    sandbox.fail_next("voices", status=503)
    sandbox.fail_next("voices", how="close")
    sandbox.fail_next("voices", status=429, headers={"retry-after": "0"})
    assert client.voices()
    assert len(sandbox.requests("voices")) == 4


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        ({"status": 403}, Rejected, 1),
        ({"status": 302}, Rejected, 1),
        ({"status": 429}, Deferred, 4),
        ({"status": 500}, ApiError, 4),
        ({"how": "cut"}, ApiError, 4),
        ({"how": "garbage"}, ApiError, 1),
        ({"status": 200, "body": '{"data": []}'}, ApiError, 1),
        ({"status": 200, "body": '{"voices": [{"name": "no id"}]}'}, ApiError, 1),
        ({"status": 200, "body": '{"voices": [], "cursor": "again"}'}, ApiError, 2),
        ({"status": 200, "body": '{"voices": [], "cursor": 7}'}, ApiError, 1),
    ],
)
def test_a_get_that_fails_says_nothing_of_ringing(
    sandbox: Sandbox,
    client: Client,
    fault: dict[str, Any],
    error: type[ApiError],
    requests: int,
) -> None:
    sandbox.fail_next("voices", times=9, **fault)
    with pytest.raises(error) as caught:
        client.voices()
    assert type(caught.value) is error
    assert "ring" not in str(caught.value)
    assert len(sandbox.requests("voices")) == requests


def test_a_get_without_a_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", KEY, pause=0.001) as one:
        with pytest.raises(NotSent, match="check the URL"):
            one.agents()
        with pytest.raises(NotSent):
            one.hangup("d")


def test_hanging_up_is_not_repeated(sandbox: Sandbox, client: Client) -> None:
    dial = client.create_dial(body())
    sandbox.fail_next("hangup", status=500)
    with pytest.raises(ApiError):
        client.hangup(dial.dial_id)
    assert len(sandbox.requests("hangup")) == 1
    client.hangup(dial.dial_id)
    assert client.dial(dial.dial_id).status == "canceled"
    with pytest.raises(Rejected) as caught:
        client.hangup("no/such?dial")
    assert caught.value.status == 404


@pytest.mark.parametrize("dial_id", ["", ".", "..", "a\nb", "\ud800"])
def test_what_can_not_be_an_id_is_not_asked_for(client: Client, dial_id: str) -> None:
    with pytest.raises(DialformError):
        client.dial(dial_id)


def test_the_apis_time_is_that_of_its_answer(client: Client, sandbox: Sandbox) -> None:
    found = client.date()
    assert found is not None
    assert abs(found - time.time()) < 5
    (asked,) = sandbox.requests("agents")
    assert asked.status == 200
    with Client(sandbox.url, "wrong-key") as stranger, pytest.raises(Rejected) as refused:
        stranger.date()
    assert refused.value.status == 401
