"""The Pulumi resources, for programs of your own; `dialform.components` puts them together."""

from dialform.resources.args import BindingArgs, MemberArgs
from dialform.resources.releases import DialPreset, Environment, Release
from dialform.resources.speech import OverrideProfile, Voice
from dialform.resources.telephony import NumberPool

__all__ = [
    "BindingArgs",
    "DialPreset",
    "Environment",
    "MemberArgs",
    "NumberPool",
    "OverrideProfile",
    "Release",
    "Voice",
]
