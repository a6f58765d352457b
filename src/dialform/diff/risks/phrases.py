"""
Phrases that a call may not lose: how it says that it stops calling, and what it is.

Data. A language's phrases are regular expressions, matched without regard to case.
"""

from __future__ import annotations

import re

_OPT_OUT = {
    "en": r"not (?:to )?be called|(?:do not|don't|stop) call|call(?:ed)? (?:you |them |me )?again|"
    r"(?:remove|take) (?:you|me|them|their number|your number|the number)[^.\n]{0,30}(?:off|from)|"
    r"opt(?:ed)?[ -]?out|unsubscribe|do[ -]not[ -]call",
    "de": r"nicht (?:mehr|wieder) (?:an)?(?:rufen|gerufen|angerufen)|keine (?:weiteren )?anrufe|"
    r"von (?:der|unserer) liste",
    "fr": r"ne (?:plus|pas)[^.\n]{0,20}(?:rappel|appel)|retir\w+ de (?:la|notre) liste",
    "es": r"no (?:volver a|vuelvan a|le vuelvan a)? ?llam|(?:quitar|eliminar)\w*[^.\n]{0,20}lista",
    "it": r"non (?:essere |voler essere )?(?:più |mai più )?(?:richiamat|chiamat)|"
    r"dalla (?:nostra )?lista",
    "pt": r"não (?:ser |quer ser )?(?:mais )?(?:liga|chamad)|da (?:nossa )?lista",
    "nl": r"niet (?:meer|opnieuw) (?:ge)?bel|van (?:de|onze) lijst",
    "ja": r"(?:電話|連絡).{0,8}(?:しない|不要|控え)|配信停止",
}
_RECORDED = {
    "en": r"record(?:ed|ing)",
    "de": r"aufgezeichnet|aufzeichnung|mitgeschnitten",
    "fr": r"enregistr",
    "es": r"grab(?:ad|aci|and)",
    "it": r"registrat|registrazione",
    "pt": r"gravad|gravação",
    "nl": r"opgenomen|opname",
    "ja": r"録音",
}
_AUTOMATED = {
    "en": r"automated|virtual assistant|\bAI\b|artificial intelligence|\brobot\b|digital assistant",
    "de": r"automatisch|virtuelle\w* assistent|künstliche\w* intelligenz|\bKI\b",
    "fr": r"automatis|assistant virtuel|intelligence artificielle",
    "es": r"automatizad|asistente virtual|inteligencia artificial",
    "it": r"automatic|automatizzat|assistente virtuale|intelligenza artificiale",
    "pt": r"automatizad|automátic|assistente virtual|inteligência artificial",
    "nl": r"geautomatiseerd|automatisch|virtuele assistent|kunstmatige intelligentie",
    "ja": r"自動音声|(?<![A-Za-z])AI(?![A-Za-z])|人工知能|自動応答",
}
_ON_BEHALF = {
    "en": r"on behalf of",
    "de": r"im (?:auftrag|namen) (?:von|der|des)",
    "fr": r"(?:de la part|au nom) d",
    "es": r"(?:en nombre|de parte) de",
    "it": r"(?:per conto|a nome) d",
    "pt": r"(?:em nome|da parte) d",
    "nl": r"namens",
    "ja": r"の代理",
}


def _any(phrases: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in phrases.values()), re.IGNORECASE)


OPT_OUT = _any(_OPT_OUT)
"""How a text says that somebody does not want to be called again."""

DISCLOSURES = {
    "that the call is recorded": _any(_RECORDED),
    "that an automated assistant calls": _any(_AUTOMATED),
    "on whose behalf it calls": _any(_ON_BEHALF),
}
"""What a call discloses, and how."""

NEGATION = re.compile(
    r"\b(?:never|not|no|don't|doesn't|mustn't|can't|cannot|won't|without|nie|niemals|nicht|kein\w*|"
    r"jamais|ne|nunca|jamás|mai|non|não|nooit|niet|geen)\b",
    re.IGNORECASE,
)
"""Words whose loss turns an instruction into its opposite."""
