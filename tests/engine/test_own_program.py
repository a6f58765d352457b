"""A Pulumi program of the user's own, on the resources alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.presets.canonical import canonical, digest
from dialform.presets.documents import preset_document
from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

PROGRAM = """
import pulumi
from dialform.resources import DialPreset, Voice

where = dict(workspace={url!r}, keyvar="VOGENT_API_KEY_DEV", witness={agent!r})
voice = Voice("warm", binding="warm", voice_id={voice!r}, voice_name="Ava", **where)
preset = DialPreset(
    "plain",
    name={name!r},
    document={document!r},
    digest={digest!r},
    registry=".dialform/registry",
    opts=pulumi.ResourceOptions(depends_on=[voice]),
    **where,
)
pulumi.export("version", preset.version)
"""


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    made = make_project()
    made.init("dev")
    return made


def program(project: Project, **changes: str) -> None:
    document = canonical(preset_document({"agent": "collector"}))
    values = {
        "url": project.sandbox.url,
        "agent": seed_id("dev", "agents", "Collector"),
        "voice": seed_id("dev", "voices", "Ava"),
        "name": "plain",
        "document": document.decode(),
        "digest": digest(document),
    }
    project.write("__main__.py", PROGRAM.format(**{**values, **changes}))


def test_wrong_values_are_named_by_property_in_the_preview(project: Project) -> None:
    program(project, name="Not A Name", document='{"b": 1}')
    said = project.pulumi("preview", "-s", "dev", ok=False)
    assert "property name value" in said
    assert "'Not A Name': a name takes" in said
    assert "property document value" in said
    assert "canonical form" in said
    assert "Traceback" not in said
    assert project.state() == []


def test_resources_work_without_the_compositions(project: Project) -> None:
    program(project)
    project.up()
    assert project.pulumi("stack", "output", "version", "-s", "dev").strip() == "1"
    assert project.versions("plain") == [1]
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")
