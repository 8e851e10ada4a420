"""`KubeconfigData`: the merged content of kubeconfig files as plain data, which can be changed and printed.

`kubeconfig` checks the files and creates the typed entries from which a `Config` is loaded; those cannot be written.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["SECTIONS", "KubeconfigData", "merge_documents", "stanzas_of"]

SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}
"""Per list of a kubeconfig, the field of its items that contains the stanza."""


class KubeconfigData:
    """The merged content of kubeconfig files. Stanzas are mappings of JSON data, with the field names of the files.

        data = read_kubeconfig()
        data.contexts["dev"]["namespace"] = "web"

    Nobody else owns the mappings, so they can be changed; `modify_kubeconfig` writes changes to the files. Paths are as
    the files contain them: relative ones are relative to the folder of the stanza's file. The `repr` contains only
    names.

    Attributes:
        clusters: Per name, the fields of the cluster, such as `server` and `certificate-authority-data` (base64).
        users: Per name, the fields of the user, such as `token` and `client-key-data` (base64).
        contexts: Per name, the fields of the context: `cluster`, `user` and `namespace`.
        current_context: The name of the current context; `""` for none.

    Reference: client-go tools/clientcmd/api/types.go, Config.
    """

    __slots__ = ("_files", "_others", "clusters", "contexts", "current_context", "users")

    def __init__(self) -> None:
        """Create an empty kubeconfig."""
        self.clusters: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.contexts: dict[str, dict[str, Any]] = {}
        self.current_context = ""
        self._files: dict[tuple[str, str], str] = {}
        self._others: dict[str, Any] = {}

    def section(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the mapping `clusters`, `users` or `contexts`, not a copy."""
        return {"clusters": self.clusters, "users": self.users, "contexts": self.contexts}[name]

    def file_of(self, section: str, name: str) -> str | None:
        """Return the path of the file that contains a stanza; None for a new stanza.

        Args:
            section: The list: `clusters`, `users` or `contexts`.
            name: The name of the stanza.
        """
        return self._files.get((section, name))

    def rename_context(self, old: str, new: str) -> None:
        """Rename a context, which stays in its file. The current context stays current.

        Raises:
            ConfigError: There is no such context, or the new name is taken or empty.
        """
        if not new:
            raise ConfigError("expected a new name for the context, got an empty text")
        if old not in self.contexts:
            raise ConfigError(f'cannot rename the context "{old}": there is no such context')
        if new in self.contexts:
            raise ConfigError(f'cannot rename the context "{old}": the context "{new}" exists already')
        self.contexts[new] = self.contexts.pop(old)
        if (file := self._files.get(("contexts", old))) is not None:
            self._files["contexts", new] = file
        if self.current_context == old:
            self.current_context = new

    def document(self) -> dict[str, Any]:
        """Return the content of one kubeconfig file: fields and lists in the order of kubectl, entries by name."""
        found: dict[str, Any] = {**copy.deepcopy(self._others), "apiVersion": "v1", "kind": "Config"}
        found["current-context"] = self.current_context
        for section, field in SECTIONS.items():
            stanzas = sorted(self.section(section).items())
            # Go's programs write an empty list as null.
            found[section] = [{field: copy.deepcopy(stanza), "name": name} for name, stanza in stanzas] or None
        return dict(sorted(found.items()))

    def add_document(self, document: dict[str, Any], file: str) -> None:
        """Add the document of a file with a lower precedence: what is there already is kept."""
        self.current_context = self.current_context or document.get("current-context") or ""
        for section in SECTIONS:
            for name, stanza in stanzas_of(document, section):
                if name not in self.section(section):
                    self.section(section)[name] = copy.deepcopy(stanza)
                    self._files[section, name] = file
        for name, value in document.items():
            if name not in ("apiVersion", "kind", "current-context", *SECTIONS):
                self._others.setdefault(name, copy.deepcopy(value))

    def copy(self) -> KubeconfigData:
        """Return a copy that shares nothing."""
        return copy.deepcopy(self)

    def __repr__(self) -> str:
        return (
            f"<KubeconfigData current_context={self.current_context!r} clusters={sorted(self.clusters)} "
            f"users={sorted(self.users)} contexts={sorted(self.contexts)}>"
        )


def merge_documents(documents: Iterable[tuple[str, dict[str, Any]]]) -> KubeconfigData:
    """Merge the documents of files in order of precedence: each stanza is taken whole from the first file that has it.

    Args:
        documents: The path and the checked document of each file.
    """
    data = KubeconfigData()
    for file, document in documents:
        data.add_document(document, file)
    return data


def stanzas_of(document: dict[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the fields of each item in a list of a checked document; absent names are `""`."""
    for item in cast("list[dict[str, Any] | None]", document.get(section) or []):
        if item is not None:
            yield item.get("name") or "", item.get(SECTIONS[section]) or {}
