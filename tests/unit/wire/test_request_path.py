"""Paths and queries of requests, as the real server reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.meta.gvk import GroupResource, GroupVersion
from kubeloop.wire.request import resource_path, target
from kubeloop.wire.request_path import RequestInfo, parse_path


def said(info: RequestInfo) -> tuple[str, ...]:
    return (info.verb, info.group, info.version, info.namespace, info.resource, info.subresource, info.name)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        # The table of the real server: requestinfo_test.go (TestGetAPIRequestInfo).
        ("GET", "/api/v1/namespaces", ("list", "", "v1", "", "namespaces", "", "")),
        ("GET", "/api/v1/namespaces/other", ("get", "", "v1", "other", "namespaces", "", "other")),
        ("GET", "/api/v1/namespaces/other/pods", ("list", "", "v1", "other", "pods", "", "")),
        ("GET", "/api/v1/namespaces/other/pods/foo", ("get", "", "v1", "other", "pods", "", "foo")),
        ("HEAD", "/api/v1/namespaces/other/pods/foo", ("get", "", "v1", "other", "pods", "", "foo")),
        ("GET", "/api/v1/pods", ("list", "", "v1", "", "pods", "", "")),
        ("HEAD", "/api/v1/pods", ("list", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo", ("proxy", "", "v1", "other", "pods", "", "foo")),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo/sub", ("proxy", "", "v1", "other", "pods", "", "foo")),
        ("GET", "/api/v1/watch/pods", ("watch", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/pods?watch=true", ("watch", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/pods?watch=false", ("list", "", "v1", "", "pods", "", "")),
        ("GET", "/api/v1/watch/namespaces/other/pods", ("watch", "", "v1", "other", "pods", "", "")),
        ("GET", "/api/v1/namespaces/other/pods?watch=1", ("watch", "", "v1", "other", "pods", "", "")),
        ("GET", "/api/v1/namespaces/other/pods?watch=0", ("list", "", "v1", "other", "pods", "", "")),
        ("GET", "/api/v1/namespaces/other/pods/foo/status", ("get", "", "v1", "other", "pods", "status", "foo")),
        ("GET", "/api/v1/namespaces/other/pods/foo/proxy/a/b", ("get", "", "v1", "other", "pods", "proxy", "foo")),
        ("GET", "/api/v1/namespaces/other/finalize", ("get", "", "v1", "other", "namespaces", "finalize", "other")),
        ("PUT", "/api/v1/namespaces/other/status", ("update", "", "v1", "other", "namespaces", "status", "other")),
        ("PATCH", "/api/v1/namespaces/other/pods/foo", ("patch", "", "v1", "other", "pods", "", "foo")),
        ("DELETE", "/api/v1/namespaces/other/pods/foo", ("delete", "", "v1", "other", "pods", "", "foo")),
        ("POST", "/api/v1/namespaces/other/pods", ("create", "", "v1", "other", "pods", "", "")),
        ("DELETE", "/api/v1/namespaces/other/pods", ("deletecollection", "", "v1", "other", "pods", "", "")),
        ("GET", "/apis/extensions/v1/namespaces/other/pods", ("list", "extensions", "v1", "other", "pods", "", "")),
        ("OPTIONS", "/api/v1/pods", ("", "", "v1", "", "pods", "", "")),
        ("GET", "/apis/apps/v1/deployments/", ("list", "apps", "v1", "", "deployments", "", "")),
    ],
)
def test_a_path_says_verb_and_resource(method: str, path: str, expected: tuple[str, ...]) -> None:
    info = parse_path(method, path)

    assert info.is_resource_request
    assert said(info) == expected


@pytest.mark.parametrize(
    "path", ["/", "", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/x/y/z"]
)
def test_other_paths_have_no_resource(path: str) -> None:
    info = parse_path("GET", path)

    assert (info.is_resource_request, info.verb, info.path) == (False, "get", path)


@pytest.mark.parametrize(
    ("query", "verb", "name"),
    [
        ("", "list", ""),
        ("watch=true", "watch", ""),
        ("watch", "watch", ""),
        ("watch=FALSE", "list", ""),
        ("watch=1&watch=0", "watch", ""),
        ("fieldSelector=metadata.name%3Dfoo", "list", "foo"),
        ("fieldSelector=metadata.name%3Dfoo&watch=true", "watch", "foo"),
        ("fieldSelector=metadata.name!%3Dfoo", "list", ""),
        ("fieldSelector=metadata.name%3D", "list", ""),
        ("fieldSelector=metadata.name%3Dfoo%2Fbar", "list", ""),
        ("fieldSelector=metadata.name%3D..", "list", ""),
        ("fieldSelector=foo%3Dbar,metadata.name%3Dn", "list", "n"),
        ("fieldSelector=(", "list", ""),
        ("fieldSelector=metadata.name%3Dfoo&limit=x", "list", ""),
        ("fieldSelector=metadata.name%3Dfoo&limit=x&watch=yes", "watch", ""),
        ("fieldSelector=metadata.name%3Dfoo&limit=99999999999999999999", "list", ""),
        ("fieldSelector=metadata.name%3Dfoo&labelSelector=!", "list", ""),
    ],
)
def test_the_query_of_a_collection_says_whether_it_is_watched_and_what_name_is_wanted(
    query: str, verb: str, name: str
) -> None:
    info = parse_path("GET", f"/api/v1/namespaces/ns/pods?{query}")

    assert (info.verb, info.name) == (verb, name)


def test_escapes_are_read_before_the_path_is_split() -> None:
    assert parse_path("GET", "/api/v1/namespaces/a%20b/pods/x%2Fstatus").parts == ("pods", "x", "status")


@pytest.mark.parametrize("path", ["/api/v1/watch", "/apis/apps/v1/proxy"])
def test_a_prefix_without_a_resource_is_an_error_of_the_server(path: str) -> None:
    with pytest.raises(errors.InternalError, match="unable to determine kind and namespace from url"):
        parse_path("GET", path)


@pytest.mark.parametrize("path", ["/api/v1/pods/%", "/api/v1/pods/%zz", "/%4"])
def test_a_malformed_escape_is_refused(path: str) -> None:
    with pytest.raises(errors.BadRequest, match="invalid URL escape"):
        parse_path("GET", path)


_segments = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1).filter(
    lambda text: text not in (".", "..") and not set("/%") & set(text)
)


@given(_segments, _segments, st.sampled_from([None, "status", "scale"]), st.booleans())
def test_paths_that_the_client_builds_are_read_back(
    namespace: str, name: str, subresource: str | None, grouped: bool
) -> None:
    group_version = GroupVersion("apps", "v1") if grouped else GroupVersion("", "v1")
    path = resource_path(group_version, "things", namespace=namespace, name=name, subresource=subresource)

    info = parse_path("GET", target(path, {"a": "1", "b": ["x y", "&=é"]}))

    assert (info.namespace, info.name, info.subresource) == (namespace, name, subresource or "")
    assert info.group_version == group_version
    assert info.group_resource == GroupResource(group_version.group, "things")
    assert info.query == {"a": ["1"], "b": ["x y", "&=é"]}
