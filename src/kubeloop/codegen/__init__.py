"""Code generation: API types, in one neutral form, become models, client accessors and informers.

Readers make the neutral form (`schema.Module`): `schema` from the JSON that `tools/schema` writes for the built-in
types, `crd` from CustomResourceDefinitions, `openapi` from an OpenAPI v3 document, `cluster` from a running server.
Emitters turn it into text: `runtime` and `stub` (a model module and its `.pyi`), `accessors` (the typed clients),
`informers`. `names` holds every naming rule and the one table of exceptions; `output` writes files with their
header. Built-in and custom types take the same way, so what the one has the other has.

Nothing here runs when a program uses kubeloop: the generated files are committed (built-in types) or kept by
whoever generated them (custom types).
"""
