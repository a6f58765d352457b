"""
Area codes of North America that reach into two zones or more.

phonenumbers knows single exchanges of some, and one zone for all the rest of an area code: New
York's for Pensacola's 850, and Chicago's for Chattanooga's 423. Exchanges are added and numbers
are ported, so an area code's numbers may be in all of its zones. One that is named here too much
closes an hour early; one that is missing rings somebody at 8 who may be rung from 9 on.
"""

from __future__ import annotations

STRADDLING = {
    "208": "Boise Los_Angeles",  # Idaho
    "986": "Boise Los_Angeles",
    "219": "Chicago New_York",  # Indiana
    "574": "Chicago New_York",
    "812": "Chicago New_York",
    "930": "Chicago New_York",
    "250": "Vancouver Edmonton Fort_Nelson",  # British Columbia
    "236": "Vancouver Edmonton Fort_Nelson",
    "257": "Vancouver Edmonton Fort_Nelson",
    "672": "Vancouver Edmonton Fort_Nelson",
    "778": "Vancouver Edmonton Fort_Nelson",
    "270": "Chicago New_York",  # Kentucky
    "364": "Chicago New_York",
    "606": "Chicago New_York",
    "306": "Regina Edmonton",  # Saskatchewan
    "474": "Regina Edmonton",
    "639": "Regina Edmonton",
    "308": "Chicago Denver",  # Nebraska
    "334": "Chicago New_York",  # Alabama, at the border of Georgia
    "418": "Toronto Halifax",  # Québec
    "367": "Toronto Halifax",
    "581": "Toronto Halifax",
    "423": "Chicago New_York",  # Tennessee
    "432": "Chicago Denver",  # Texas
    "541": "Boise Los_Angeles",  # Oregon
    "458": "Boise Los_Angeles",
    "605": "Chicago Denver",  # South Dakota
    "620": "Chicago Denver",  # Kansas
    "785": "Chicago Denver",
    "701": "Chicago Denver",  # North Dakota
    "709": "St_Johns Halifax",  # Newfoundland and Labrador
    "879": "St_Johns Halifax",
    "775": "Denver Los_Angeles",  # Nevada
    "807": "Toronto Winnipeg Atikokan",  # Ontario
    "850": "Chicago New_York",  # Florida
    "448": "Chicago New_York",
    "867": "Whitehorse Edmonton Winnipeg Toronto",  # the territories of Canada
    "906": "Chicago Detroit",  # Michigan
    "907": "Anchorage Adak",  # Alaska
    "928": "Phoenix Denver",  # Arizona and the Navajo Nation
}
"""By area code, cities of the zones ``America/...``."""


def further_zones(number: str) -> tuple[str, ...]:
    """The zones that a number in E.164 may be in by its area code, where that is in the table."""
    if not number.startswith("+1"):
        return ()
    return tuple(f"America/{city}" for city in STRADDLING.get(number[2:5], "").split())
