"""`Source`: where the parts of a `Config` came from, for messages and reprs. Never contains a secret."""

from __future__ import annotations

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value

__all__ = ["Source"]


class Source(Value, frozen=True, kw_only=True):
    """Where the parts of a config came from. `str` is short, for messages; `repr` names each part.

    Attributes:
        file: The kubeconfig file of the context, or `in-cluster`.
        found_by: What named the file: the argument, `KUBECONFIG` or the home directory; for in-cluster, the variable
            that has the server's address.
        context: The name of the context.
        cluster: The name of the cluster entry.
        cluster_file: The file of the cluster entry.
        user: The name of the user entry.
        user_file: The file of the user entry.
        namespace: What named the namespace: the context, the argument, `POD_NAMESPACE` or the service account; `""`
            means that nothing did, and that it is `default`.
        replaced: The settings that `Config.replace`, or an argument of `build_config`, changed afterwards.
    """

    file: str = ""
    found_by: str = ""
    context: str = ""
    cluster: str = ""
    cluster_file: str = ""
    user: str = ""
    user_file: str = ""
    namespace: str = ""
    replaced: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        parts += [f'{what} "{name}"' for what in ("context", "cluster", "user") if (name := getattr(self, what))]
        return safe_text(", ".join(parts))

    def __repr__(self) -> str:
        parts = [self.file + (f" (from {self.found_by})" if self.found_by else "")] if self.file else []
        for what, file in (("context", self.file), ("cluster", self.cluster_file), ("user", self.user_file)):
            if name := getattr(self, what):
                parts.append(f'{what} "{name}"' + (f" in {file}" if file not in ("", self.file) else ""))
        if self.namespace:
            parts.append(f"namespace from {self.namespace}")
        if self.replaced:
            parts.append(f"replaced: {', '.join(self.replaced)}")
        return safe_text(f"<{'; '.join(parts) or 'arguments'}>")
