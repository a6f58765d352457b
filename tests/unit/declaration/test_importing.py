"""`dialform import`: what is sent today, as files that give it back byte for byte."""

from __future__ import annotations

import json
import shutil
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from dialform.cli.main import main
from dialform.declaration import Project
from dialform.launcher import assembled
from dialform.presets.canonical import canonical

PAGE = Path(__file__).parent / "page_body.json"
"""Every field of the API's page, with nulls, unknown fields and awkward texts."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `dialform init` writes it."""
    folder = tmp_path_factory.mktemp("init") / "calls"
    assert main(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, with the working directory inside."""
    folder = tmp_path / "calls"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    return folder


def files(project: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def request(project: Path, name: str, body: dict[str, Any]) -> bytes:
    """The request made from the imported files, for the body's person."""
    bound = Project(project).environment("dev").bound(name)
    inputs = body.get("callAgentInput") or {}
    return assembled(bound, to=body.get("toNumber"), inputs=inputs, partial=True).body


def test_every_field_of_the_page_comes_back(project: Path) -> None:
    assert main(["import", str(PAGE), "-s", "dev", "--name", "page"]) == 0
    body = json.loads(PAGE.read_text(encoding="utf-8"))
    assert request(project, "page", body) == canonical(body)
    assert main(["validate"]) == 0


def test_comments_and_order_of_the_environment_stay(project: Path) -> None:
    before = (project / "stacks/dev.toml").read_text(encoding="utf-8").splitlines()
    assert main(["import", str(PAGE), "-s", "dev", "--name", "page"]) == 0
    after = (project / "stacks/dev.toml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line in before and line] == [line for line in before if line]


def test_equal_ids_are_bound_once(project: Path, tmp_path: Path) -> None:
    """The agent that the environment binds already keeps its name."""
    body = {"callAgentId": "3b0566bc-0fe3-583e-a9bd-889e0a8501d1", "toNumber": "+14155550123"}
    (tmp_path / "b.json").write_text(json.dumps(body), encoding="utf-8")
    assert main(["import", str(tmp_path / "b.json"), "-s", "dev"]) == 0
    assert 'agent = "reminder"' in (project / "stacks/presets/b.toml").read_text(encoding="utf-8")
    assert not (project / "stacks/profiles/b.toml").exists()
    assert request(project, "b", body) == canonical(body)


def test_no_persons_value_is_written(project: Path, tmp_path: Path) -> None:
    body = {"callAgentId": "a", "toNumber": "+14155550177", "callAgentInput": {"who": "Zebulon"}}
    (tmp_path / "b.json").write_text(json.dumps(body), encoding="utf-8")
    assert main(["import", str(tmp_path / "b.json"), "-s", "dev"]) == 0
    said = b"".join(files(project).values())
    assert b"Zebulon" not in said
    assert b"+14155550177" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "must be the object"),
        ("{", "is not JSON"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"callAgentId": "a", "x": 9007199254740993}', "canonical"),
        ('{"callAgentId": "a", "x": NaN}', "NaN"),
        ("\ud800", "can't be read"),
    ],
)
def test_what_is_no_body_is_one_clear_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    before = files(project)
    name = tmp_path / "b.json"
    if text.isascii():
        name.write_text(text, encoding="utf-8")
    assert main(["import", str(name), "-s", "dev"]) == 1
    assert words in capsys.readouterr().err
    assert files(project) == before


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"callAgentId": "a", "callAgentInput": {"first name": "A"}}, "callAgentInput"),
        ({"callAgentId": "<string>"}, "placeholder"),
        ({"callAgentId": "a", "toNumber": "12"}, "toNumber"),
        ({"toNumber": "+14155550123"}, "agent"),
    ],
)
def test_what_cannot_be_kept_is_listed_and_nothing_written(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    body: dict[str, Any],
    path: str,
) -> None:
    (tmp_path / "b.json").write_text(json.dumps(body), encoding="utf-8")
    before = files(project)
    assert main(["import", str(tmp_path / "b.json"), "-s", "dev"]) == 1
    said = capsys.readouterr()
    assert path in said.out
    assert "nothing was written" in said.err
    assert files(project) == before


def test_nothing_is_overwritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(PAGE), "-s", "dev", "--name", "page"]) == 0
    before = files(project)
    assert main(["import", str(PAGE), "-s", "dev", "--name", "page"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert files(project) == before


def test_body_from_a_pipe(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dialform", "import", "-", "-s", "dev", "--name", "piped"],
        input=PAGE.read_bytes(),
        cwd=project,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"byte for byte" in done.stderr


IDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}<"), max_size=80)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | WORDS
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.lists(st.fixed_dictionaries({"optionId": IDS, "value": WORDS}), max_size=3)
PROMPT = st.fixed_dictionaries(
    {"aiModelId": IDS, "agentType": st.just("STANDARD"), "name": WORDS, "prompt": WORDS},
    optional={"modelOptionValues": OPTIONS, "brandNew": VALUES},
)
OVERRIDES = st.fixed_dictionaries(
    {},
    optional={
        "defaultVoiceId": IDS,
        "defaultVersionedPrompt": PROMPT,
        "openingLine": st.none()
        | st.fixed_dictionaries({"lineType": st.just("NONE"), "content": WORDS}),
        "metadata": st.dictionaries(WORDS, VALUES, max_size=3),
        "language": WORDS,
        "voiceVolumeLevel": st.integers(-400, 400),
        "ivrConfiguration": st.fixed_dictionaries(
            {"detectionType": st.just("STANDARD")},
            optional={"versionedPrompt": PROMPT, "aiVoiceId": st.none() | IDS, "odd": VALUES},
        ),
        "linkedFunctionDefinitionInputs": st.lists(
            st.fixed_dictionaries(
                {"functionDefinitionId": IDS},
                optional={"lifecycleMessagesOverride": st.none()},
            ),
            max_size=2,
        ),
        "notOnThePage": VALUES,
    },
)
BODIES = st.fixed_dictionaries(
    {"callAgentId": IDS, "toNumber": st.just("+14155550123")},
    optional={
        "webhookUrl": st.none() | st.just("https://hooks.example.com/x"),
        "browserCall": st.sampled_from([None, False]),
        "fromNumberId": st.none() | IDS,
        "fromNumberPoolId": st.none() | IDS,
        "aiVoiceId": st.none() | IDS,
        "voiceOptionValues": OPTIONS,
        "keywords": st.none() | st.lists(WORDS, max_size=2),
        "timeoutMinutes": st.integers(-1, 20),
        "callAgentInput": st.none() | st.just({}) | st.dictionaries(IDS, VALUES, max_size=2),
        "agentOverrides": OVERRIDES,
        "new": VALUES,
    },
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODIES)
def test_any_body_comes_back_or_nothing_is_written(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    (tmp_path / "body.json").write_text(json.dumps(body), encoding="utf-8")
    before = files(folder)
    code = main(["import", str(tmp_path / "body.json"), "-s", "dev"])
    event(f"exit code {code}")
    if code == 0:
        assert request(folder, "body", body) == canonical(body)
    else:
        assert code == 1
        assert files(folder) == before
