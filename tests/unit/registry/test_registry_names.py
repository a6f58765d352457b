"""Names that become paths, and URLs that become folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.errors import SettingError, UsageError
from dialform.registry import Registry, check_name, name_fault
from dialform.registry.location import Bucket, bucket_of, folder_of, is_inside
from dialform.registry.names import log_prefix, number_of

GOOD = ["prod", "dev-anna", "us.outbound", "7", "a_b", "a" * 63, "console", "com10", "a..b"]
BAD = [
    "", ".", "..", "../prod", "a/b", "a\\b", "/prod", ".hidden", "-s", "_a", "Prod", "prod ",
    "pröd", "a" * 64, "a\0", "a\n", "con", "nul", "aux.old", "com1", "lpt9", "a.", "a:b", "%2e",
]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_plain_names_are_taken(name: str) -> None:
    assert name_fault(name) is None
    assert check_name(name) == name


@pytest.mark.parametrize("name", BAD)
def test_names_that_no_path_should_have_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"preset .*: a name"):
        check_name(name, "preset")


@given(st.text())
def test_a_taken_name_stays_one_folder_on_every_disk(name: str) -> None:
    """No traversal, and nothing that a case-folding disk takes for another name."""
    if name_fault(name) is None:
        assert Path("x", name).parts == ("x", name)
        assert name == name.casefold() == name.strip().rstrip(".")


@pytest.mark.parametrize("name", [None, 7, b"prod", ["prod"]])
def test_what_is_no_text_is_no_name(name: object) -> None:
    assert name_fault(name) is not None


@pytest.mark.parametrize(("environment", "preset"), [("..", "a"), ("a", ".."), ("a/b", "c")])
def test_no_key_is_made_of_a_bad_name(environment: str, preset: str) -> None:
    with pytest.raises(UsageError):
        log_prefix(environment, preset)


@pytest.mark.parametrize(
    ("name", "number"),
    [("1.json", 1), ("120.json", 120), ("0.json", None), ("01.json", None), ("1.JSON", None),
     ("-1.json", None), ("1.json~", None), ("1 (2).json", None), ("1", None),
     ("\u0661.json", None)],
)  # fmt: skip
def test_only_plain_numbers_number_objects(name: str, number: int | None) -> None:
    assert number_of(name) == number


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("registry", "/project/registry"),
        ("./registry/", "/project/registry"),
        ("../shared", "/shared"),
        ("/mnt/team", "/mnt/team"),
        ("file:///mnt/team", "/mnt/team"),
        ("file:///mnt/our%20team", "/mnt/our team"),
        ("file://localhost/mnt/team", "/mnt/team"),
        ("~/calls", str(Path("~/calls").expanduser())),
    ],
)
def test_urls_of_folders(url: str, path: str) -> None:
    assert folder_of(url, "/project") == path


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://bucket", Bucket("s3", "bucket", "")),
        ("S3://bucket/", Bucket("s3", "bucket", "")),
        ("gs://team.example.com/a/b_1/", Bucket("gs", "team.example.com", "a/b_1")),
        ("az://container/calls", Bucket("az", "container", "calls")),
        ("registry", None),
        ("file:///mnt/team", None),
    ],
)
def test_urls_of_buckets(url: str, bucket: Bucket | None) -> None:
    assert bucket_of(url) == bucket


@pytest.mark.parametrize(
    "url",
    [
        *("s3://", "s3://x", "gs:///path", "az://c//x", "s3://bucket/../x", "s3://bucket/.x"),
        *("s3://key:secret@bucket/x", "s3://bucket/x?versionId=secret", "s3://bucket/a b"),
    ],
)
def test_what_is_no_buckets_url_is_refused_and_not_said_again(url: str, project: Path) -> None:
    with pytest.raises(SettingError, match="come from the environment") as caught:
        Registry.open(url, base=project)
    assert "secret" not in str(caught.value)


def test_opening_a_bucket_connects_to_nothing_and_loads_nothing(project: Path) -> None:
    code = (
        "import sys; from dialform.registry import Registry; "
        "Registry.open('s3://some-bucket/x', base='.'); print('obstore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert list(project.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["", "  ", "http://x/y", "file://host/x", "file:relative://", "a\0b", "file:///a%00b"]
)
def test_other_urls_are_refused(url: str, project: Path) -> None:
    if url == "file:relative://":
        url = "file://relative"
    with pytest.raises(SettingError, match="registry URL"):
        Registry.open(url, base=project)


def test_a_link_out_of_the_project_leads_outside(tmp_path: Path) -> None:
    """What decides whether a registry may be created is where it really lies."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / "link").symlink_to(outside)
    assert is_inside(str(project / "registry"), project)
    assert not is_inside(str(project / "link" / "registry"), project)
    assert not is_inside(str(project), project)
    assert not is_inside(str(tmp_path / "project-2"), project)
