"""The board in a real Chromium: what people and their tools meet there."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_core_python
import pytest
from board_world import HOSTILE
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from dialform.board import Board, Tile, page
from dialform.board.model import Mark
from dialform.presets.documents import BOUND_FORMAT
from dialform.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver.chrome.webdriver import WebDriver

WIDE, PHONE = (1200, 800), (360, 740)
OPENED = ("", "#prod/collections", "#dev/lead", "#prod/lead")


@cache
def axe() -> str:
    return (Path(axe_core_python.__path__[0]) / "axe.min.js").read_text(encoding="utf-8")


def show(  # noqa: PLR0913 - what people set in their browsers
    browser: WebDriver,
    board: Path,
    fragment: str = "",
    *,
    scheme: str = "light",
    size: tuple[int, int] = WIDE,
    scripts: bool = True,
) -> None:
    """Open the page anew, as somebody with these settings has it."""
    media = {"media": "", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.get("about:blank")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(board.as_uri() + fragment)


def unfold(browser: WebDriver) -> None:
    """Open everything in the dialog."""
    browser.execute_script(
        "document.querySelectorAll('dialog details').forEach((one) => { one.open = true })"
    )
    count = "return document.querySelectorAll('dialog details:not(:has(.text))').length"
    until(lambda: browser.execute_script(count) == 0)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it never came so"
        time.sleep(0.02)


def contrast(browser: WebDriver, selector: str) -> tuple[str, str]:
    script = "const s = getComputedStyle(document.querySelector(arguments[0]));"
    found: list[str] = browser.execute_script(
        f"{script} return [s.color, s.backgroundColor]", selector
    )
    return found[0], found[1]


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", WIDE), ("dark", WIDE), ("light", PHONE)],
    ids=["light", "dark", "phone"],
)
@pytest.mark.parametrize("fragment", OPENED)
def test_axe_finds_nothing(
    browser: WebDriver, board: Path, fragment: str, scheme: str, size: tuple[int, int]
) -> None:
    show(browser, board, fragment, scheme=scheme, size=size)
    if fragment:
        unfold(browser)
    browser.execute_script(axe())
    found: dict[str, Any] = browser.execute_async_script("axe.run().then(arguments[0])")

    said = [
        (one["id"], [(node["target"], node["failureSummary"]) for node in one["nodes"]])
        for one in found["violations"]
    ]
    assert said == [], json.dumps(said, indent=1)
    assert len(found["passes"]) > 15


LOOK = """
const done = arguments[1];
const picture = new Image();
picture.onload = () => {
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
  const light = data.filter((_, at) => at % 4 === 1);
  light.sort();
  done([0.02, 0.5, 0.98].map((share) => light[Math.floor(light.length * share)]));
};
picture.src = `data:image/png;base64,${arguments[0]}`;
"""


def seen(browser: WebDriver) -> tuple[int, int, int]:
    """How light a screenshot is, 0 to 255: its dark parts, most of it, its light parts."""
    picture = browser.get_screenshot_as_base64()
    browser.get("about:blank")
    dark, most, light = browser.execute_async_script(LOOK, picture)
    return dark, most, light


@pytest.mark.parametrize("fragment", ["#prod/collections", "#dev/lead"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_screenshot_is_dark_in_the_dark_and_light_in_the_light(
    browser: WebDriver, board: Path, fragment: str, size: tuple[int, int]
) -> None:
    show(browser, board, fragment, size=size)
    unfold(browser)
    dark, most, _ = seen(browser)
    assert dark < 150  # something is written there
    assert most > 230

    show(browser, board, fragment, scheme="dark", size=size)
    unfold(browser)
    _, most, light = seen(browser)
    assert most < 45
    assert light > 100


@pytest.mark.parametrize("fragment", OPENED)
def test_a_phone_never_scrolls_sideways(browser: WebDriver, board: Path, fragment: str) -> None:
    show(browser, board, fragment, size=PHONE)
    if fragment:
        unfold(browser)

    wide = "return [document.documentElement, document.querySelector('dialog')]"
    for over in browser.execute_script(f"{wide}.map((one) => one.scrollWidth - one.clientWidth)"):
        assert over <= 0


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_many_environments_and_long_names_fit(
    browser: WebDriver, tmp_path: Path, size: tuple[int, int]
) -> None:
    environments = tuple(f"environment-with-a-long-name-{at}" for at in range(9))
    presets = ("a" * 60, "b-" * 30)
    board = Board(datetime(2026, 11, 23, tzinfo=UTC), environments, presets)
    marks = (Mark("good", "live"), Mark("look", "waits for soak, approvals"))
    for preset in presets:
        for one in environments[1:]:
            tile = Tile(one, preset, 12, "3 h", marks, (("State", "x" * 300),), (), ())
            board.tiles[preset, one] = tile
    (tmp_path / "board.html").write_text(page(board), encoding="utf-8")
    show(browser, tmp_path / "board.html", size=size)

    over = "const one = document.documentElement; return one.scrollWidth - one.clientWidth"
    assert browser.execute_script(over) <= 0
    browser.execute_script(axe())
    found = browser.execute_async_script("axe.run().then(arguments[0])")
    assert [one["id"] for one in found["violations"]] == []
    inside = """
    return [...document.querySelectorAll("td")].every((cell) => {
      const outer = cell.getBoundingClientRect();
      const inner = cell.querySelector(".place").getBoundingClientRect();
      return inner.top >= outer.top && inner.bottom <= outer.bottom;
    });
    """
    assert size == WIDE or browser.execute_script(inside)


def test_the_flow_scrolls_in_its_own_box_on_a_phone(browser: WebDriver, board: Path) -> None:
    show(browser, board, "#dev/lead", size=PHONE)
    unfold(browser)
    box = browser.find_element(By.CSS_SELECTOR, "dialog .picture")

    assert browser.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", box)
    assert len(box.find_elements(By.CSS_SELECTOR, "svg .box")) > 10


def test_the_keyboard_opens_a_cell_and_comes_back_to_it(browser: WebDriver, board: Path) -> None:
    show(browser, board)
    body = browser.find_element(By.TAG_NAME, "body")
    for _ in range(20):
        body.send_keys(Keys.TAB)
        at = browser.switch_to.active_element
        if at.get_attribute("href") is not None:
            break
    assert str(at.get_attribute("href")).endswith("#dev/collections")
    assert at.value_of_css_property("outline-style") == "solid"
    at.send_keys(Keys.ENTER)
    dialog = browser.find_element(By.TAG_NAME, "dialog")
    until(dialog.is_displayed)

    assert browser.switch_to.active_element.text == "collections in dev"
    assert dialog.accessible_name == "collections in dev"

    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(lambda: not dialog.is_displayed())

    assert browser.switch_to.active_element == at
    assert "#" not in browser.current_url


def test_a_cell_holds_diff_history_flow_script_and_request(browser: WebDriver, board: Path) -> None:
    show(browser, board, "#prod/collections")
    unfold(browser)
    titles = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "dialog summary")]
    text = browser.find_element(By.TAG_NAME, "dialog").text

    assert titles == ["Diff: prod → staging", "History", "Script", "Request"]
    assert "[-respectful-]" in text  # the diff
    assert "{+brief+}" in text
    assert "staging release version 1 → 2 by anna" in text  # the history
    assert "You are calling [name?]" in text  # the script
    assert '"toNumber": "<the number that is called>"' in text  # the request
    assert "behind staging by 1" in text
    assert "of 30 min" in text  # the gate

    show(browser, board, "#dev/lead")
    titles = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "dialog summary")]
    assert titles == ["History", "Flow", "Script", "Request"]


@pytest.mark.parametrize("preset", ["collections", "lead", "reminder"])
def test_the_request_is_the_exact_one(browser: WebDriver, board: Path, preset: str) -> None:
    show(browser, board, f"#prod/{preset}")
    unfold(browser)
    pre = browser.find_elements(By.CSS_SELECTOR, "dialog pre")[-1]
    head, _, text = str(pre.get_attribute("textContent")).partition("\n\n")
    body = json.loads(text)

    registry = Registry.open(".dialform/registry", base=board.parent)
    entry = registry.head("prod", preset)
    assert entry is not None
    bound = registry.read_document(entry.bound_digest, BOUND_FORMAT)
    inputs = body.pop("callAgentInput")
    assert body.pop("toNumber") == "<the number that is called>"
    assert body.pop("fromNumberId").startswith("<one of ")
    assert body == bound["body"]
    assert set(inputs) == set(bound["inputs"])
    assert head == f"POST {bound['workspace']}/dials"


def test_a_sensitive_input_is_a_placeholder(browser: WebDriver, board: Path) -> None:
    show(browser, board, "#dev/collections")
    unfold(browser)

    assert (
        '"postalCode": "<postalCode: string>"' in browser.find_element(By.TAG_NAME, "dialog").text
    )


def test_what_a_preset_says_stays_text(browser: WebDriver, board: Path) -> None:
    for fragment in ("#dev/reminder", "#prod/lead"):
        show(browser, board, fragment)  # an alert would fail the next command
        unfold(browser)
        assert HOSTILE in browser.find_element(By.TAG_NAME, "dialog").text
        assert browser.find_elements(By.TAG_NAME, "img") == []
        assert len(browser.find_elements(By.TAG_NAME, "script")) == 1


def test_no_other_script_would_run(browser: WebDriver, board: Path, tmp_path: Path) -> None:
    """Should escaping ever fail, the page's policy stands behind it."""
    worse = tmp_path / "worse.html"
    text = board.read_text(encoding="utf-8")
    worse.write_text(
        text.replace("<main>", "<main><script>document.title = 'run'</script>"), encoding="utf-8"
    )
    show(browser, worse)
    assert browser.title != "run"
    assert any("Content Security Policy" in one["message"] for one in logs(browser))


def logs(browser: WebDriver) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return found


def test_nothing_is_loaded_and_nothing_goes_wrong(browser: WebDriver, board: Path) -> None:
    show(browser, board, "#dev/lead")
    logs(browser)
    show(browser, board, "#dev/lead")
    unfold(browser)

    assert logs(browser) == []
    names = "return performance.getEntriesByType('resource').map((one) => one.name)"
    assert browser.execute_script(names) == []


def test_the_filter_leaves_what_it_names(browser: WebDriver, board: Path) -> None:
    show(browser, board)
    field = browser.find_element(By.ID, "filter")

    def shown() -> list[str]:
        names = browser.find_elements(By.CSS_SELECTOR, "tbody th")
        return [one.text for one in names if one.is_displayed()]

    assert shown() == ["collections", "lead", "reminder"]

    field.send_keys("LEA")
    assert shown() == ["lead"]
    assert browser.find_element(By.TAG_NAME, "output").text == "1 of 3"

    field.clear()
    field.send_keys("nothing like it")
    assert shown() == []
    field.clear()
    chip = browser.find_element(By.CSS_SELECTOR, "[data-words=held]")
    chip.click()
    assert shown() == ["lead"]
    assert chip.get_attribute("aria-pressed") == "true"
    chip.click()
    assert len(shown()) == 3


def test_it_can_be_read_without_scripts(browser: WebDriver, board: Path) -> None:
    show(browser, board, "#prod/collections", scripts=False)
    section = browser.find_element(By.CSS_SELECTOR, "section:target")
    assert section.is_displayed()
    assert "behind staging by 1" in section.text
    assert not browser.find_element(By.ID, "filter").is_displayed()

    section.find_element(By.LINK_TEXT, "Request").click()
    wait = WebDriverWait(browser, 10)
    wait.until(lambda _: "#text-" in browser.current_url)
    request = browser.find_element(By.CSS_SELECTOR, "section:target")
    assert '"callAgentId"' in request.text

    request.find_element(By.LINK_TEXT, "Part of a request").click()
    part = browser.find_element(By.CSS_SELECTOR, "section:target")
    assert part.id != request.id
    assert "Part of a request" in part.text


def test_paper_shows_the_table_and_what_is_open(browser: WebDriver, board: Path) -> None:
    show(browser, board, "#prod/collections", scheme="dark")
    browser.execute_cdp_cmd("Page.printToPDF", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})

    assert contrast(browser, ".tile")[0] == "rgb(30, 31, 28)"  # dark on white, whatever the screen
    assert not browser.find_element(By.CSS_SELECTOR, ".tools").is_displayed()
    assert not browser.find_element(By.TAG_NAME, "dialog").is_displayed()
    paper, table = (browser.find_element(By.CSS_SELECTOR, one) for one in (".paper", "table"))
    assert paper.rect["y"] >= table.rect["y"] + table.rect["height"]
    assert "behind staging by 1" in paper.text
    assert "{+brief+}" in paper.text
