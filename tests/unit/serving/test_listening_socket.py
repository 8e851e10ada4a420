"""The socket for all addresses, on hosts with and without IPv6."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from kubeloop.serving.listening_socket import socket_on_all_addresses


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_both_families_reach_one_port(address: str) -> None:
    with socket_on_all_addresses(0) as listening:
        assert listening.family == socket.AF_INET6
        with socket.create_connection((address, listening.getsockname()[1])), listening.accept()[0]:
            pass


def test_without_ipv6_there_is_a_socket_of_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with socket_on_all_addresses(0) as listening:
        assert listening.family == socket.AF_INET


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_an_address_that_the_kernel_has_switched_off_is_not_needed(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    create_server = socket.create_server

    def refuse(address: tuple[str, int], **options: Any) -> socket.socket:
        if address[0] == "::":
            raise OSError(number, "switched off")
        return create_server(address, **options)

    monkeypatch.setattr(socket, "create_server", refuse)
    with socket_on_all_addresses(0) as listening:
        assert listening.family == socket.AF_INET


def test_a_port_that_only_one_family_has_free_is_in_use() -> None:
    with socket.socket(socket.AF_INET6) as used:
        used.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        used.bind(("::", 0))
        used.listen()
        with pytest.raises(OSError, match="ddress already in use"):
            socket_on_all_addresses(used.getsockname()[1])
