"""The accessors of a group version, as a person at the prompt meets them: repr and misspelt names."""

from __future__ import annotations

import pytest

import kubeloop
from tests.support.scripted_clientset import clientset


@pytest.fixture
def factory() -> kubeloop.SharedInformerFactory:
    return kubeloop.SharedInformerFactory(clientset()[0])


def test_repr_shows_the_group_version_the_factory_and_the_accessors(factory: kubeloop.SharedInformerFactory) -> None:
    shown = repr(factory.apps_v1)
    assert shown.startswith("<AppsV1Informers apps/v1 of <SharedInformerFactory in all namespaces: new, 0 informers>: ")
    assert shown.endswith("controller_revisions, daemon_sets, deployments, replica_sets, stateful_sets>")


def test_a_misspelt_accessor_is_an_attribute_error_with_the_near_name(factory: kubeloop.SharedInformerFactory) -> None:
    with pytest.raises(AttributeError, match=r"^v1 has no informer 'pod'; did you mean 'pods'\?$"):
        _ = factory.core_v1.pod  # type: ignore[attr-defined]


def test_an_accessor_that_is_like_no_other_lists_all(factory: kubeloop.SharedInformerFactory) -> None:
    with pytest.raises(AttributeError, match=r"apps/v1 has no informer 'xyz': it has controller_revisions, "):
        _ = factory.apps_v1.xyz  # type: ignore[attr-defined]
