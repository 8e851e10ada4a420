"""`ExecPolicy`: which exec plugins may run, as a value; `AllowedPlugins` checks a plugin.

Reference: client-go tools/clientcmd/api/types.go, PluginPolicy; plugin/pkg/client/auth/exec/exec.go.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from kubeloop._kit.value import Value, force_setattr
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["POLICY_TYPES", "AllowedPlugins", "ExecPolicy", "clean_command"]

POLICY_TYPES = ("AllowAll", "DenyAll", "Allowlist")


class ExecPolicy(Value, frozen=True):
    """Which exec plugins may run. A kubeconfig file can name any program, so read one of another person with a policy.

        config = kubeloop.load_config("theirs.yaml", exec_policy=ExecPolicy("Allowlist", ("aws",)))

    Attributes:
        policy_type: `AllowAll`, `DenyAll` or `Allowlist`; `""` means `AllowAll`. The values are those of kubectl's
            `credentialPluginPolicy`.
        allowlist: Names to look up in `PATH`, and paths, of the programs that may run; only with `Allowlist`. A plugin
            may run if its command, or the path at which the command is found, equals an entry or the path at which an
            entry is found. Symbolic links are not followed.

    Reference: client-go tools/clientcmd/api/types.go, PluginPolicy, which kubectl reads from its kuberc file.
    """

    policy_type: str = "AllowAll"
    allowlist: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the policy, which is refused if it looks like a mistake, because it is a security setting.

        Raises:
            ConfigError: The policy is unknown; it has an allowlist and does not use one, or the reverse; or an entry is
                empty or not a clean path.
            TypeError: The allowlist is neither None nor a tuple of texts.
        """
        if self.allowlist is not None:
            entries = cast("tuple[object, ...]", self.allowlist)
            if not isinstance(cast("object", entries), tuple) or not all(isinstance(entry, str) for entry in entries):
                raise TypeError("ExecPolicy: allowlist must be a tuple of str or None")
        if not self.policy_type:
            force_setattr(self, "policy_type", "AllowAll")
        if self.policy_type not in POLICY_TYPES:
            raise ConfigError(f"exec policy: expected one of {', '.join(POLICY_TYPES)}, got {self.policy_type!r}")
        if self.policy_type == "Allowlist":
            self._check_entries()
        elif self.allowlist is not None:
            raise ConfigError(
                f"exec policy: expected no allowlist with {self.policy_type}, got {len(self.allowlist)} entries: "
                "remove them, or use Allowlist"
            )

    def _check_entries(self) -> None:
        if not self.allowlist:
            what = "no allowlist" if self.allowlist is None else "an empty allowlist"
            raise ConfigError(f"exec policy: Allowlist needs entries, got {what}; use DenyAll to allow no plugin")
        for number, entry in enumerate(self.allowlist, 1):
            if not entry:
                raise ConfigError(f"exec policy: entry {number} of the allowlist is empty")
            if (clean := _clean(entry)) != entry:
                raise ConfigError(
                    f"exec policy: expected the clean path {clean!r}, got {entry!r}: entry {number} of the allowlist"
                )


class AllowedPlugins:
    """The plugins that a policy allows. The paths at which entries were found are remembered.

    Args:
        policy: The policy.
        find: Returns the file of a command, and raises OSError if there is none, as `find_program`.
    """

    __slots__ = ("_allowed", "_find", "_policy")

    def __init__(self, policy: ExecPolicy, find: Callable[[str], str]) -> None:
        self._policy = policy
        self._find = find
        self._allowed = set(policy.allowlist or ())

    def __repr__(self) -> str:
        return f"<AllowedPlugins of {self._policy!r}>"

    def refusal(self, command: str, program: str | None) -> str | None:
        """Return why a plugin may not run, and how to allow it; None if it may run. The text is not made safe.

        Args:
            command: The command, clean.
            program: The file that would run; None if the command cannot be found.
        """
        kind = self._policy.policy_type
        if kind == "AllowAll" or (kind == "Allowlist" and self._is_listed(command, program)):
            return None
        if kind == "DenyAll":
            return f"{command} was not run, because the exec policy is DenyAll; an Allowlist that contains it allows it"
        if program is None:
            return (
                f"{command} was not run, because it cannot be found to compare it with the allowlist of the exec policy"
            )
        found = f" (found as {program})" if program != command else ""
        return (
            f"{command}{found} was not run, because it is not in the allowlist of the exec policy; "
            "add this name or path to the allowlist to allow it"
        )

    def _is_listed(self, command: str, program: str | None) -> bool:
        if command in self._allowed or program in self._allowed:
            return True
        if program is None:
            return False
        for entry in self._policy.allowlist or ():
            if os.path.basename(entry) == os.path.basename(program):
                try:
                    self._allowed.add(self._find(entry))
                except OSError:
                    continue
        return program in self._allowed


def clean_command(command: str) -> str:
    """Return the shortest form of a command, which is what runs and what a policy is compared with.

    `./login` stays a file of the current directory, where Go would look the name up in `PATH`.
    """
    clean = _clean(command)
    is_still_a_path = os.path.dirname(clean) or not os.path.dirname(command)
    return clean if is_still_a_path else os.path.join(os.curdir, clean)


def _clean(path: str) -> str:
    """Return the shortest form of a path, as Go's filepath.Clean."""
    clean = os.path.normpath(path)
    return f"/{clean[2:]}" if clean.startswith("//") else clean
