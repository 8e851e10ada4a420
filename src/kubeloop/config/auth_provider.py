"""`AuthProvider`: an OpenID Connect provider and the tokens of a user, as a value.

`oidc_protocol` defines the requests, `oidc_tokens` decides when to send them, and `transport.oidc_source` sends them.
"""

from __future__ import annotations

import re
from typing import cast

from kubeloop._kit.value import Value
from kubeloop.config.server_url import server_url

__all__ = ["AuthProvider"]

_SURROGATE = re.compile("[\ud800-\udfff]")


class AuthProvider(Value, frozen=True, kw_only=True):
    """The auth-provider `oidc` of a kubeconfig: ID tokens as bearer tokens, which the provider refreshes.

    The `repr` omits the tokens and the client secret.

    Attributes:
        issuer_url: The URL of the provider, with the scheme https (`idp-issuer-url`).
        client_id: The client to which the provider issues the tokens (`client-id`).
        client_secret: The secret of the client; `""` for a public client (`client-secret`).
        ca_data: The certificate authorities that may sign the provider's certificate, as PEM. None for those of the
            file, or else of the system (`idp-certificate-authority-data`).
        ca_file: The path of a file with `ca_data` (`idp-certificate-authority`).
        id_token: The ID token, which is used until 10 seconds before it expires; `""` for none (`id-token`).
        refresh_token: The token that requests new ID tokens; `""` for none (`refresh-token`).
        file: The kubeconfig file to which refreshed tokens are written, and from which those of other programs are
            read; `""` for none. Without a file, a refresh token that the provider replaced is lost when the last
            client with this value is closed.
        user: The name of the user entry in that file.

    Reference: tools/clientcmd/api/types.go, AuthProviderConfig; plugin/pkg/client/auth/oidc/oidc.go. Intended
        difference: the scheme http is refused, as the API server refuses it.
    """

    unshown = frozenset({"client_secret", "ca_data", "id_token", "refresh_token"})

    issuer_url: str
    client_id: str
    client_secret: str = ""
    ca_data: bytes | None = None
    ca_file: str | None = None
    id_token: str = ""
    refresh_token: str = ""
    file: str = ""
    user: str = ""

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: The issuer is not an https URL, or there is no client ID. The message contains no secret.
            TypeError: A setting has a wrong type.
        """
        for name in self.__struct_fields__:
            value = cast("object", getattr(self, name))
            wanted = {"ca_data": (bytes, type(None)), "ca_file": (str, type(None))}.get(name, (str,))
            if not isinstance(value, wanted):
                raise TypeError(f"AuthProvider: {name} must be {wanted[0].__name__}, not {type(value).__name__}")
            if isinstance(value, str) and _SURROGATE.search(value):
                raise ValueError(f"AuthProvider: {name} contains a lone surrogate")
        if not self.issuer_url:
            raise ValueError("the auth-provider oidc needs an issuer: set idp-issuer-url")
        if not self.client_id:
            raise ValueError("the auth-provider oidc needs a client: set client-id")
        try:
            is_https = server_url(self.issuer_url, tls=False).startswith("https:")
        except ValueError as error:
            raise ValueError(f"idp-issuer-url: {error}") from None
        if not is_https or "?" in self.issuer_url or "#" in self.issuer_url:
            raise ValueError("idp-issuer-url: expected an https URL without a query, got another text")
