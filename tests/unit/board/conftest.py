"""Fixtures: one browser and one board for the tests of the page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from board_world import World
from selenium import webdriver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """A real Chromium, without a window."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.fail("these tests need a browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    service = webdriver.ChromeService(str(DRIVER))
    started = webdriver.Chrome(options=options, service=service)
    yield started
    started.quit()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that the real command writes in a checkout."""
    root = tmp_path_factory.mktemp("board")
    World(root)
    subprocess.run(
        [sys.executable, "-m", "dialform", "board", "-o", "board.html"],
        cwd=root,
        check=True,
        timeout=60,
    )
    return root / "board.html"
