"""
The fields of a call in the declaration's words, as a rule names them: ``profile.prompt.model``.

Pure. A path starts in the preset's file; ``profile`` leads into the profile's, and a prompt's
``flow`` into the flow's. Read off the models, so that no list of fields is kept here.
"""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from dialform.api.models import Model, OptionValue
from dialform.declaration.findings import OUR_NAMES
from dialform.declaration.merging import DIRECTIVES, BadPath, near, parse_path
from dialform.declaration.models import FlowFile, PresetFile, ProfileFile, Prompt

Path = tuple[str | int, ...]

_FILES: dict[tuple[type[Model], str], type[Model]] = {
    (PresetFile, "profile"): ProfileFile,
    (Prompt, "flow"): FlowFile,
}
"""Where a name stands for a file of its own."""


def field_of(text: str) -> Path:
    """
    The path that ``text`` names.

    Raises:
        BadPath: there is no such field; the message says which is near.

    """
    path = parse_path(text)
    at: Any = PresetFile
    for part in path:
        at = _below(at, part)
    return path


def is_number(path: Path) -> bool:
    """Whether the field at ``path``, which exists, may be a number; an option is its text."""
    at: Any = PresetFile
    options = False
    for part in path:
        options = any(one is OptionValue for one in _kinds(at))
        at = _below(at, part)
    kinds = _kinds(at)
    return Any in kinds or int in kinds or float in kinds or (options and str in kinds)


def table_at(model: type[Model], key: str) -> type[Model] | None:
    """The model of the table, or of the file, that ``key`` of ``model`` stands for."""
    kinds = _kinds(_fields(model).get(key))
    return next(
        (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Model)), None
    )


def _kinds(annotation: Any) -> list[Any]:
    """What a value may be: models, plain types, Any; of a list its elements."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for one in get_args(annotation) for kind in _kinds(one)]
    if origin is list:
        return _kinds(get_args(annotation)[0])
    return [annotation]


def _below(annotation: Any, part: str | int) -> Any:
    kinds = _kinds(annotation)
    if isinstance(part, int):
        return annotation  # of a list, all elements are alike
    if Any in kinds:
        return Any
    known: dict[str, Any] = {}
    for kind in kinds:
        if get_origin(kind) is dict:
            return get_args(kind)[1]
        if kind is OptionValue:
            return str
        if isinstance(kind, type) and issubclass(kind, Model):
            known |= _fields(kind)
    if part in known:
        return known[part]
    if part in OUR_NAMES:
        raise BadPath(f"{part!r} is the API's name; here it is written as {OUR_NAMES[part]}")
    if part == "file" and Prompt in kinds:
        raise BadPath("'file' is not part of a call: what a prompt's file says is its 'prompt'")
    raise BadPath(f"there is no field {part!r}{near(part, known)}")


def _fields(model: type[Model]) -> dict[str, Any]:
    """The fields of ``model`` that are part of a call, with what they may be."""
    fields = {
        field.alias or name: _FILES.get((model, name)) or field.annotation
        for name, field in model.model_fields.items()
        if name not in DIRECTIVES
    }
    if model is Prompt:
        del fields["file"]
    return fields
