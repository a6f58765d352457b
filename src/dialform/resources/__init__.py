"""The Pulumi resources, for programs of your own; `dialform.components` puts them together."""

from dialform.resources.args import AccessArgs, BindingArgs, MemberArgs, ObservedArgs
from dialform.resources.releases import DialPreset, Environment, Release
from dialform.resources.speech import OverrideProfile, Voice
from dialform.resources.telephony import NumberPool

__all__ = [
    "AccessArgs",
    "BindingArgs",
    "DialPreset",
    "Environment",
    "MemberArgs",
    "NumberPool",
    "ObservedArgs",
    "OverrideProfile",
    "Release",
    "Voice",
]
