"""Differences made by hand, and what GitHub's own Markdown parser makes of a body."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Literal

import cmarkgfm
from cmarkgfm.cmark import Options

from dialform.diff import ABSENT, Change, Difference, Line, PresetDiff, Risk, Segment, Side, Subject
from dialform.presets.canonical import Digest, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dialform.diff.model import Path

_QUIET = {"code", "pre"}
"""Elements in which GitHub looks for no mention, issue number, commit or emoji."""


class Page(HTMLParser):
    """A body as GitHub shows it: its elements, and which text stands in code."""

    def __init__(self, text: str, *, is_html: bool = False) -> None:
        """Renders Markdown as GitHub does, unless it is a page already, and parses it."""
        super().__init__()
        self.skeleton: list[str] = []
        """Each start and end of an element, with its attributes."""
        self.quiet: list[str] = []
        """The text of each code element."""
        self.loud = ""
        """All other text."""
        self._open: list[str] = []
        if not is_html:
            options = Options.CMARK_OPT_UNSAFE
            text = cmarkgfm.github_flavored_markdown_to_html(text, options=options)
        self.feed(text)
        self.close()
        assert self._open == [], self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skeleton.append(f"<{tag} {attrs}>" if attrs else f"<{tag}>")
        if tag in _QUIET and not self._is_quiet:
            self.quiet.append("")
        if tag not in ("br", "hr", "img", "meta"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.skeleton.append(f"</{tag}>")
        assert self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self._is_quiet:
            self.quiet[-1] += data
        else:
            self.loud += data

    def handle_comment(self, data: str) -> None:
        self.skeleton.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.skeleton.append(f"<!{decl}>")

    @property
    def _is_quiet(self) -> bool:
        return not _QUIET.isdisjoint(self._open)


def digest_of(content: str) -> Digest:
    return digest(content.encode())


def subject(name: str, content: str, environment: str = "dev", version: int | None = 1) -> Subject:
    """A preset as one side has it."""
    made = digest_of(content)
    return Subject(name, made, version, digest_of(environment + content), environment)


def text_change(before: str, after: str, path: Path = ("profile", "prompt", "text")) -> Change:
    """A text of which each line is another."""
    kinds: dict[Literal["removed", "added"], str] = {"removed": before, "added": after}
    lines = [
        Line(kind, (Segment(line, marked=False),), None, at)
        for kind, text in kinds.items()
        for at, line in enumerate(text.split("\n"), 1)
    ]
    return Change("changed", path, before, after, lines=tuple(lines))


def difference(environment: str, presets: Iterable[PresetDiff], before: str = "main") -> Difference:
    """Two sides of an environment, less their presets, and what is different."""
    return Difference(
        Side(before, {}, environment), Side(environment, {}, environment), tuple(presets)
    )


def every_kind(text: Callable[[], str]) -> Difference:
    """A difference with everything that can carry text from files; ``text`` gives the texts."""
    count = itertools.count()

    def named() -> str:
        return f"{next(count):03}{text()}"

    def marked_line(kind: Literal["same", "removed", "added"]) -> Line:
        segments = (Segment(named(), marked=False), Segment(named(), marked=True))
        return Line(kind, segments, 1, 1)

    long = "x" * 70
    changes = (
        Change("changed", ("call", named()), named(), named(), note=named()),
        Change("added", ("inputs", named()), ABSENT, {named(): named()}),
        Change("removed", (named(), 3), None, ABSENT),
        Change("moved", (named(),), 1, 2),
        Change("reordered", (named(),), ["a", "b"], [named(), named()]),
        Change(
            "changed",
            ("profile", named()),
            long,
            long,
            lines=(marked_line("same"), marked_line("removed"), marked_line("added")),
        ),
        Change("changed", ("bindings", named()), {"id": named(), "name": named()}, "b", "bindings"),
        Change("changed", ("deviation", named()), 3, 4, "deviation", note=named()),
    )
    risks = tuple(Risk(named(), level, (), named()) for level in ("high", "medium", "low"))
    name, old, third, fourth = named(), named(), named(), named()
    return difference(
        named(),
        [
            PresetDiff(
                name,
                "changed",
                subject(name, "1"),
                subject(name, "2"),
                changes,
                risks,
                effect=f"refused: {named()}",
            ),
            PresetDiff(third, "renamed", subject(old, "3"), subject(third, "3")),
            PresetDiff(
                fourth, "changed", subject(fourth, "4"), subject(fourth, "5"), trouble=named()
            ),
        ],
        before=named(),
    )
