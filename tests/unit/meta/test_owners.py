"""Owner references."""

from __future__ import annotations

from types import SimpleNamespace as Thing

import pytest

from kubeloop.meta.owners import controller_of, is_controlled_by, is_owned_by, owner_reference


def owner(uid="u1", name="web"):
    return Thing(api_version="apps/v1", kind="ReplicaSet", metadata=Thing(name=name, uid=uid))


def owned(*references):
    return Thing(metadata=Thing(owner_references=references))


def test_the_controller_is_the_owner_that_says_so():
    plain, controlling = Thing(uid="a", controller=None), Thing(uid="b", controller=True)
    assert controller_of(owned(plain, controlling)) is controlling
    assert controller_of(owned(plain, Thing(uid="c", controller=False))) is None
    assert controller_of(owned()) is None


def test_an_object_is_controlled_by_the_owner_of_the_same_uid_only():
    pod = owned(Thing(uid="u0", controller=None), Thing(uid="u1", controller=True))
    assert is_controlled_by(pod, owner("u1"))
    assert not is_controlled_by(pod, owner("u2"))
    assert not is_controlled_by(pod, owner("u0"))
    assert not is_controlled_by(owned(), owner("u1"))


def test_an_object_is_owned_by_each_of_its_owners():
    pod = owned(Thing(uid="u0", controller=None), Thing(uid="u1", controller=True))
    assert is_owned_by(pod, owner("u0"))
    assert is_owned_by(pod, owner("u1"))
    assert not is_owned_by(pod, owner("u2"))


def test_builds_a_controller_reference_with_the_class_it_is_given():
    reference = owner_reference(owner(), Thing)
    assert reference == Thing(
        api_version="apps/v1", kind="ReplicaSet", name="web", uid="u1", controller=True, block_owner_deletion=True
    )
    assert is_controlled_by(owned(reference), owner())


def test_leaves_out_what_is_not_wanted():
    reference = owner_reference(owner(), Thing, controller=False, block_owner_deletion=False)
    assert (reference.controller, reference.block_owner_deletion) == (None, None)


@pytest.mark.parametrize("unborn", [owner(uid=""), owner(name="")])
def test_refuses_an_owner_that_was_not_created_yet(unborn):
    with pytest.raises(ValueError, match="create it before"):
        owner_reference(unborn, Thing)
