"""
Reading what the API says: JSON, the message in an error body, and keeping the key out of it.

Pure, and wary: an error body has no documented shape, and a server may send back what it got.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

UNREADABLE = object()
"""What `parsed` gives for text that is no JSON."""


def parsed(data: bytes | str) -> Any:
    """The JSON value, or `UNREADABLE`: an error's cause would hold the whole text."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return UNREADABLE


def said(text: str) -> str:
    """The message in an error body, whatever its shape; empty where none is found."""
    found = parsed(text)
    return "; ".join(dict.fromkeys(_messages(found)))


def _messages(found: Any) -> list[str]:
    match found:
        case str():
            return [found] if found.strip() else []
        case list():
            return [message for one in found[:50] for message in _messages(one)]
        case dict():
            own = [
                message
                for name in ("message", "error", "errors", "detail", "msg", "error_description")
                if name in found
                for message in _messages(found[name])
            ]
            places = (found.get(name) for name in ("field", "path", "loc"))
            place = next((one for one in places if one is not None), None)
            if place is not None and own:
                dotted = ".".join(map(str, place)) if isinstance(place, list) else str(place)
                return [own[0] if dotted in own[0] else f"{dotted}: {own[0]}", *own[1:]]
            return own
        case _:
            return []


def scrub(text: str, key: str) -> str:
    """``text`` without the key, however it may be escaped."""
    for form in sorted({key, json.dumps(key)[1:-1], quote(key, safe="")}, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def printable(text: str) -> str:
    """One line that a terminal can show: no control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
