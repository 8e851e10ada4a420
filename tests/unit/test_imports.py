"""A gap in the contracts of `.importlinter`: a module that imports a package around it."""

from __future__ import annotations

import grimp


def test_no_module_imports_a_package_that_contains_it() -> None:
    graph = grimp.build_graph("kubeloop", exclude_type_checking_imports=True, cache_dir=None)

    assert len(graph.modules) > 400
    assert [
        (importer, imported)
        for importer in sorted(graph.modules)
        for imported in graph.find_modules_directly_imported_by(importer)
        if importer.startswith(f"{imported}.")
    ] == []
