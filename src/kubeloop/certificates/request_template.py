"""`RequestTemplate`: the names that a certificate is requested for, and the request in PKCS #10.

Reference: client-go util/cert (csr.go); util/certificate (certSatisfiesTemplate).
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kubeloop._kit.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubeloop.certificates.private_key import PrivateKey

__all__ = ["RequestTemplate", "alternative_names", "build_request", "missing_names", "subject_name"]


class RequestTemplate(Value, frozen=True):
    """The names in a certificate. For a client certificate, they are the user and the groups.

    Attributes:
        common_name: The common name of the subject: the user name of a client.
        organizations: The organizations of the subject: the groups of a client.
        dns_names: The DNS names of a server.
        ip_addresses: The IP addresses of a server, as text.
    """

    common_name: str
    organizations: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the types and the addresses.

        Raises:
            TypeError: A list of names is one text.
            ValueError: An IP address is not an IP address.
        """
        for name in ("organizations", "dns_names", "ip_addresses"):
            if isinstance(getattr(self, name), str):
                raise TypeError(f"expected a tuple of texts, got one text: {name}")
        for address in self.ip_addresses:
            ipaddress.ip_address(address)


def build_request(template: RequestTemplate, key: PrivateKey) -> bytes:
    """Return a certificate signing request for these names as PEM, signed with the key (RFC 2986).

    A larger RSA key signs with a longer hash, as in client-go.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        subject_name(template.common_name, template.organizations)
    )
    names = alternative_names(dns_names=template.dns_names, ip_addresses=template.ip_addresses)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, _hash_for(key)).public_bytes(Encoding.PEM)


def missing_names(template: RequestTemplate, certificate: x509.Certificate) -> str:
    """Return which names of a template a certificate does not contain, for a log line; `""` if it contains all.

    A certificate may contain more organizations, DNS names and addresses than the template.
    """
    found = [value for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if (value := each.value)]
    if (found[-1] if found else "") != template.common_name:
        return f"the common name {template.common_name!r}"
    dns_names: Sequence[str] = ()
    addresses: Sequence[object] = ()
    # The extension may be absent, or cannot be parsed.
    with suppress(x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns_names, addresses = names.get_values_for_type(x509.DNSName), names.get_values_for_type(x509.IPAddress)
    if missing := [name for name in template.dns_names if name not in dns_names]:
        return f"the DNS names {', '.join(missing)}"
    if missing := [address for address in template.ip_addresses if ipaddress.ip_address(address) not in addresses]:
        return f"the IP addresses {', '.join(missing)}"
    organizations = {each.value for each in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
    if missing := [name for name in template.organizations if name not in organizations]:
        return f"the organizations {', '.join(missing)}"
    return ""


def subject_name(common_name: str, organizations: Iterable[str] = ()) -> x509.Name:
    """Return a subject with these names, empty ones left out."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, value) for value in organizations]
    if common_name:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def alternative_names(*, dns_names: Sequence[str], ip_addresses: Sequence[str]) -> x509.SubjectAlternativeName | None:
    """Return the extension with these names, or None without any.

    Raises:
        ValueError: An address is not an IP address, or a name contains characters outside ASCII.
    """
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ip_addresses]
    return x509.SubjectAlternativeName(names) if names else None


def _hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size >= 4096:
            return hashes.SHA512()
        return hashes.SHA384() if key.key_size >= 3072 else hashes.SHA256()
    # As Go: the hash has the size of the curve.
    if key.key_size > 384:
        return hashes.SHA512()
    return hashes.SHA384() if key.key_size > 256 else hashes.SHA256()
