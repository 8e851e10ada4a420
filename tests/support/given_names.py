"""What a program would notice if a package was generated again: names that mean something else now."""

from __future__ import annotations

from collections.abc import Iterator

from kubeloop.codegen.given_names import ModuleRecord

__all__ = ["changed_names"]


def changed_names(before: ModuleRecord, after: ModuleRecord) -> Iterator[str]:
    """Yield the names whose meaning has changed. A class means the places that it has in common with before."""
    if before.module != after.module:
        yield before.module
    held = {place for places in after.classes.values() for place in places}
    for name, places in before.classes.items():
        if held.intersection(places) and not set(places).intersection(after.classes.get(name, ())):
            yield name
    for name, attributes in before.attributes.items():
        now = after.attributes.get(name, {})
        yield from (f"{name}.{wire}" for wire in attributes.keys() & now if attributes[wire] != now[wire])
    common = before.resources.keys() & after.resources
    yield from (name for name in common if before.resources[name] != after.resources[name])
