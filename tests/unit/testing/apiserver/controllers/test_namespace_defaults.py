"""What each namespace contains."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.stored import Key
from tests.support.controlled import ControlledServer
from tests.support.served_kinds import state

ACCOUNT = Key("serviceaccounts", "default", "default")
CERTIFICATES = Key("configmaps", "default", "kube-root-ca.crt")


def test_each_namespace_has_an_account_and_the_certificates() -> None:
    server = ControlledServer()
    server.post("/api/v1/namespaces", {"metadata": {"name": "other"}})

    for namespace in ("default", "other"):
        assert server.storage.get(ACCOUNT._replace(namespace=namespace))
        found = server.storage.get(CERTIFICATES._replace(namespace=namespace))
        assert found
        assert state(found)["data"] == {"ca.crt": "PEM"}


def test_they_are_created_again() -> None:
    server = ControlledServer()

    server.send("DELETE", "/api/v1/namespaces/default/serviceaccounts/default")
    server.send("DELETE", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")

    assert server.storage.get(ACCOUNT)
    assert server.storage.get(CERTIFICATES)


def test_changed_certificates_are_restored() -> None:
    server = ControlledServer()

    server.patch("/api/v1/namespaces/default/configmaps/kube-root-ca.crt", {"data": {"ca.crt": "other", "x": "y"}})

    found = server.storage.get(CERTIFICATES)
    assert found
    assert state(found)["data"] == {"ca.crt": "PEM"}


def test_each_of_them_can_be_switched_off() -> None:
    assert not ControlledServer(enabled=["service-accounts"]).storage.get(CERTIFICATES)
    assert not ControlledServer(enabled=["root-certificates"]).storage.get(ACCOUNT)
