"""`kubeloop generate --crd FILE…|--openapi FILE…|--cluster --out DIR [--check]`.

Reads the input, asks `kubeloop.codegen` for the files, imports them in a process of its own, writes them. Nothing is
written when anything fails before. A package is what one run makes: generated files that an earlier run left in the
folder go, files by hand stay. With `--check` the files in the folder are compared with what would be written.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubeloop.errors import DecodeError

if TYPE_CHECKING:
    from kubeloop.codegen.custom import ModuleNames
    from kubeloop.codegen.schema import Module

__all__ = ["add_generate"]

_OWNED = ("", "models", "clients", "informers")


def add_generate(commands: argparse._SubParsersAction[Any]) -> None:  # argparse has no public name for it
    """Add the command and its options."""
    text = "write typed models, clients and informers for custom resources"
    parser = commands.add_parser("generate", help=text, description=text)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--crd", nargs="+", type=Path, metavar="FILE", help="CustomResourceDefinitions, YAML or JSON")
    source.add_argument(
        "--openapi", nargs="+", type=Path, metavar="FILE", help="OpenAPI v3 documents of a server, a group version each"
    )
    source.add_argument(
        "--cluster", action="store_true", help="all that a running server has beyond the built-in types"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the package to write")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; name the files that are not current, and exit with 1"
    )
    parser.add_argument(
        "--group", action="append", default=[], help="with --cluster: only this API group (may be repeated)"
    )
    parser.add_argument("--kubeconfig", help="with --cluster: which kubeconfig")
    parser.add_argument("--context", help="with --cluster: which context of it")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from kubeloop.codegen.custom import ModuleNames, generate_package
    from kubeloop.codegen.generated_files import origin_line, write
    from kubeloop.codegen.given_names import read_names
    from kubeloop.codegen.trial_import import try_package

    out: Path = options.out
    names = ModuleNames(read_names(out))
    if options.crd:
        modules, inputs = _from_crds(options.crd, names)
        command = ["--crd", *(path.name for path in options.crd)]
    elif options.openapi:
        modules, inputs = _from_openapi(options.openapi, names)
        command = ["--openapi", *(path.name for path in options.openapi)]
    else:
        modules, text = asyncio.run(_from_cluster(options, names))
        inputs = [text]
        command = ["--cluster", *(word for group in options.group for word in ("--group", group))]
    origin = origin_line(shlex.join(["kubeloop", "generate", *command]), inputs)
    files = generate_package(modules, origin)
    if options.check:
        return _check(files, out)
    try_package(files)
    touched = write(files, out, owned=_OWNED)
    for name, module in modules.items():
        kinds = ", ".join(sorted(resource.kind for resource in module.resources))
        print(f"{name}: {kinds}")
    print(f"{len(files)} files in {out}, {len(touched)} changed")
    return 0


def _check(files: Mapping[str, str], out: Path) -> int:
    from kubeloop.codegen.generated_files import differences

    found = differences(files, out, owned=_OWNED)
    print(*found, f"{len(files)} files in {out}, {len(found)} not current", sep="\n")
    if found:
        print("kubeloop: the package is not current: run the command without --check", file=sys.stderr)
    return 1 if found else 0


def _from_crds(paths: Sequence[Path], names: ModuleNames) -> tuple[dict[str, Module], list[bytes]]:
    from kubeloop.codegen.crd import find_definitions, modules_of

    inputs = [path.read_bytes() for path in paths]
    found = [
        one
        for path, data in zip(paths, inputs, strict=True)
        for one in find_definitions(_documents(path, data), str(path))
    ]
    return modules_of(found, names), inputs


def _from_openapi(paths: Sequence[Path], names: ModuleNames) -> tuple[dict[str, Module], list[bytes]]:
    from kubeloop.codegen.custom import built_in_types
    from kubeloop.codegen.openapi import read_openapi

    inputs = [path.read_bytes() for path in paths]
    found = [
        read_openapi(document, str(path), built_in_types(), names)
        for path, data in zip(paths, inputs, strict=True)
        for document in _documents(path, data)
    ]
    return {module.name: module for module in sorted(found, key=lambda one: one.name)}, inputs


def _documents(path: Path, data: bytes) -> list[object]:
    """Return the documents of a file; an error names it."""
    from kubeloop.codegen.schema import SchemaError
    from kubeloop.meta import yaml

    try:
        return list(yaml.load_all(data))
    except DecodeError as error:
        raise SchemaError(f"{path}: {error}") from None


async def _from_cluster(options: argparse.Namespace, names: ModuleNames) -> tuple[dict[str, Module], bytes]:
    from kubeloop.codegen.cluster import read_cluster
    from kubeloop.config.load import load_config
    from kubeloop.rest.client import RESTClient

    config = load_config(options.kubeconfig, context=options.context)
    async with RESTClient(config) as rest:
        return await read_cluster(rest, options.group, names)
