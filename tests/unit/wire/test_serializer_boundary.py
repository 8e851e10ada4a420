"""Formats stay in `wire.serializers`: no other module knows a media type of bodies, or how events are framed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kubeloop

PACKAGE = Path(kubeloop.__file__).parent
SERIALIZERS = "wire/serializers"
# Excepted: the control plane for tests is prepared with the standard library's HTTP, without a client.
BESIDE = ("testing/", "codegen/", "cli/", "models/")
ROOMS_ABOVE = ("rest", "listwatch", "clients", "cache")


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(tuple(f"{room}/" for room in rooms)) if rooms else not name.startswith(BESIDE):
            yield name, parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def constants(tree: ast.Module) -> Iterator[str | bytes]:
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) and id(node) not in described:
            yield node.value


def media_types_of(name: str, tree: ast.Module) -> set[tuple[str, str]]:
    texts = (text if isinstance(text, str) else text.decode("latin-1") for text in constants(tree))
    return {(name, text) for text in texts if text.startswith(("application/", "text/"))}


def test_no_other_module_knows_a_media_type_of_bodies() -> None:
    found = {pair for each in modules() for pair in media_types_of(*each)}
    serializers = {f"{SERIALIZERS}/{each}_serializer.py" for each in ("json", "protobuf")}
    # The bodies of OpenID Connect, the plain text of a server that cannot read a request, and probes and metrics.
    other_protocols = {"config/oidc_protocol.py", "serving/refusal.py"}
    other_protocols |= {"health/health_response.py", "health/health_server.py"}
    assert {name for name, _ in found} == {*serializers, *other_protocols, "wire/patch.py"}
    assert {text for name, text in found if name == "wire/patch.py"} == {
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    }


def test_no_other_module_cuts_a_stream_of_events() -> None:
    ends = {name for name, tree in modules(*ROOMS_ABOVE, "wire") if {b"\n", b"\r\n"} & set(constants(tree))}
    http_framing = {"wire/chunks.py"}
    assert ends - http_framing == {f"{SERIALIZERS}/json_frames.py", "wire/text_lines.py"}
    users = {name for name, tree in modules() for node in ast.walk(tree) if "kubeloop.wire.text_lines" in imports(node)}
    assert users == {f"{SERIALIZERS}/json_frames.py", "clients/log_verbs.py"}  # the second program reads logs


def test_the_rooms_above_know_the_protocol_and_not_json() -> None:
    imported = {
        (name, module)
        for name, tree in modules(*ROOMS_ABOVE, "transport")
        for node in ast.walk(tree)
        for module in imports(node)
        if module.startswith(("json", "msgspec", "kubeloop.wire.serializers.json", "kubeloop.objects.json"))
    }
    assert imported == set()


def imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def test_the_check_finds_forbidden_texts() -> None:
    """A check that finds nothing anywhere would pass as well."""
    tree = ast.parse('"""application/doc"""\nimport json\nx = f("application/json;a=b", b"\\n")')
    assert media_types_of("m", tree) == {("m", "application/json;a=b")}
    assert b"\n" in set(constants(tree))
    assert [module for node in ast.walk(tree) for module in imports(node)] == ["json"]
