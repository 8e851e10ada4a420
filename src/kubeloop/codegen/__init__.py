"""Code generation: API types in one neutral form become models, typed clients and informers.

Readers create the neutral form (`schema.Module`): `schema` from the JSON of `tools/schema`, `crd`, `openapi` and
`cluster` from their inputs. Emitters write text: `model_files`, `accessors`, `informers`. `python_names` contains the
naming rules. Programs that use kubeloop never import this package.
"""
