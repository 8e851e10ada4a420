"""`read_kubeconfig` and `modify_kubeconfig`: read kubeconfig files as plain data, and write changes to their files.

Reference: client-go tools/clientcmd/config.go, ModifyConfig.
"""

from __future__ import annotations

import copy
import inspect
import os
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kubeloop._kit.raising import raise_alone
from kubeloop.config.file_replacement import replace_file
from kubeloop.config.files import read_file
from kubeloop.config.kubeconfig import kubeconfig_of, parse_document
from kubeloop.config.kubeconfig_data import SECTIONS, KubeconfigData, merge_documents
from kubeloop.config.kubeconfig_lock import locked_kubeconfigs
from kubeloop.config.kubeconfig_paths import default_kubeconfig, kubeconfig_paths
from kubeloop.errors import ConfigError, DecodeError, EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["modify_kubeconfig", "read_kubeconfig"]

T = TypeVar("T")

# Enough for every extension, and little enough to copy.
_MAX_DEPTH = 100
_PATHS = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
    "contexts": (),
}


def read_kubeconfig(kubeconfig: str | os.PathLike[str] | None = None) -> KubeconfigData:
    """Read and merge the kubeconfig files as plain data. Missing files count as empty.

    Args:
        kubeconfig: The path of the only file, where `~` is the home directory. None, or an empty text, means the files
            in the variable `KUBECONFIG`, or else `~/.kube/config`.

    Returns:
        The content, which belongs to the caller. It contains the credentials; `redact` returns a copy to show.

    Raises:
        ConfigError: A file cannot be read or is not a kubeconfig. The message names the file and the field.

    Reference: client-go PathOptions.GetStartingConfig.
    """
    return merge_documents(_read_all(kubeconfig_paths(kubeconfig)).items())


async def modify_kubeconfig(
    change: Callable[[KubeconfigData], None], kubeconfig: str | os.PathLike[str] | None = None
) -> KubeconfigData:
    """Change the kubeconfig files: read them, call a function that changes the content, and write what differs.

        def use_staging(data: KubeconfigData) -> None:
            data.contexts["staging"] = {"cluster": "staging", "user": "me"}
            data.current_context = "staging"

        await modify_kubeconfig(use_staging)

    All of this happens while client-go's lock files of all files are held, so that no change of another program that
    uses them (kubectl, kubeloop) is lost. A stanza is written to the file that it came from; a new one, and the current
    context, to the first file that exists, or else to the last of the list, which is created with the mode 0600. An
    empty current context is written to the first file that has one. Removing a stanza removes it from the file that it
    came from, so that a later file's stanza of the same name becomes visible.

    A file is replaced atomically and keeps its mode, its unknown fields and their order; its comments are lost, as in
    kubectl. Its symbolic link stays. Where the folder cannot be written, the file itself is locked, for other programs
    with kubeloop, and written in place. In a changed stanza, absolute paths below the file's folder become relative.
    Nothing is written if nothing differs, or if any of the files would not be a kubeconfig afterwards. Several files
    are written one after the other.

    Args:
        change: The function, which changes the content that it gets.
        kubeconfig: As for `read_kubeconfig`.

    Returns:
        The content as changed.

    Raises:
        ConfigError: A file cannot be read, is not a kubeconfig, has more than one YAML document or cannot be written;
            the change is invalid; or a lock was not released within 5 seconds. The message names the file or the lock,
            and the file is unchanged.
        TypeError: The change contains a value that is not JSON data, or the function is async.

    Reference: client-go ModifyConfig. Intended differences: the files are read under the lock; a lock is waited for;
        files are replaced atomically; a command beside its kubeconfig stays a path (`./plugin`).
    """
    paths = kubeconfig_paths(kubeconfig)
    target = default_kubeconfig(paths)
    if target is None:
        raise ConfigError("no kubeconfig to change: there is no home directory; name a file, or set KUBECONFIG")
    _create_folder(target)
    async with locked_kubeconfigs(paths):
        documents = _read_all(paths)
        before = merge_documents(documents.items())
        after = before.copy()
        result = cast("object", change(after))
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("modify_kubeconfig: expected a plain function, because files are locked, got an async one")
        try:
            texts = _texts(_changed_documents(documents, before, after, target))
        except (ConfigError, TypeError) as error:
            raise_alone(error.with_traceback(None))
        except RecursionError:
            raise_alone(ConfigError(f"{target}: cannot write this kubeconfig: the change is nested too deeply"))
        for path in texts.keys() & documents.keys():
            _check_single(path)
        for path in texts:
            try:
                replace_file(path, texts[path])
            except OSError as error:
                raise_alone(
                    ConfigError(f"{path}: cannot write this kubeconfig, which is unchanged: {error.strerror or error}")
                )
    return after


class _Unshown(dict[str, T]):
    """The content of files by their paths. The `repr` shows the paths only.

    Reports of errors may contain the local variables of each frame. So contents are in variables of this class, and
    errors of the functions that examine contents are raised again without their frames.
    """

    def __repr__(self) -> str:
        return f"<content of {', '.join(self) or 'no file'}>"


def _create_folder(path: str) -> None:
    folder = os.path.dirname(path)
    try:
        if folder:
            os.makedirs(folder, mode=0o755, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot create the folder: {error.strerror or error}") from error


def _read_all(paths: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the checked document per file; missing files are left out."""
    found = _Unshown[dict[str, Any]]()
    for path in paths:
        try:
            found[path] = _checked_document(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise_alone(ConfigError(f"{path}: cannot read this kubeconfig: {error.strerror or error}"))
        except ConfigError as error:
            raise_alone(error.with_traceback(None))
    return found


def _checked_document(path: str) -> dict[str, Any]:
    document = parse_document(read_file(path, or_pipe=True), path)
    kubeconfig_of(document, path)
    if _is_deeper(document, _MAX_DEPTH):
        raise ConfigError(f"{path}: expected at most {_MAX_DEPTH} nested lists and mappings, got more")
    return cast("dict[str, Any]", document or {})


def _is_deeper(value: object, depth: int) -> bool:
    """Return whether more than `depth` lists and mappings contain each other."""
    level = [value]
    for _ in range(depth):
        level = [
            part
            for item in level
            if isinstance(item, (dict, list))
            for part in (cast("dict[str, object]", item).values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, (dict, list)) for item in level)


def _changed_documents(
    documents: Mapping[str, dict[str, Any]], before: KubeconfigData, after: KubeconfigData, target: str
) -> dict[str, dict[str, Any]]:
    """Return the new document of each file that a change concerns."""
    changed = _Unshown[dict[str, Any]]()

    def document_of(path: str) -> dict[str, Any]:
        if path not in changed:
            changed[path] = copy.deepcopy(documents.get(path, {})) or _new_document()
        return changed[path]

    for section in SECTIONS:
        old, new = before.section(section), after.section(section)
        for name in old.keys() - new.keys():
            _remove(document_of(before.file_of(section, name) or target), section, name)
        for name, stanza in new.items():
            if name not in old or stanza != old[name]:
                path = after.file_of(section, name) or target
                _put(document_of(path), section, name, _with_relative_paths(section, stanza, path))
    if after.current_context != before.current_context:
        path = target
        if not after.current_context:
            path = next(path for path, document in documents.items() if document.get("current-context"))
        document_of(path)["current-context"] = after.current_context
    return changed


def _new_document() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "clusters": [],
        "contexts": [],
        "current-context": "",
        "kind": "Config",
        "users": [],
    }


def _remove(document: dict[str, Any], section: str, name: str) -> None:
    document[section] = [item for item in document[section] if item is None or (item.get("name") or "") != name]


def _put(document: dict[str, Any], section: str, name: str, stanza: dict[str, Any]) -> None:
    items: list[dict[str, Any] | None] = document.get(section) or []
    document[section] = items
    for item in items:
        if item is not None and (item.get("name") or "") == name:
            item[SECTIONS[section]] = stanza
            return
    items.append({SECTIONS[section]: stanza, "name": name})


def _with_relative_paths(section: str, stanza: dict[str, Any], file: str) -> dict[str, Any]:
    """Return a copy of a stanza in which absolute paths below the file's folder are relative.

    Reference: client-go RelativizePathWithNoBacksteps.
    """
    relative = copy.deepcopy(stanza)
    if not isinstance(cast("object", relative), dict):
        return relative  # the check of the whole document reports it
    folder = os.path.dirname(os.path.abspath(file))
    for field in _PATHS[section]:
        if isinstance(path := relative.get(field), str):
            relative[field] = _below(folder, path)
    plugin: object = relative.get("exec")
    if isinstance(plugin, dict):
        settings = cast("dict[str, Any]", plugin)
        command: object = settings.get("command")
        if isinstance(command, str) and os.path.isabs(command):
            path = _below(folder, command)
            # A name without a separator would be searched in PATH.
            settings["command"] = path if os.path.dirname(path) else os.path.join(os.curdir, path)
    return relative


def _below(folder: str, path: str) -> str:
    if not os.path.isabs(path):
        return path
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive
        return path
    return path if relative.split(os.sep)[0] == os.pardir else relative


def _texts(documents: Mapping[str, dict[str, Any]]) -> dict[str, bytes]:
    """Return the text of each file, after a check that it can be read."""
    from kubeloop.meta import yaml

    texts = _Unshown[bytes]()
    for path, document in documents.items():
        kubeconfig_of(document, path)
        try:
            texts[path] = yaml.dump(document, sort_keys=False).encode()
        except (EncodeError, UnicodeError):
            raise_alone(ConfigError(f"{path}: the change contains a lone surrogate, or is nested too deeply"))
    return texts


def _check_single(path: str) -> None:
    """Check that nothing stands behind the first document of a file, because it would be lost.

    Raises:
        ConfigError: There is another document.
    """
    from kubeloop.meta import yaml

    try:
        more = sum(document is not None for document in yaml.load_all(read_file(path))) > 1
    except DecodeError:
        more = True
    except OSError as error:
        raise ConfigError(f"{path}: cannot write this kubeconfig: {error.strerror or error}") from error
    if more:
        raise_alone(
            ConfigError(f"{path}: cannot write this kubeconfig, because text stands behind its first YAML document")
        )
