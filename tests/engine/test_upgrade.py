"""An upgrade of dialform, of Python or of the SDK changes no resource."""

from __future__ import annotations

import base64
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT
from pulumi.dynamic.dynamic import serialize_provider

from dialform import providers, resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project

GOLDEN = CHECKOUT / "tests/golden/providers.json"


def serialised() -> dict[str, dict[str, str]]:
    """Each resource's type and its provider, as Pulumi's state has them."""
    found = {}
    for name in sorted(set(resources.__all__) - {"BindingArgs", "MemberArgs"}):
        provider = getattr(providers, f"{name}Provider")()
        pickled = base64.b64decode(serialize_provider(provider))
        kind = getattr(resources, name)
        found[name] = {
            "type": f"pulumi-python:{kind._resource_type_name}",
            "provider": pickled.decode("latin-1"),
        }
    return found


def test_providers_are_stored_as_ever() -> None:
    """The state format; rewrite it with DIALFORM_REWRITE_GOLDEN=1 only to break states."""
    if os.environ.get("DIALFORM_REWRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(serialised(), indent=2) + "\n", encoding="utf-8")
    assert serialised() == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_state_holds_the_golden_form(released: Project) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    by_type = {one["type"]: one["provider"] for one in golden.values()}
    seen = set()
    for resource in released.state():
        if "__provider" in resource.get("inputs", {}):
            stored = base64.b64decode(resource["inputs"]["__provider"]).decode("latin-1")
            assert stored == by_type[resource["type"]]
            seen.add(resource["type"])
    assert seen == set(by_type)


@pytest.fixture(scope="module")
def released(make_project: Callable[[], Project]) -> Project:
    project = make_project()
    project.declare("dev")
    project.init("dev")
    project.up()
    return project


def test_changed_code_changes_nothing(released: Project, tmp_path: Path) -> None:
    """Another dialform, first on the path: other code in every provider, same resources."""
    package = tmp_path / "dialform"
    shutil.copytree(
        CHECKOUT / "src/dialform", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    module = package / "providers.py"
    text = module.read_text(encoding="utf-8")
    changed = text.replace(
        "class _Provider(ResourceProvider):\n",
        'class _Provider(ResourceProvider):\n    added_later = "by an upgrade"\n\n',
    )
    assert changed != text
    module.write_text(f"{changed}\n\nADDED_LATER = True\n", encoding="utf-8")
    released.pulumi("preview", "-s", "dev", "--expect-no-changes", PYTHONPATH=str(tmp_path))
