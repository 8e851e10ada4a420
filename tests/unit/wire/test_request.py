"""Paths and queries: correct for valid parts, and refused for parts that would lead somewhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kubeloop.meta.gvk import GroupVersion
from kubeloop.wire.request import Request, absolute_target, group_version_path, resource_path, segment, target

CORE = GroupVersion("", "v1")
APPS = GroupVersion("apps", "v1")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (resource_path(CORE, "pods"), "/api/v1/pods"),
        (resource_path(CORE, "pods", namespace="a"), "/api/v1/namespaces/a/pods"),
        (resource_path(CORE, "pods", namespace=""), "/api/v1/pods"),
        (resource_path(CORE, "pods", namespace="a", name="b"), "/api/v1/namespaces/a/pods/b"),
        (resource_path(APPS, "deployments", namespace="a", name="b", subresource="scale"),
         "/apis/apps/v1/namespaces/a/deployments/b/scale"),
        (resource_path(CORE, "nodes", name="n", subresource="proxy/metrics"), "/api/v1/nodes/n/proxy/metrics"),
        (resource_path(GroupVersion("rbac.authorization.k8s.io", "v1"), "clusterroles", name="system:node"),
         "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"),
    ],
)  # fmt: skip
def test_a_resource_is_found_at_its_path(path: str, expected: str) -> None:
    assert path == expected


BREAKING = [".", "..", "a/b", "a%2fb", "/", "../../secrets"]
BREAKING_PIECES = [
    *((where, bad) for where in ("namespace", "name", "resource", "version", "group") for bad in BREAKING),
    *((where, "") for where in ("name", "resource", "version", "subresource")),
    *(("subresource", bad) for bad in (".", "..", "%", "a%2fb", "/", "../../secrets", "a/../b")),
]


@pytest.mark.parametrize(("where", "bad"), BREAKING_PIECES)
def test_a_piece_that_would_break_the_path_is_refused(where: str, bad: str) -> None:
    pieces = {"namespace": "a", "name": "b", "subresource": "c", where: bad}
    group_version = GroupVersion(pieces.pop("group", "g"), pieces.pop("version", "v1"))
    resource = pieces.pop("resource", "pods")
    with pytest.raises(ValueError):  # noqa: PT011 - each piece has its own message
        resource_path(group_version, resource, **pieces)


def test_a_subresource_of_a_whole_collection_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        resource_path(CORE, "pods", subresource="log")


def test_odd_characters_are_escaped() -> None:
    assert segment("a b?c#d", "name") == "a%20b%3Fc%23d"
    assert segment("ä", "name") == "%C3%A4"
    assert segment("system:masters", "name") == "system:masters"
    assert segment("a!b'(c)*", "name") == "a%21b%27%28c%29%2A"


def test_a_resource_in_upper_case_is_sent_in_lower_case() -> None:
    """As client-go sends the resource (E15)."""
    assert resource_path(CORE, "Pods", namespace="a", name="Web") == "/api/v1/namespaces/a/pods/Web"
    assert resource_path(CORE, "Ä?") == "/api/v1/%C3%A4%3F"


def test_a_query_leaves_out_what_is_none_and_writes_booleans_as_go_does() -> None:
    params = {"watch": True, "limit": 5, "a": None, "labelSelector": "app in (a,b)", "dryRun": ["All", "x"], "b": False}
    assert target("/p", params) == "/p?watch=true&limit=5&labelSelector=app+in+%28a%2Cb%29&dryRun=All&dryRun=x&b=false"
    assert target("/p", {"a": None}) == "/p"
    assert target("/p") == "/p"


def test_an_absolute_path_keeps_its_query_and_takes_more() -> None:
    assert absolute_target("/version") == "/version"
    assert absolute_target("/openapi/v3?hash=1", {"a": "b"}) == "/openapi/v3?hash=1&a=b"
    assert absolute_target("/logs/", {"a": "b"}) == "/logs/?a=b"


@pytest.mark.parametrize("bad", ["version", "", "//host/path", "/a/../b", "/a/./b", "/a b", "/a#b", "/a\nb", "/a\\b"])
def test_an_absolute_path_that_could_lead_elsewhere_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"path|character"):
        absolute_target(bad)


def test_a_request_never_shows_its_body() -> None:
    request = Request("POST", "/api/v1/secrets?x=1", body=b"hunter2")
    assert "hunter2" not in repr(request)
    assert request.path == "/api/v1/secrets"


def test_only_the_headers_differ_in_a_request_with_other_headers() -> None:
    """(C6) The permissions and secrets of a request stay when a credential is added."""
    whole = Request(
        "POST", "/api", {"A": "b"}, b"{}", is_confidential=True, may_fall_silent=True, is_list=True, before_send=print
    )
    same = whole.with_headers({"C": "d"})
    assert same == whole.replace(headers={"C": "d"})
    assert all(getattr(whole, name) != getattr(Request("", ""), name) for name in Request.__struct_fields__)


def test_the_repr_of_a_request_has_no_value_of_a_header_or_of_the_query() -> None:
    request = Request("GET", "/api/v1/pods?token=hunter2&watch=true", {"Authorization": "Bearer hunter2"}, b"12")
    assert repr(request) == "<Request GET /api/v1/pods?token&watch, headers: Authorization, 2 bytes>"
    assert repr(Request("GET", "/version")) == "<Request GET /version, headers: none>"


@pytest.mark.parametrize("value", [None, 5, b"x", ["x"]])
def test_a_name_that_is_no_text_is_a_type_error_that_names_it(value: Any) -> None:
    with pytest.raises(TypeError, match=f"^name must be text, not {type(value).__name__}$"):
        resource_path(CORE, "pods", namespace="a", name=value) if value else segment(value, "name")


@pytest.mark.parametrize("bad", ["apps?x=", "apps#", "a b", "..", ".", "a%2fb", "a\\b", "ä", "\ud800", "a\n"])
def test_a_group_or_version_that_leads_elsewhere_is_refused(bad: str) -> None:
    """(F15) `apps?x=/v1` read `/apis/apps`."""
    for group_version in (GroupVersion(bad, "v1"), GroupVersion("apps", bad)):
        with pytest.raises(ValueError, match=r"API (group|version)"):
            resource_path(group_version, "deployments")
        with pytest.raises(ValueError, match=r"API (group|version)"):
            group_version_path(group_version)


def test_half_of_a_surrogate_pair_is_no_part_of_a_path() -> None:
    """(F14) The codec's own exception would keep the text."""
    with pytest.raises(ValueError, match="half of a surrogate pair") as caught:
        segment("a\ud800", "name")
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    "build",
    [
        lambda text: absolute_target(f"/{text}"),
        lambda text: absolute_target(f"/a?b={text}"),
        lambda text: absolute_target("/a", {"b": text}),
        lambda text: absolute_target("/a", {text: "b"}),
        lambda text: target("/a", {"b": ["c", text]}),
    ],
)
def test_half_of_a_surrogate_pair_is_no_part_of_a_target(build: Callable[[str], str]) -> None:
    """(F10)"""
    for half in ("\ud800", "\udfff"):
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # two messages
            build(f"a{half}")
        assert type(caught.value) is ValueError
