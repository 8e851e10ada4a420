"""`url_template`: which part of a path is a name."""

from __future__ import annotations

import pytest

from kubeloop.telemetry.url_template import url_template


@pytest.mark.parametrize(("path", "template", "namespace"), [
    ("/api/v1/pods", "/api/v1/pods", ""),
    ("/api/v1/nodes/n1", "/api/v1/nodes/{name}", ""),
    ("/api/v1/nodes/n1/status", "/api/v1/nodes/{name}/status", ""),
    ("/api/v1/namespaces", "/api/v1/namespaces", ""),
    ("/api/v1/namespaces/default", "/api/v1/namespaces/{name}", "default"),
    ("/api/v1/namespaces/default/finalize", "/api/v1/namespaces/{name}/finalize", "default"),
    ("/api/v1/namespaces/default/status", "/api/v1/namespaces/{name}/status", "default"),
    ("/api/v1/namespaces/default/pods", "/api/v1/namespaces/{namespace}/pods", "default"),
    ("/api/v1/namespaces/d%20d/pods/p/log", "/api/v1/namespaces/{namespace}/pods/{name}/log", "d d"),
    ("/api/v1/namespaces/d/services/s/proxy/a/b", "/api/v1/namespaces/{namespace}/services/{name}/proxy/{path}", "d"),
    ("/api/v1/nodes/n/proxy/a", "/api/v1/nodes/{name}/proxy/{path}", ""),
    ("/apis/apps/v1/deployments/", "/apis/apps/v1/deployments", ""),
    ("/apis/apps/v1/namespaces/d/deployments/web/scale",
     "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", "d"),
])  # fmt: skip
def test_names_become_placeholders(path: str, template: str, namespace: str) -> None:
    assert url_template(path) == (template, namespace)


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/healthz/a"]
)
def test_another_path_has_no_template(path: str) -> None:
    assert url_template(path) is None
