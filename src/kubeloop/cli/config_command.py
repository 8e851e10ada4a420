"""`kubeloop config`: show and change kubeconfig files, with the names, options and output of `kubectl config`.

The commands that set an entry are in `config_setters`, and those that set one field in `config_properties`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from kubeloop._kit.aligned_rows import aligned_rows
from kubeloop._kit.text import printable
from kubeloop.cli.config_properties import add_properties
from kubeloop.cli.config_setters import add_setters
from kubeloop.errors import ConfigError
from kubeloop.jsonpath import JSONPath, JSONPathError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.config import KubeconfigData

__all__ = ["add_config"]

_ABOUT = """\
Show and change kubeconfig files. The files are --kubeconfig, or those in KUBECONFIG, or ~/.kube/config. An entry is
changed in the file that has it; a new one is written to the first file that exists, or else to the last."""


def add_config(commands: argparse._SubParsersAction[Any]) -> None:  # argparse has no public name for it
    """Add the command and its subcommands."""
    config = commands.add_parser("config", help="show and change kubeconfig files", description=_ABOUT)
    subcommands = config.add_subparsers(metavar="SUBCOMMAND", title="subcommands", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig file to use instead of KUBECONFIG")

    def add(name: str, text: str, run: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = subcommands.add_parser(name, help=text, description=text, parents=[common])
        parser.set_defaults(run=run)
        return parser

    view = add("view", "print the merged kubeconfig, without secrets", _view)
    view.add_argument("--raw", action="store_true", help="print certificates, keys, tokens and passwords")
    view.add_argument("--minify", action="store_true", help="print only what the current context uses")
    view.add_argument(
        "--flatten", action="store_true", help="put the content of certificate and key files in; not redacted"
    )
    view.add_argument("--context", metavar="NAME", help="with --minify: the context to use instead of the current one")
    view.add_argument(
        "-o", "--output", metavar="FORMAT", default="yaml", type=_output_format, help="yaml, json or jsonpath=TEMPLATE"
    )
    contexts = add("get-contexts", "list the contexts", _get_contexts)
    contexts.add_argument("names", nargs="*", metavar="NAME", help="the contexts to list; all without names")
    contexts.add_argument("-o", "--output", choices=("name",), help="print only the names")
    contexts.add_argument("--no-headers", action="store_true", help="print no headers")
    add("get-clusters", "list the names of the clusters", _get_clusters)
    add("get-users", "list the names of the users", _get_users)
    add("validate", "check all entries, and print their problems", _validate)
    add("current-context", "print the name of the current context", _current_context)
    add("use-context", "set the current context", _use_context).add_argument("name", metavar="NAME")
    rename = add("rename-context", "rename a context", _rename_context)
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new_name", metavar="NEW_NAME")
    for section, what in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
        delete = add(f"delete-{what}", f"delete a {what}", _delete)
        delete.add_argument("name", metavar="NAME")
        delete.set_defaults(section=section, what=what)
    add_setters(add)
    add_properties(add)


def _view(options: argparse.Namespace) -> int:
    from kubeloop.config import flatten, minify, read_kubeconfig, redact
    from kubeloop.meta import yaml

    data = read_kubeconfig(options.kubeconfig)
    if options.minify:
        data.current_context = options.context or data.current_context
        data = minify(data)
    if options.flatten:
        data = flatten(data)
    elif not options.raw:
        data = redact(data)
    document = data.document()
    if isinstance(options.output, JSONPath):
        print(options.output.text(document), end="")
    else:
        print(json.dumps(document, indent=4) if options.output == "json" else yaml.dump(document).rstrip("\n"))
    return 0


def _output_format(text: str) -> str | JSONPath:
    name, _, template = text.partition("=")
    if name == "jsonpath" and template:
        try:
            return JSONPath(template, allow_missing_keys=True)
        except JSONPathError as error:
            raise argparse.ArgumentTypeError(printable(str(error))) from None
    if text not in ("yaml", "json"):
        raise argparse.ArgumentTypeError(printable(f"expected yaml, json or jsonpath=TEMPLATE, got {text!r}"))
    return text


def _get_contexts(options: argparse.Namespace) -> int:
    data = _read(options)
    missing = [name for name in options.names if name not in data.contexts]
    names = sorted(name for name in options.names or data.contexts if name in data.contexts)
    if options.output == "name":
        for name in names:
            print(printable(name))
    else:
        rows = [] if options.no_headers else [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]]
        for name in names:
            context = data.contexts[name]
            fields = (context.get(field) or "" for field in ("cluster", "user", "namespace"))
            rows.append(["*" if name == data.current_context else " ", name, *fields])
        _print_table(rows)
    if missing:
        raise ConfigError(", ".join(f"context {name} not found" for name in missing))
    return 0


def _print_table(rows: list[list[str]]) -> None:
    """Print rows as kubectl does."""
    for line in aligned_rows([[printable(cell) for cell in row] for row in rows]):
        print(line)


def _get_clusters(options: argparse.Namespace) -> int:
    return _print_names(_read(options).clusters)


def _get_users(options: argparse.Namespace) -> int:
    return _print_names(_read(options).users)


def _print_names(names: Iterable[str]) -> int:
    print("NAME", *map(printable, sorted(names)), sep="\n")
    return 0


def _current_context(options: argparse.Namespace) -> int:
    data = _read(options)
    if not data.current_context:
        next_step = 'choose a context with "kubeloop config use-context"'
        raise ConfigError(f"current-context is not set; {next_step}; {_existing(data.contexts)}")
    print(printable(data.current_context))
    return 0


def _validate(options: argparse.Namespace) -> int:
    from kubeloop.config import validate_kubeconfig

    problems = validate_kubeconfig(options.kubeconfig)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _use_context(options: argparse.Namespace) -> int:
    from kubeloop.config import modify_kubeconfig

    def use(data: KubeconfigData) -> None:
        if options.name not in data.contexts:
            raise ConfigError(f'no context exists with the name: "{options.name}"; {_existing(data.contexts)}')
        data.current_context = options.name

    asyncio.run(modify_kubeconfig(use, options.kubeconfig))
    print(printable(f'Switched to context "{options.name}".'))
    return 0


def _rename_context(options: argparse.Namespace) -> int:
    from kubeloop.config import modify_kubeconfig

    asyncio.run(modify_kubeconfig(lambda data: data.rename_context(options.name, options.new_name), options.kubeconfig))
    print(printable(f'Context "{options.name}" renamed to "{options.new_name}".'))
    return 0


def _delete(options: argparse.Namespace) -> int:
    from kubeloop.config import modify_kubeconfig

    file = ""

    def delete(data: KubeconfigData) -> None:
        nonlocal file
        stanzas = data.section(options.section)
        if options.name not in stanzas:
            what = f'cannot delete {options.what} "{options.name}": there is no such {options.what}'
            raise ConfigError(f"{what}; {_existing(stanzas)}")
        file = data.file_of(options.section, options.name) or ""
        del stanzas[options.name]

    after = asyncio.run(modify_kubeconfig(delete, options.kubeconfig))
    if options.section == "contexts" and after.current_context == options.name:
        text = 'warning: this removed the current context; select another one with "kubeloop config use-context"'
        print(text, file=sys.stderr)
    print(printable(f"deleted {options.what} {options.name} from {file}"))
    return 0


def _existing(names: Iterable[str]) -> str:
    return f"there are: {', '.join(sorted(names)) or 'none'}"


def _read(options: argparse.Namespace) -> KubeconfigData:
    from kubeloop.config import read_kubeconfig

    return read_kubeconfig(options.kubeconfig)
