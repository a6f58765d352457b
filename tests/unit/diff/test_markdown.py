"""The Markdown body of a review: what it shows, that prose is inert in it, and its size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_world import Page, difference, every_kind, subject, text_change

from dialform.diff import Change, Documents, Line, PresetDiff, Risk, Segment, Subject
from dialform.diff.inert import visible
from dialform.diff.markdown import MARKER, MOST, markdown, of_difference
from dialform.diff.page import page
from dialform.diff.review import Review, Reviewed, Section, Unseen
from dialform.errors import RegistryError
from dialform.presets.canonical import digest

HOSTILE = [
    *("```", "~~~~", "`", "``` ```", "</code>", "</details>", "</td></tr></table>", "<b>", "&lt;"),
    *("<!--", "-->", "<script>alert(1)</script>", "<img src=x onerror=y>", "@octocat", "#12"),
    *("owner/repo#3", "https://example.com", "www.example.com", "a@example.com", "|", "\\|", "\\"),
    *("# head", "- item", "1. one", "> quote", "[a](b)", "![a](b)", "[x]: y", ":tada:", "***"),
    *("%%{init: {}}%%", "click a href", "\u202e", "\u200b", "\x00", "\x1b[31m", "\r", "\n\n", "\t"),
    *(
        "---",
        "===",
        "GH-7",
        "d93707c0000000000000000000000000000000aa",
        "&#64;octocat",
        "]]>",
        "<?",
    ),
]
hostile_texts = st.lists(
    st.one_of(st.sampled_from(HOSTILE), st.text(max_size=3)), min_size=1, max_size=4
).map("ZQX".join)


def body_of(*differences: Any, **more: Any) -> str:
    places = tuple(Reviewed(one.after.environment, one) for one in differences)
    return markdown(Review("main", places, **more))


def structure(page: Page) -> list[str]:
    """Elements without what a rule's link leads to, which is checked apart."""
    for one in page.skeleton:
        if one.startswith("<a "):
            assert one.startswith("<a [('href', 'docs/risks.md#"), one
    return ["<a>" if one.startswith("<a ") else one for one in page.skeleton]


@settings(deadline=None, max_examples=200)
@given(st.lists(hostile_texts, min_size=1, max_size=8))
def test_nothing_that_comes_from_a_file_is_interpreted(texts: list[str]) -> None:
    """The page has exactly the elements it has with harmless texts, and shows texts as code."""
    used: list[str] = []

    def hostile() -> str:
        used.append(f"ZQX{texts[len(used) % len(texts)]}ZQX")
        return used[-1]

    def review(one: Any, text: Any) -> Review:
        place = Reviewed(
            one.after.environment,
            one,
            unseen=(Unseen(text(), text(), text()),),
            problems=(text(),),
        )
        section = Section("Guardrails", (text(),), ((text(),),))
        return Review(
            text(), (place,), idle=(text(),), sections=(section,), remarks=(text(), text())
        )

    plain = markdown(review(every_kind(lambda: "ZQX"), lambda: "ZQX"))
    body = markdown(review(every_kind(hostile), hostile))
    shown = Page(body)

    assert shown.loud == Page(plain).loud
    for found, harmless in (
        (shown, Page(plain)),
        (Page(page(body), is_html=True), Page(page(plain), is_html=True)),
    ):
        assert structure(found) == structure(harmless)
        assert "ZQX" not in found.loud
        seen = "\n".join(found.quiet)
        for text in used:
            if '"' not in text and "\\" not in text:  # which JSON writes in another way
                assert visible(text).strip() in seen


def test_what_cannot_be_seen_is_shown_as_its_number() -> None:
    change = text_change("Pay now", "Pay \u202enow\u200b\U000e0041, 家族 👨‍👩‍👧\tok" + " x" * 40)
    body = body_of(difference("dev", [changed("reminder", change)]))

    assert "+Pay <U+202E>now<U+200B><U+E0041>, 家族 👨‍👩‍👧\tok" in body


def changed(name: str, *changes: Change, content: str = "", **more: Any) -> PresetDiff:
    """A preset whose content changed; ``content`` tells two changes apart."""
    return PresetDiff(
        name, "changed", subject(name, "old"), subject(name, f"new{content}"), changes, **more
    )


TIMEOUT = Change("changed", ("call", "timeoutMinutes"), 10, 12)


def test_a_body_tells_the_tally_then_risks_then_presets_then_bindings() -> None:
    risk = Risk("opening-line", "high", (), "the opening line changed")
    voice = Change("changed", ("bindings", "voices", "warm"), {"id": "a"}, {"id": "b"}, "bindings")
    pause = Change("changed", ("deviation", "timeoutMinutes"), 3, 4, "deviation")
    prompt = Change(
        "changed",
        ("profile", "prompt", "text"),
        "Be polite.\nSay bye.",
        "Be brief.\nSay bye.",
        lines=(
            Line(
                "removed",
                (Segment("Be ", False), Segment("polite", True), Segment(".", False)),
                1,
                None,
            ),
            Line(
                "added",
                (Segment("Be ", False), Segment("brief", True), Segment(".", False)),
                None,
                1,
            ),
            Line("same", (Segment("Say bye.", False),), 2, 2),
        ),
    )
    body = body_of(
        difference("dev", [changed("reminder", TIMEOUT, prompt, voice, pause, risks=(risk,))])
    )

    assert (
        body
        == f"""\
{MARKER}

<p><b>Against <code>main</code>:</b> <code>dev</code>: 1 changed. Highest risk: 🔴 high.</p>

<h4>Risks</h4>

<table>
<tr><th>risk</th><th>rule</th><th>environments</th><th>presets</th><th></th></tr>
<tr><td>🔴 high</td><td><a href="docs/risks.md#opening-line"><code>opening-line</code></a></td>\
<td><code>dev</code></td><td><code>reminder</code></td>\
<td><code>the opening line changed</code></td></tr>
</table>

<details><summary>🔴 <code>reminder</code> changed in <code>dev</code>: \
2 changes</summary>

<table>
<tr><th></th><th>field</th><th>before</th><th>after</th></tr>
<tr><td>~</td><td><code>call.timeoutMinutes</code></td><td><code>10</code></td>\
<td><code>12</code></td></tr>
<tr><td>~</td><td><code>profile.prompt.text</code></td><td>1 line out, below</td>\
<td>1 line in</td></tr>
</table>

<p><code>profile.prompt.text</code></p>

```diff
@@ line 1 @@
-Be polite.
+Be brief.
 Say bye.
```

<p>Changed words: <del><code>polite</code></del> <ins><code>brief</code></ins></p>

</details>

<h4>Bindings and deviations</h4>

<table>
<tr><th>environment</th><th>field</th><th>before</th><th>after</th><th>presets</th></tr>
<tr><td><code>dev</code></td><td><code>deviation.timeoutMinutes</code></td><td><code>3</code></td>\
<td><code>4</code></td><td><code>reminder</code></td></tr>
<tr><td><code>dev</code></td><td><code>bindings.voices.warm</code></td><td><code>a</code></td>\
<td><code>b</code></td><td><code>reminder</code></td></tr>
</table>
"""
    )


def test_content_that_environments_get_alike_is_shown_once() -> None:
    same = [difference(name, [changed("reminder", TIMEOUT)]) for name in ("dev", "staging")]
    other = difference("prod", [changed("reminder", TIMEOUT, content="other")])
    body = body_of(*same, other)

    assert body.count("<details>") == 2
    assert "in <code>dev</code>, <code>staging</code>: 1 change" in body
    assert "<code>dev</code>, <code>staging</code>, <code>prod</code>: 1 changed." in body


def test_presets_that_change_alike_are_shown_once() -> None:
    """As after the edit of a profile that they share."""
    presets = [changed(f"p{at:03}", TIMEOUT, content=str(at)) for at in range(500)]
    presets[7] = changed("p007", Change("changed", ("call", "timeoutMinutes"), 10, 11))
    body = body_of(difference("dev", presets))

    assert body.count("<details>") == 2
    first = "<code>p000</code>, <code>p001</code>, <code>p002</code> and 496 more changed in"
    assert first in body
    assert body.count("<code>p250</code>") == 1
    assert "<summary><code>p007</code> changed in" in body


def test_a_risk_that_presets_have_alike_is_a_row() -> None:
    risk = Risk("model", "low", (), "another model")
    presets = [changed(name, TIMEOUT, content=name, risks=(risk,)) for name in ("a", "b")]
    body = body_of(*(difference(name, presets) for name in ("dev", "prod")))

    assert body.count("<code>another model</code>") == 1
    where = "<td><code>dev</code>, <code>prod</code></td><td><code>a</code>, <code>b</code></td>"
    assert where in body


def test_a_change_of_nothing_that_runs_is_one_line() -> None:
    said = "No call changes: every environment runs what it runs at <code>main</code>."
    assert body_of(difference("dev", []), idle=("draft",)) == (
        f"{MARKER}\n\n<p>{said}</p>\n\n"
        "<p>Changed in the files, and taken by no environment: <code>draft</code>.</p>\n"
    )


def test_a_new_preset_is_shown_with_what_it_says() -> None:
    documents = Documents(
        {"call": {}, "inputs": {"name": {"required": True}}},
        {"agentOverrides": {"openingLine": {"content": "Hello {{name}}.\nBye."}}},
        None,
    )
    new = Subject("lead", digest(b"lead"), opens=lambda: documents)
    body = body_of(difference("dev", [PresetDiff("lead", "added", None, new)]))

    assert "```diff\n@@ line 1 @@\n+Hello {{name}}.\n+Bye.\n```" in body
    assert "<code>inputs.name</code>" in body


def test_a_preset_that_cannot_be_read_leaves_the_rest() -> None:
    def fails() -> Documents:
        raise RegistryError("blob sha256:00 is corrupt")

    new = Subject("lead", digest(b"lead"), opens=fails)
    body = body_of(
        difference("dev", [PresetDiff("lead", "added", None, new), changed("a", TIMEOUT)])
    )

    assert "blob sha256:00 is corrupt" in body
    assert "call.timeoutMinutes" in body


def test_a_flow_is_shown_by_whoever_draws_it() -> None:
    flows = [{"nodes": [{"id": "a"}]}, {"nodes": [{"id": "b"}]}]
    sides = [
        Subject("lead", digest(str(flow).encode()), opens=lambda flow=flow: of_flow(flow))  # type: ignore[misc]
        for flow in flows
    ]
    change = Change("renamed", ("profile", "prompt", "flow", "node", "b"), "a", "b")
    one = difference("dev", [PresetDiff("lead", "changed", sides[0], sides[1], (change,))])
    seen: list[Any] = []

    def flow(before: Any, after: Any) -> str:
        seen.append([before, after])
        return "```mermaid\ngraph\n```"

    assert "```mermaid\ngraph\n```" in markdown(of_difference(one), flow=flow)
    assert flows in seen


def of_flow(flow: Any) -> Documents:
    overrides = {"defaultVersionedPrompt": {"flowDefinition": flow}}
    return Documents({}, {"agentOverrides": overrides}, None)


CJK = "请问您是本人吗?我们想确认明天上午的预约时间。" * 12


@pytest.mark.parametrize("lines", [1, 40])
def test_a_body_of_500_changed_presets_fits_and_says_what_it_left_out(lines: int) -> None:
    text = "\n".join([CJK] * lines)
    presets = [
        changed(
            f"p{at:03}",
            text_change(text, f"{text}{at}"),
            Change("changed", ("bindings", "voices", "warm"), CJK, f"{CJK}{at}", "bindings"),
            risks=(Risk("prompt-doubled", "medium", (), f"{CJK[:150]}{at}"),),
        )
        for at in range(500)
    ]
    presets[321] = changed("p321", TIMEOUT, risks=(Risk("opening", "high", (), "!"),))
    body = body_of(
        *(difference(f"environment-{at}", presets) for at in range(40)),
        idle=tuple(f"idle{at}" for at in range(2_000)),
        remarks=tuple(CJK for _ in range(50)),
        sections=tuple(Section(CJK[:50], ("a",), ((CJK,),) * 200) for _ in range(9)),
    )
    shown = Page(body)  # which fails for what is not closed

    assert 40_000 < len(body.encode()) <= MOST
    assert shown.skeleton.count("<details>") == shown.skeleton.count("</details>") > 3
    assert "changed presets are not shown here" in shown.loud
    assert "HTML page" in shown.loud
    first = body.index("<summary>")
    assert body[first:].startswith("<summary>🔴 <code>p321</code>")


@settings(deadline=None, max_examples=15)
@given(
    st.integers(1, 60),
    st.integers(0, 3_000),
    st.sampled_from(["<", "&", "`", "字", "\u202e", "@", "𠮷"]),
    st.integers(1, 200),
)
def test_a_body_fits_whatever_comes_in(presets: int, length: int, letter: str, lines: int) -> None:
    text = "\n".join([letter * (length // lines)] * lines)
    made = [
        changed(
            f"p{at:03}",
            text_change(text, f"{text}{at}"),
            Change("changed", (letter * length, at), letter * length, "b"),
            Change("changed", (letter * length,), letter * length, "b", "bindings"),
            risks=(Risk("r", "low", (), letter * length),),
        )
        for at in range(presets)
    ]
    one = difference(letter * length, made)
    place = Reviewed(
        letter * length,
        one,
        unseen=tuple(Unseen(letter * length, letter * length, "") for _ in range(presets)),
        problems=tuple(f"{letter * length}{at}" for at in range(presets)),
    )
    body = markdown(Review(letter * length, (place,), remarks=(letter * length,) * presets))

    assert len(body.encode()) <= MOST
    Page(body)


def test_one_long_prompt_is_cut_by_whole_lines_and_says_so() -> None:
    text = "\n".join(f"{at} {CJK}" for at in range(400))
    body = body_of(difference("dev", [changed("reminder", text_change(text, text + "!"))]))

    assert 15_000 < len(body.encode()) <= MOST
    assert "more lines.</p>" in body
    Page(body)


def test_a_long_line_shows_its_changed_words() -> None:
    same = Segment("word " * 500, marked=False)
    lines = (
        Line("removed", (same, Segment("polite", marked=True), same), 1, None),
        Line("added", (same, Segment("brief", marked=True), same), None, 1),
    )
    change = Change("changed", ("profile", "prompt", "text"), "x" * 61, "y", lines=lines)
    body = body_of(difference("dev", [changed("reminder", change)]))

    assert "characters…]" in body
    assert "word polite" in body
    assert len(body) < 4_000


def test_environments_that_come_and_go_are_said() -> None:
    come = Reviewed("eu", difference("eu", []), "added")
    gone = Reviewed("us", difference("us", []), "removed")
    body = markdown(Review("main", (come, gone)))

    assert "<code>eu</code>: a new environment; <code>us</code>: no environment any more" in body


@pytest.mark.parametrize("line", ["```", "  ```", "`````", "~~~", "", "</pre>", "<!-- "])
def test_a_line_ends_no_fence(line: str) -> None:
    """An unchanged line stands a space further in, where it could still end the block."""
    same = Line("same", (Segment(line, marked=False),), 1, 1)
    after = Line("added", (Segment("<img> @octocat", marked=False),), None, 2)
    change = Change("changed", ("profile", "prompt", "text"), "x" * 70, "y", lines=(same, after))
    shown = Page(body_of(difference("dev", [changed("reminder", change)])))

    assert shown.quiet[-1] == f"@@ line 1 @@\n {line}\n+<img> @octocat\n"
