"""Value: the behavior of small immutable records."""

from __future__ import annotations

import copy
import pickle

import pytest

from kubeloop._kit.value import Value, field
from kubeloop.config.credential import ClientCertificate, Credential
from kubeloop.meta.gvk import GroupVersion


class Login(Value, frozen=True):
    """A record with a secret."""

    unshown = frozenset({"password"})

    user: str
    password: str = ""
    groups: list[str] = field(default_factory=list[str])


def test_a_repr_leaves_out_what_is_not_to_be_shown():
    assert repr(Login("jane", "s3cret")) == "Login(user='jane', groups=[])"
    assert repr(GroupVersion("apps", "v1")) == "GroupVersion(group='apps', version='v1')"
    assert "key" not in repr(Credential("Bearer abc", ClientCertificate(b"cert", b"key")))


def test_a_value_cannot_be_changed():
    login = Login("jane")
    with pytest.raises(AttributeError):
        login.user = "joe"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del login.user
    with pytest.raises(AttributeError):
        login.nothing = 1  # type: ignore[attr-defined]


def test_equal_values_are_equal_and_hash_alike():
    assert GroupVersion("apps", "v1") == GroupVersion("apps", "v1") != GroupVersion("apps", "v2")
    assert len({GroupVersion("apps", "v1"), GroupVersion("apps", "v1")}) == 1
    assert GroupVersion("", "v1") != ("", "v1")


def test_values_that_say_so_sort():
    assert sorted([GroupVersion("b", "v1"), GroupVersion("a", "v2"), GroupVersion("a", "v1")]) == [
        GroupVersion("a", "v1"),
        GroupVersion("a", "v2"),
        GroupVersion("b", "v1"),
    ]


def test_a_value_is_copied_pickled_and_matched():
    value = GroupVersion("apps", "v1")
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    match value:
        case GroupVersion(group="apps", version=version):
            assert version == "v1"
        case _:
            raise AssertionError


def test_a_copy_may_differ_in_some_fields():
    assert GroupVersion("apps", "v1").replace(version="v2") == GroupVersion("apps", "v2")


def test_a_default_is_created_for_each_record():
    first, second = Login("a"), Login("b")
    first.groups.append("admins")
    assert second.groups == []
