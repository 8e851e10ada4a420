"""Owner references that an object has twice: the server keeps one of each, with a warning.

Reference: apiserver pkg/endpoints/handlers/rest.go (dedupOwnerReferencesAndAddWarning).
"""

from __future__ import annotations

from typing import Any

from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, text_in
from kubeloop.testing.apiserver.writing.preparation import with_metadata

__all__ = ["without_duplicate_owners"]

_WARNING = (
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, "
    "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}"
)


def without_duplicate_owners(document: Document) -> tuple[Document, list[str]]:
    """Return a document with each of its owner references once, and the warning about the others."""
    owners = list_in(document, "metadata", "ownerReferences")
    if len(owners) < 2:
        return document, []
    kept: dict[tuple[tuple[str, Any], ...], Any] = {}  # by the members, which are texts and booleans
    duplicates: list[str] = []
    for owner in owners:
        members = tuple(sorted(owner.items()))
        if members in kept:
            duplicates.append(text_in(owner, "uid"))
        else:
            kept[members] = owner
    if not duplicates:
        return document, []
    unique = [*kept.values()]
    return with_metadata(document, ownerReferences=unique), [_WARNING.format(", ".join(duplicates))]
