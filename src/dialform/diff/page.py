"""
A review's body as a page: the whole of it, for what a comment has no room for.

Pure. The body is made of HTML blocks and fences alone; the fences become ``<pre>``. The page
loads nothing.
"""

from __future__ import annotations

import html
import re
from typing import Any

from dialform.diff.flow_svg import STYLE, flow_svg
from dialform.diff.flow_text import flow_text
from dialform.diff.flows import flow_graph

_FENCE = re.compile(
    r"^(?P<marks>`{3,})(?P<kind>\w+)\n(?P<text>.*?)\n(?P=marks)$", re.MULTILINE | re.DOTALL
)
_COLOURS = {"+": "ins", "-": "del"}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dialform review</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 70rem; margin: 0 auto; padding: 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top; }}
code, pre {{ font: .9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }}
pre {{ border: 1px solid #8886; padding: .5rem; white-space: pre-wrap; }}
ins, del {{ text-decoration: none; }}
pre ins, p ins {{ background: #2da44e33; }}
pre del, p del {{ background: #cf222e33; }}
details {{ border-top: 1px solid #8886; padding: .5rem 0; }}
summary {{ cursor: pointer; }}
figure {{ margin: .5rem 0; overflow-x: auto; }}
figure .flow {{ min-width: 44rem; }}
{style}</style>
</head>
<body>
<h1>Review</h1>
{body}</body>
</html>
"""


def page(body: str) -> str:
    """The page of a body that `markdown` made."""
    return _PAGE.format(body=_FENCE.sub(_block, body), style=STYLE)


def flow_figure(before: Any, after: Any) -> str:
    """The picture of two ``flowDefinition`` objects, and the same in words."""
    graph = flow_graph(before, after)
    told = html.escape(flow_text(graph)).replace("`", "&#96;")  # no line of it begins a fence
    picture = flow_svg(graph, "the flow, before and after")
    return (
        f"<figure>{picture}</figure>"
        f"<details><summary>The flow in words</summary><pre>{told}</pre></details>"
    )


def _block(found: re.Match[str]) -> str:
    lines = [_line(line, found["kind"]) for line in found["text"].split("\n")]
    return "<pre>" + "\n".join(lines) + "</pre>"


def _line(line: str, kind: str) -> str:
    element = _COLOURS.get(line[:1]) if kind == "diff" else None
    text = html.escape(line)
    return f"<{element}>{text}</{element}>" if element else text
