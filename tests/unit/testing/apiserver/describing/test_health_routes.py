"""The health paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from kubeloop.testing.apiserver.describing.health_routes import health_response


def body(path: str, query: Mapping[str, Sequence[str]]) -> str:
    response = health_response(path, query)
    assert response is not None
    assert response.status == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    return response.body.decode()


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/readyz/ping", "/livez/etcd", "/healthz/ping"])
def test_healthy_paths_return_ok(path: str) -> None:
    assert body(path, {}) == "ok"


@pytest.mark.parametrize("path", ["/", "/health", "/readyz/none", "/readyz/", "/livez/readyz", "/api"])
def test_other_paths_are_not_responded_to(path: str) -> None:
    assert health_response(path, {}) is None


def test_a_verbose_response_lists_every_check() -> None:
    lines = body("/readyz", {"verbose": [""]}).splitlines()
    assert lines[0] == "[+]ping ok"
    assert "[+]etcd-readiness ok" in lines
    assert lines[-1] == "readyz check passed"


def test_excluded_checks_are_marked_and_unknown_ones_are_reported() -> None:
    lines = body("/livez", {"verbose": ["true"], "exclude": ["etcd", "b", "a"]}).splitlines()
    assert "[+]etcd excluded: ok" in lines
    assert lines[-2:] == [
        'warn: some health checks cannot be excluded: no matches for "a","b"',
        "livez check passed",
    ]
