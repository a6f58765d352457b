"""
Every rule, by a mistake in one file: what is said, where, and that nothing else is.

The findings stand in findings.txt. After a change of words that is meant, rewrite them with
``DIALFORM_REWRITE_GOLDEN=1 pytest tests/unit/declaration/test_rules.py`` and review the diff.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from declaration_world import FILES, edited, written

from dialform.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Mapping

FINDINGS = Path(__file__).with_name("findings.txt")
ROOT = Path(__file__).parents[3]
KEY = f"sk_live_{'a1B2' * 6}"
"""Looks like a key, and is none. No finding repeats it."""
NODE = {"id": "a", "name": "a", "type": "freeform", "nodeData": {}, "transitionRules": []}


def flow_json(**node: object) -> str:
    """A flow of one node."""
    return json.dumps({"nodes": [NODE | node]})


def gates(text: str) -> Mapping[str, str | bytes | None]:
    """Prod with these gates."""
    return edited("prod.toml", "[presets.visit]", f"[gates]\n{text}\n[presets.visit]")


def calls(text: str, **more: str) -> Mapping[str, str | bytes | None]:
    """Prod with these rules for calls, on top of dev's, and files of holidays."""
    changed = edited("prod.toml", "[presets.visit]", f"[calls]\n{text}\n[presets.visit]")
    return {**changed, **{f"holidays/{name}.toml": days for name, days in more.items()}}


PUBLIC = "ed25519:1+MiAIAfRt4DHqAekZvBZIV71y3k5pnwdM/I7WKbU9k="
WEAK = "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def keyed(text: str) -> Mapping[str, str | bytes | None]:
    """Dev with these keys in its registry's table."""
    return edited("dev.toml", "unsigned = true", text)


def campaigns(text: str) -> Mapping[str, str | bytes | None]:
    """Prod with these limits for campaigns."""
    return edited("prod.toml", "[presets.visit]", f"[campaigns]\n{text}\n[presets.visit]")


def kept(text: str) -> Mapping[str, str | bytes | None]:
    """Prod with these settings for the ledger."""
    return edited("prod.toml", "[presets.visit]", f"[ledger]\n{text}\n[presets.visit]")


HOURS = 'hours = ["09:00-17:00"]'

CASES: dict[str, Mapping[str, str | bytes | None]] = {
    "no keys, and nobody says that there are none": edited("dev.toml", ", unsigned = true", ""),
    "keys that are none": keyed(f'keys = ["ed25519:AAAA", "{WEAK}", "{PUBLIC[8:]}"]'),
    "a key twice": keyed(f'keys = ["{PUBLIC}", "{PUBLIC}"]'),
    "a threshold above the keys": keyed(f'keys = ["{PUBLIC}"], threshold = 2'),
    "a threshold without keys": keyed("unsigned = true, threshold = 1"),
    "unsigned beside keys": keyed(f'keys = ["{PUBLIC}"], unsigned = true'),
    "an empty list of keys": keyed("keys = []"),
    "no destinations": edited("dev.toml", '[calls]\ndestinations = "any"\n', ""),
    "an empty list of destinations": calls("destinations = []"),
    "destinations that are none": calls('destinations = ["US", "UK", "us", "+1 415", "+", "XX"]'),
    "any and others": calls('destinations = ["any", "US"]'),
    "an hour that is none": calls('hours = ["9-17"]'),
    "hours that end before they begin": calls('hours.mon = ["20:00-02:00"]'),
    "hours that overlap": calls('hours.mon-fri = ["09:00-12:00", "11:00-13:00"]'),
    "hours that are text": calls('hours = "09:00-17:00"'),
    "hours of no day": calls('hours.monday = ["09:00-17:00"]'),
    "hours of no hours": calls("hours.mon = []"),
    "a day twice": calls('hours = { fri = ["09:00-12:00"], mon-fri = ["09:00-17:00"] }'),
    "a day that the parent has": {
        **edited("dev.toml", "[calls]", '[calls]\nhours.mon-fri = ["09:00-17:00"]'),
        **calls('hours.fri = ["09:00-12:00"]'),
    },
    "a margin and holidays without hours": calls(
        'margin = 60\nholidays = "holidays/us.toml"', us='[US]\n2026-12-25 = "Christmas Day"'
    ),
    "a margin that leaves nothing": calls(f"margin = 600\n{HOURS}"),
    "holidays that aren't there": calls(f'holidays = "holidays/uk.toml"\n{HOURS}'),
    "holidays outside": calls(f'holidays = "../../days.toml"\n{HOURS}'),
    "holidays that can't be read": calls(
        f'holidays = "holidays/us.toml"\n{HOURS}', us="[US]\nChristmas Day = 12-25"
    ),
    "holidays of nobody, on no day, without a name": calls(
        f'holidays = "holidays/us.toml"\n{HOURS}',
        us='any = 1\n[UK]\n2026-12-25 = "Christmas Day"\n[US]\n2026-02-30 = "x"\n20261225 = "y"\n'
        '2026-01-01 = ""\n["America/New-York"]\n2026-01-01 = 1',
    ),
    "caps that are none": calls(
        "perPerson = { day = 1, 24h = 0 }\nperEnvironment = 500",
    ),
    "a rule that there isn't": calls("perDay = 500"),
    "limits that are none": campaigns("rate = 0\ninFlight = 1.5\nlive = 100001\nfailures = 5"),
    "a rate that is no number": campaigns("rate = nan"),
    "a rate without an end": campaigns("rate = inf"),
    "a rate that is text": campaigns('rate = "2/s"'),
    "a limit that there isn't": campaigns("inflight = 4\ncanary = 20"),
    "a retry for what is none": campaigns('retry.no_answer = { times = 2, after = "30m" }'),
    "a retry that is a number": campaigns("retry.busy = 3"),
    "retries that are none": campaigns(
        'retry.busy = { times = 0, after = "soon" }\nretry.failed = { times = 21 }\n'
        'retry.no-answer = { times = 1, after = "1h", most = 3 }'
    ),
    "a retention that is no time": kept('retention = "3 months"'),
    "a retention of hours": kept('retention = "23h"'),
    "a retention that is a number": kept("retention = 90\ntranscripts = 0"),
    "a retention that forgets whom a cap counts": kept(
        'retention = "2d"\n[calls]\nperPerson = { 24h = 1, 7d = 3 }'
    ),
    "a setting of the ledger that there isn't": kept('retain = "90d"'),
    "gates from nowhere": gates('from = "deb"'),
    "gates from itself": gates('from = "prod"'),
    "a soak without from": gates('soak = "2h"'),
    "dials without from": gates("dials = 50\nfailureRate = 0.05"),
    "a failure rate in percent": gates('from = "dev"\nfailureRate = 5'),
    "a soak that is no time": gates('from = "dev"\nsoak = "2 hours"'),
    "a soak that is a number": gates('from = "dev"\nsoak = 120'),
    "approvals that are a name": gates('approvals = "anna"'),
    "an approval twice": gates('approvals = ["anna", "anna"]'),
    "more approvals than people": gates('approvals = { of = ["anna"], count = 2 }'),
    "no approval of nobody": gates("approvals = []"),
    "a gate with a typing error": gates('form = "dev"'),
    "a gate with a typing error in approvals": gates('approvals = { from = ["anna"] }'),
    "a prompt's file that isn't there": edited(
        "profiles/talk.toml", "prompts/talk.md", "prompts/tlak.md"
    ),
    "a prompt's file with the folder stacks": edited(
        "profiles/talk.toml", "prompts/talk.md", "stacks/prompts/talk.md"
    ),
    "a prompt's file outside": edited("profiles/talk.toml", "prompts/talk.md", "../../x.md"),
    "a prompt's file that is empty": {"prompts/talk.md": ""},
    "a prompt's file that is blank": {"prompts/talk.md": " \n\n"},
    "a folder for a prompt": {
        "prompts/dir.md": None,
        **edited("profiles/talk.toml", "talk.md", "dir.md"),
    },
    "a byte order mark": {"prompts/talk.md": b"\xef\xbb\xbfHello {{name}} {{day}}"},
    "a byte order mark in TOML": {"presets/visit.toml": b'\xef\xbb\xbfagent = "desk"'},
    "not UTF-8": {"prompts/talk.md": b"{{name}}\n{{day}} \xff"},
    "a merge conflict": edited(
        "prompts/talk.md", "of {{day}}", "<<<<<<< HEAD\nof {{day}}\n=======\n>>>>>>> x"
    ),
    "a string without quotes": edited("presets/visit.toml", '"desk"', "desk"),
    "an open quote": edited("presets/visit.toml", '"desk"', '"desk'),
    "a list's element in single brackets": edited(
        "profiles/talk.toml",
        '[[linkedFunctionDefinitionInputs]]\nfunction = "book"',
        (
            "[[linkedFunctionDefinitionInputs]]\n"
            'function = "book"\n'
            "[linkedFunctionDefinitionInputs]\n"
            'function = "book"'
        ),
    ),
    "two tables for a list": edited(
        "profiles/talk.toml",
        '[[linkedFunctionDefinitionInputs]]\nfunction = "book"',
        (
            "[linkedFunctionDefinitionInputs]\n"
            'function = "book"\n'
            "[linkedFunctionDefinitionInputs]\n"
            'function = "book"'
        ),
    ),
    "a table for a list": edited(
        "profiles/talk.toml",
        "[[linkedFunctionDefinitionInputs]]",
        "[linkedFunctionDefinitionInputs]",
    ),
    "flow JSON that is none": {"flows/j.json": '{"nodes": [],\n}'},
    "flow JSON with a key twice": {"flows/j.json": '{"nodes": [], "nodes": []}'},
    "flow JSON that is a list": {"flows/j.json": "[]"},
    "a flow in two files": {"flows/steps.json": "{}"},
    "a bare key below a table": edited(
        "presets/visit.toml", 'default = "Tuesday"', 'default = "Tuesday"\nvoiceVolumeLevel = 3'
    ),
    "a preset's name": {"presets/My.toml": 'agent = "desk"\nnumbers = "us"\n'},
    "an unknown key": edited("presets/visit.toml", "timeoutMinutes", "timeoutMinuts"),
    "the API's name of a required key": edited("presets/visit.toml", "agent =", "callAgentId ="),
    "the API's name in a prompt": edited("profiles/house.toml", "model =", "aiModelId ="),
    "a number in a file": edited(
        "presets/visit.toml", "timeoutMinutes = 5", 'toNumber = "+14155550123"'
    ),
    "an unknown key where there are many": edited(
        "dev.toml", "[webhooks]", "[budget]\nx = 1\n[webhooks]"
    ),
    "a guardrail on a field that there isn't": {
        "guardrails/house.toml": 'required = ["timeoutMinute"]\nmax = { profile.language = 1 }\n'
    },
    "a guardrail that names what isn't bound": edited(
        "dev.toml", "[webhooks]", "[guardrails]\nvoices = ['wram']\n[webhooks]"
    ),
    "a waiver without reason and end": {
        "guardrails/house.toml": (
            "[[waivers]]\nrule = 'mx'\npreset = 'vist'\nreason = ' '\nuntil = 'soon'\n"
        )
    },
    "a waiver whose names are wrong": {
        "guardrails/house.toml": (
            "[[waivers]]\nrule = 'mx'\npreset = 'vist'\nreason = 'agreed'\nuntil = 2026-12-31\n"
        )
    },
    "null in an environment": edited("dev.toml", "[workspace]", 'null = ["voices"]\n[workspace]'),
    "a required key": edited("presets/visit.toml", 'agent = "desk"\n', ""),
    "a float for an integer": edited("presets/visit.toml", "= 5", "= 12.0"),
    "a large float for an integer": edited("profiles/house.toml", "= 480", "= 600.0"),
    "a string for an integer": edited("presets/visit.toml", "= 5", '= "5"'),
    "a number for an option": edited("profiles/house.toml", '"0.7"', "0.7"),
    "a number to compare with": edited("flows/steps.toml", '"20"', "20"),
    "a boolean to compare with": edited("flows/steps.toml", '"roof", to', "true, to"),
    "a string for a boolean": edited("presets/visit.toml", "required = true", 'required = "true"'),
    "a string for a table": edited("dev.toml", '{ id = "v-1", name = "Ava" }', '"Ava"'),
    "a string for a list": edited("presets/visit.toml", "timeoutMinutes = 5", 'keywords = "roof"'),
    "a range": edited("presets/visit.toml", "timeoutMinutes = 5", "voiceVolumeLevel = -500"),
    "an enum": edited("profiles/house.toml", "[prompt]", 'backgroundNoiseType = "hum"\n[prompt]'),
    "no members": edited(
        "dev.toml",
        FILES["dev.toml"].split("[numbers.us]\n")[1].split("[webhooks]")[0],
        "members = []\n",
    ),
    "a number's form": edited("dev.toml", "+14155550101", "(415) 555-0101"),
    "a flow with its folder": edited(
        "profiles/steps.toml", 'flow = "steps"', 'flow = "flows/steps.toml"'
    ),
    "unset as a string": edited("profiles/talk.toml", "[prompt]", 'unset = "language"\n[prompt]'),
    "null as a string": edited("profiles/talk.toml", "[prompt]", 'null = "language"\n[prompt]'),
    "unset of numbers": edited("profiles/talk.toml", "[prompt]", "unset = [1]\n[prompt]"),
    "null where none may be": edited(
        "profiles/talk.toml", "[prompt]", 'null = ["language"]\n[prompt]'
    ),
    "null of what the file sets": edited(
        "profiles/house.toml", "[prompt]", 'null = ["language"]\n[prompt]'
    ),
    "null of no key": edited("profiles/house.toml", "[prompt]", 'null = ["a..b"]\n[prompt]'),
    "unset of what no parent sets": edited(
        "profiles/talk.toml", "[prompt]", 'unset = ["languag"]\n[prompt]'
    ),
    "its own parent": edited("profiles/house.toml", "language", 'extends = "talk"\nlanguage'),
    "no such parent": edited("profiles/talk.toml", '"house"', '"hause"'),
    "a parent that is no TOML": {"profiles/house.toml": "language = en\n"},
    "no such profile": edited("presets/visit.toml", '"talk"', '"tolk"'),
    "no such flow": edited("profiles/steps.toml", 'flow = "steps"', 'flow = "stops"'),
    "no such preset": edited("dev.toml", "[presets.survey]", "[presets.survy]"),
    "an unbound voice": edited("presets/visit.toml", '"warm"', '"wram"'),
    "an unbound model": edited("profiles/house.toml", '"fast"', '"slow"'),
    "an unbound function": edited("profiles/talk.toml", '"book"', '"look"'),
    "an unbound function of a flow": edited(
        "flows/steps.toml", 'function = "book"', 'function = "look"'
    ),
    "an unbound webhook of a deviation": edited(
        "dev.toml", "deviation = { timeoutMinutes = 3 }", 'deviation = { webhook = "evnts" }'
    ),
    "an extractor of no agent": edited("dev.toml", 'agent = "desk"', 'agent = "dusk"'),
    "what no deviation takes": edited("dev.toml", "timeoutMinutes = 3", 'voice = "warm"'),
    "what no deviation of a profile takes": edited(
        "dev.toml", "timeoutMinutes = 3", 'profile = { language = "de" }'
    ),
    "a deviation without profile": {
        "presets/bare.toml": 'agent = "desk"\nnumbers = "us"\n',
        "stage.toml": (
            'extends = "dev"\n'
            'unset = ["presets"]\n'
            "[presets.bare]\n"
            'follow = "source"\n'
            "deviation.profile.maxDurationSeconds = 3\n"
        ),
    },
    "a pin without version": edited("prod.toml", "version = 1\n", ""),
    "a pin without digest": edited(
        "prod.toml",
        'digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"\n',
        "",
    ),
    "a pin that follows": edited("prod.toml", "version = 1\n", 'version = 1\nfollow = "source"\n'),
    "a binding without id": edited("dev.toml", 'id = "v-1", ', ""),
    "an empty binding": edited("dev.toml", '{ id = "v-1", name = "Ava" }', "{}"),
    "a member without id": edited(
        "dev.toml", '{ id = "n-2", number = "+14155550101" }', '"+14155550101"'
    ),
    "a member's id twice": edited("dev.toml", '"n-2"', '"n-1"'),
    "a member's number twice": edited("dev.toml", "+14155550101", "+14155550100"),
    "extraFields with its own name": edited(
        "presets/visit.toml", "[inputs.name]", '[extraFields]\nvoice = "v"\n[inputs.name]'
    ),
    "extraFields with the API's name": edited(
        "presets/visit.toml", "[inputs.name]", '[extraFields]\naiVoiceId = "v"\n[inputs.name]'
    ),
    "extraFields with the name of numbers": edited(
        "presets/visit.toml",
        "[inputs.name]",
        '[extraFields]\nfromNumberPoolId = "p"\n[inputs.name]',
    ),
    "extraFields with a call's number": edited(
        "presets/visit.toml",
        "[inputs.name]",
        '[extraFields]\ntoNumber = "+14155550123"\n[inputs.name]',
    ),
    "extraFields with a call's inputs": edited(
        "presets/visit.toml",
        "[inputs.name]",
        '[extraFields]\ncallAgentInput = { name = "x" }\n[inputs.name]',
    ),
    "extraFields with a call's key": edited(
        "presets/visit.toml", "[inputs.name]", '[extraFields]\nidempotencyKey = "x"\n[inputs.name]'
    ),
    "extraFields with a number beside members": edited(
        "presets/visit.toml", "[inputs.name]", '[extraFields]\nfromNumberId = "n"\n[inputs.name]'
    ),
    "extraFields with what the profile says": edited(
        "presets/visit.toml",
        "[inputs.name]",
        '[extraFields]\nagentOverrides = { language = "de" }\n[inputs.name]',
    ),
    "a profile's extraFields with the prompt's text": edited(
        "profiles/talk.toml",
        "[prompt]",
        '[extraFields]\ndefaultVersionedPrompt = { prompt = "x" }\n[prompt]',
    ),
    "a profile's extraFields with the prompt's model": edited(
        "profiles/talk.toml",
        "[prompt]",
        '[extraFields]\ndefaultVersionedPrompt = { aiModelId = "x" }\n[prompt]',
    ),
    "a profile's extraFields with a field": edited(
        "profiles/talk.toml", "[prompt]", '[extraFields]\nlanguage = "de"\n[prompt]'
    ),
    "a profile's extraFields with a whole list": edited(
        "profiles/talk.toml",
        "[prompt]",
        "[extraFields]\nlinkedFunctionDefinitionInputs = []\n[prompt]",
    ),
    "a profile's extraFields with a list's element": edited(
        "profiles/talk.toml",
        "[prompt]",
        '[extraFields]\nlinkedFunctionDefinitionInputs.0.functionDefinitionId = "x"\n[prompt]',
    ),
    "a flow that is said to be none": edited(
        "profiles/steps.toml", 'flow = "steps"', 'flow = "steps"\nagentType = "STANDARD"'
    ),
    "no flow": edited("profiles/talk.toml", "file =", 'agentType = "CUSTOM_FLOW"\nfile ='),
    "a prompt beside its file": edited(
        "profiles/talk.toml", "file =", 'prompt = "x {{name}} {{day}}"\nfile ='
    ),
    "a prompt that says nothing": edited("profiles/talk.toml", 'file = "prompts/talk.md"\n', ""),
    "a macro of no input": edited("prompts/talk.md", "{{day}}", "{{days}}"),
    "a macro that is none": edited("prompts/talk.md", "{{day}}", "{{the day}} {{day}}"),
    "a macro half open": edited("prompts/talk.md", "{{day}}", "{{day}} {{day}"),
    "a macro of no node": edited("flows/steps.toml", "node.age.answer", "node.aeg.answer"),
    "a macro of no output": edited("flows/steps.toml", "node.age.answer", "node.age.value"),
    "an input's type": edited("presets/visit.toml", 'default = "Tuesday"', "default = 3"),
    "an input's pattern": edited("presets/visit.toml", 'default = "Tuesday"', 'pattern = "[A"'),
    "an input that can't be required": edited(
        "presets/visit.toml", 'default = "Tuesday"', 'default = "Tuesday"\nrequired = true'
    ),
    "an input that nothing says": edited(
        "presets/visit.toml", "[inputs.day]", "[inputs.hour]\n[inputs.day]"
    ),
    "a placeholder": edited("profiles/talk.toml", '"talk"', '"<string>"'),
    "a bearer token": edited(
        "prompts/talk.md", "# Who you are", "Bearer abcdefghijklmnopqrstuvwxyz"
    ),
    "a password": edited(
        "profiles/house.toml", "[prompt]", '[metadata]\npassword = "hunter2hunter2"\n[prompt]'
    ),
    "what the API deprecates": edited(
        "flows/steps.toml", "[node.ask]", "aiOpen = true\n[node.ask]"
    ),
    "no numbers": edited("presets/visit.toml", 'numbers = "us"\n', ""),
    "a number that JSON can't keep": edited(
        "profiles/house.toml", "[prompt]", "[metadata]\nx = 9007199254740993\n[prompt]"
    ),
    "a date, which JSON doesn't have": edited(
        "profiles/house.toml", "[prompt]", "[metadata]\nx = 2026-11-24\n[prompt]"
    ),
    "a float that is no number": edited(
        "profiles/house.toml", "[prompt]", "[metadata]\nx = [1.5, nan]\n[prompt]"
    ),
    "a number of thousands of digits": edited(
        "profiles/house.toml", "[prompt]", f"[metadata]\nx = {'9' * 5000}\n[prompt]"
    ),
    "tables that are nested too deep": edited(
        "profiles/house.toml", "[prompt]", f"[metadata{'.a' * 70}]\nx = 1\n[prompt]"
    ),
    "lists that are nested too deep": edited(
        "profiles/house.toml", "[prompt]", f"[metadata]\nx = {'[' * 900}{']' * 900}\n[prompt]"
    ),
    "a null that is nested too deep": edited(
        "profiles/talk.toml", "[prompt]", f'null = ["metadata{".a" * 70}"]\n[prompt]'
    ),
    "JSON that is nested too deep": {"flows/j.json": f'{{"nodes": {"[" * 5000}{"]" * 5000}}}'},
    "half of a surrogate pair": {"flows/j.json": flow_json(name="\ud83d")},
    "a function's name that is a table": {
        "flows/j.json": flow_json(type="function", nodeData={"function": {}})
    },
    "a key in the place of its variable": edited(
        "dev.toml", '"VOGENT_API_KEY_DEV"', f'"{KEY}-{KEY}"'
    ),
    "a key in the place of a binding's name": edited("presets/visit.toml", '"warm"', f'"{KEY}"'),
    "a key in the place of a number": edited("presets/visit.toml", "= 5", f'= "{KEY}"'),
    "a key in a default of another pattern": edited(
        "presets/visit.toml", 'default = "Tuesday"', f'default = "{KEY}"\npattern = "T.*"'
    ),
    "a key that a child replaces": edited(
        "profiles/house.toml", "[prompt]", f'[prompt]\nname = "{KEY}"'
    ),
    "a password in a webhook's URL": edited(
        "dev.toml", "https://hooks", "https://me:pass-of-mine@hooks"
    ),
    "a regular expression that is too large": edited(
        "presets/visit.toml", "[inputs.day]", "[inputs.day]\npattern = 'a{99999999999999}'"
    ),
    "a profile's file that is no name": {"profiles/a b.toml": 'language = "en"'},
    "a file that nobody reads": {"presets/more.yaml": "agent: desk"},
    "a macro with a brace too few": edited("prompts/talk.md", "{{day}}", "{{day}} and {day}}"),
    "a flow without nodes": {"flows/j.json": '{"nodes": []}'},
    "a node twice": {"flows/j.json": json.dumps({"nodes": [NODE, NODE]})},
    "a node's type that the API refuses": {"flows/j.json": flow_json(type="function_call")},
    "an unknown key in a flow's JSON": {"flows/j.json": flow_json(more=1)},
    "a function's id in a flow's JSON": {
        "flows/j.json": flow_json(type="function", nodeData={"functionId": "f-9"}),
        **edited("profiles/steps.toml", 'flow = "steps"', 'flow = "j"'),
    },
    "a node of two kinds": edited(
        "flows/steps.toml", 'prompt = "Say goodbye."', 'prompt = "Say goodbye."\nquestion = "?"'
    ),
    "a field of another kind": edited(
        "flows/steps.toml", 'prompt = "Say goodbye."', 'prompt = "Say goodbye."\noptions = ["x"]'
    ),
    "a node's key": edited("flows/steps.toml", 'prompt = "Say goodbye."', 'text = "Say goodbye."'),
    "a transition to nowhere": edited("flows/steps.toml", 'to = "age"', 'to = "aeg"'),
    "two conditions": edited(
        "flows/steps.toml", 'greater = "20", to', 'greater = "20", less = "3", to'
    ),
    "words to count": edited("flows/steps.toml", '"20"', '"many"'),
    "no such option": edited("flows/steps.toml", 'equal = "roof"', 'equal = "rof"'),
    "rules after the last": edited(
        "flows/steps.toml",
        '{ equal = "roof", to = "age" },\n  { to = "end" },',
        '{ to = "end" },\n  { equal = "roof", to = "age" },',
    ),
    "a node out of reach": edited(
        "flows/steps.toml", 'greater = "20", to = "book"', 'greater = "20", to = "end"'
    ),
}
"""What a file says instead, by what is wrong with that."""


def expected() -> dict[str, list[str]]:
    """The findings by case."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in FINDINGS.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            found[name].append(line.strip())
        elif line:
            name = line
            found[name] = []
    return found


def test_findings_are_rewritten_where_that_is_asked(tmp_path: Path) -> None:
    """The file has each case, and no other."""
    if os.environ.get("DIALFORM_REWRITE_GOLDEN") == "1":
        text = ""
        for index, (name, change) in enumerate(CASES.items()):
            problems = written(tmp_path / str(index), change).problems()
            text += "\n    ".join([name, *map(str, problems)]) + "\n\n"
        FINDINGS.write_text(text, encoding="utf-8")

    assert list(expected()) == list(CASES)


def test_project_of_these_tests_has_no_finding(tmp_path: Path) -> None:
    assert written(tmp_path).problems() == []


@pytest.mark.parametrize("name", CASES)
def test_mistake_gives_its_finding_and_no_other(name: str, tmp_path: Path) -> None:
    problems = written(tmp_path, CASES[name]).problems()

    assert [str(problem) for problem in problems] == expected()[name]
    assert problems


def test_no_finding_repeats_a_key() -> None:
    text = FINDINGS.read_text(encoding="utf-8")

    assert KEY not in text
    assert "pass-of-mine" not in text


def test_every_rule_of_the_page_has_a_case() -> None:
    """But for `bind`, which only `dialform bind` reports."""
    page = (ROOT / "docs" / "declarations.md").read_text(encoding="utf-8")
    table = page.split("\n## What is checked\n", 1)[1].split("\n## ", 1)[0]
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    fired = {line.rsplit("[", 1)[1][:-1] for lines in expected().values() for line in lines}

    assert fired == listed - {"bind"}


def test_name_that_several_environments_lack_is_one_finding(tmp_path: Path) -> None:
    """At the preset's line, with the environments that don't bind it."""
    stage = 'extends = "dev"\n'
    change = {"stage.toml": stage, **edited("presets/visit.toml", '"warm"', '"cold"')}
    (problem,) = written(tmp_path, change).problems()

    assert (problem.file, problem.line, problem.key) == ("stacks/presets/visit.toml", 3, "voice")
    assert problem.message.startswith("'cold' is not bound in dev, stage; bind it in [voices]")


def test_name_that_another_environment_binds_is_no_typo(tmp_path: Path) -> None:
    """No other name is guessed."""
    stage = 'extends = "dev"\n[voices]\nwarn = { id = "v-2", name = "Ben" }\n'
    change = {"stage.toml": stage, **edited("presets/visit.toml", '"warm"', '"warn"')}
    (problem,) = written(tmp_path, change).problems()

    assert problem.message == "'warn' is not bound in dev; bind it in [voices]"


def test_environment_alone_says_what_it_lacks(tmp_path: Path) -> None:
    """`-s dev` and `pulumi up` say it as well."""
    project = written(tmp_path, edited("presets/visit.toml", '"warm"', '"wram"'))

    with pytest.raises(DeclarationError, match="'wram' is not bound in dev"):
        project.environment("dev").require()
    assert project.problems(["prod"]) == []


@pytest.mark.parametrize(
    "line",
    [
        "toNumber = {}",
        "callAgentInput = {}",
        "fromNumberId = {}",
        "callLabel = 'x'",
        "agentOverrides.newField = 1",
    ],
)
def test_extra_field_that_says_nothing_declared_passes(line: str, tmp_path: Path) -> None:
    change = edited("presets/visit.toml", "[inputs.name]", f"[extraFields]\n{line}\n[inputs.name]")
    assert written(tmp_path, change).problems() == []


def test_per_call_fields_may_be_null(tmp_path: Path) -> None:
    """A body that was imported says so."""
    nulls = 'null = ["extraFields.toNumber", "extraFields.callAgentInput"]\n'
    change = edited("presets/visit.toml", 'agent = "desk"', f'{nulls}agent = "desk"')
    assert written(tmp_path, change).problems() == []


def test_number_of_a_browser_call_stands_in_extra_fields(tmp_path: Path) -> None:
    change = edited(
        "presets/visit.toml",
        'numbers = "us"',
        'browserCall = true\nextraFields.fromNumberId = "n-9"',
    )
    project = written(tmp_path, change)

    assert project.problems() == []
    assert project.environment("dev").bound("visit")["body"]["fromNumberId"] == "n-9"


def test_unknown_type_of_agent_goes_with_a_prompt(tmp_path: Path) -> None:
    """What is only implied can be said otherwise."""
    extra = '[extraFields]\ndefaultVersionedPrompt.agentType = "NEW"\n[prompt]'
    project = written(tmp_path, edited("profiles/talk.toml", "[prompt]", extra))

    assert project.problems() == []
    prompt = project.environment("dev").bound("visit")["body"]["agentOverrides"]
    assert prompt["defaultVersionedPrompt"]["agentType"] == "NEW"


@pytest.mark.parametrize(
    "parts",
    [
        ("-----BEGIN ", "PRIVATE KEY-----"),
        ("-----BEGIN RSA ", "PRIVATE KEY-----"),
        ("Bearer ", "a1" * 8),
        ("eyJ", "abcdefgh.", "abcdefgh."),
        ("AKIA", "ABCD" * 4),
        ("sk_live_", "a1" * 10),
        ("elto-", "a1" * 10),
        ("ghp_", "a1" * 10),
        ("xoxb-", "1234567890"),
        ("glpat-", "a1" * 8),
    ],
)
def test_secret_is_found_and_not_repeated(parts: tuple[str, ...], tmp_path: Path) -> None:
    """Put together here, so that no scanner takes this file for a leak."""
    secret = "".join(parts)
    change = edited("prompts/talk.md", "# Who you are", f"Say: {secret}")
    (problem,) = written(tmp_path, change).problems()

    assert (problem.file, problem.line, problem.rule) == ("stacks/prompts/talk.md", 1, "secret")
    assert secret not in problem.message
