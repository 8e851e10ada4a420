"""The context of a server: what it requires of its clients."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from kubeloop.errors import TransportError
from kubeloop.serving import HTTPServer, server_tls_context
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.support.certificates import Pair, authority
from tests.support.transports import transport_to


def written(directory: Path, pair: Pair) -> tuple[Path, Path, Path]:
    """Write a certificate, its key and the certificate of the authority."""
    paths = directory / "certificate.pem", directory / "key.pem", directory / "ca.pem"
    for path, content in zip(paths, (pair.certificate, pair.key, authority().certificate), strict=True):
        path.write_bytes(content)
    return paths


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    certificate, key, _ = written(tmp_path, authority().sign("server"))
    context = server_tls_context(certificate, str(key))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_NONE


async def test_only_clients_with_a_certificate_of_the_authority_are_served(tmp_path: Path) -> None:
    certificate, key, ca = written(tmp_path, authority().sign("server"))
    context = server_tls_context(certificate, key, ca)
    async with HTTPServer(lambda _: Response(200), max_body_bytes=0, tls=context) as server:
        good, wrong = authority().sign("client"), authority("another").sign("client")
        async with transport_to(server, cert_data=good.certificate, key_data=good.key) as transport:
            assert (await transport.request(Request("GET", "/"))).status == 200
        for settings in ({"cert_data": wrong.certificate, "key_data": wrong.key}, {}):
            async with transport_to(server, **settings) as transport:
                with pytest.raises(TransportError):
                    await transport.request(Request("GET", "/"))


def test_files_that_cannot_be_used_are_an_error(tmp_path: Path) -> None:
    certificate, _, _ = written(tmp_path, authority().sign("server"))
    with pytest.raises(OSError, match="No such file"):
        server_tls_context(tmp_path / "missing", certificate)
    with pytest.raises(OSError, match=r"PEM|KEY"):
        server_tls_context(certificate, certificate)
