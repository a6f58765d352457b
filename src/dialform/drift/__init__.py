"""What a release leans on in its workspace, and what of that has changed since."""

from dialform.drift.comparing import FieldChange, ObjectChange, changes
from dialform.drift.objects import Key, leans_on, object_document, references_document

__all__ = [
    "FieldChange",
    "Key",
    "ObjectChange",
    "changes",
    "leans_on",
    "object_document",
    "references_document",
]
