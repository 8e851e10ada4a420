"""`Config`: the settings for one API server and one user, as an immutable value.

`kubeconfig` and `load` create a config from files, and `credential_sources` turns its credentials into headers. Tokens,
passwords, keys and the output of plugins are never part of its `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Self, cast

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value, field, force_setattr
from kubeloop.config.exec_config import ExecConfig
from kubeloop.config.server_url import check_host_name, server_url, without_userinfo
from kubeloop.config.source import Source
from kubeloop.errors import ConfigError

__all__ = ["Config", "Impersonation"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_SECRET = frozenset({"token", "password", "key_data", "cert_data", "ca_data"})


class Impersonation(Value, frozen=True, kw_only=True):
    """The identity of another user, which each request sends as `Impersonate-*` headers.

    Attributes:
        user: The name of the user; required.
        uid: The unique id of the user, or `""`.
        groups: The groups of the user.
        extra: Further attributes of the user: keys with their values.
    """

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        """Check the names. The server would treat a request without a user name as the client's own.

        Raises:
            ConfigError: The user name is empty, or a text contains half of a surrogate pair.
            TypeError: `groups`, or the values of a key of `extra`, are one `str` instead of a tuple of `str`; or a name
                or value is not a `str`.
        """
        if any(isinstance(texts, str) for texts in (self.groups, *self.extra.values())):
            raise TypeError("Impersonation: groups and the values of extra must be tuples of str, not str")
        values = (value for values in self.extra.values() for value in values)
        texts = (self.user, self.uid, *self.groups, *self.extra, *values)
        for text in cast("tuple[object, ...]", texts):
            if not isinstance(text, str):
                raise TypeError(f"Impersonation: names and values must be str, not {type(text).__name__}")
        if not self.user.strip():
            raise ConfigError("impersonation: expected the name of a user, got an empty text")
        if _SURROGATE.search("".join(texts)):
            raise ConfigError("impersonation: expected text that fits into a header, got half of a surrogate pair")

    def __repr__(self) -> str:
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}
        return f"Impersonation({', '.join(f'{name}={value!r}' for name, value in given.items())})"


# The types of the settings that are not `str | None`. (`Any`, since no type checker takes `Callable` for a class.)
_BYTES = (bytes, type(None))
_NUMBER = (int, float, type(None))
_TYPES: Mapping[str, tuple[Any, ...]] = {
    "host": (str,),
    "namespace": (str,),
    "ca_data": _BYTES,
    "cert_data": _BYTES,
    "key_data": _BYTES,
    "insecure_skip_tls_verify": (bool,),
    "exec": (ExecConfig, type(None)),
    "impersonate": (Impersonation, type(None)),
    "timeout": _NUMBER,
    "qps": _NUMBER,
    "burst": (int,),
    "max_connections": (int, type(None)),
    "disable_compression": (bool,),
    "warning_handler": (Callable, type(None)),
    "source": (Source,),
}


class Config(Value, frozen=True, kw_only=True):
    """The settings for one API server and one user, as an immutable value.

        config = kubeloop.load_config()                              # as kubectl finds its settings
        config = kubeloop.Config(host="https://10.0.0.1:6443", token="...", ca_file="ca.crt")
        config = config.replace(timeout=5.0)                         # a changed copy

    Attributes:
        host: The API server: a URL, `host:port` or a host name. The value is normalised to a URL without a trailing
            slash. Without a scheme, the URL is `https` if the config has a TLS setting, and `http` otherwise; `""`
            means `localhost`. A path in the URL is a prefix of the path of each request.
        namespace: The default namespace, which clients use for `kubeloop.DEFAULT`.
        ca_data: The certificate authorities for the server's certificate, in PEM. Data take precedence over files, here
            and below.
        ca_file: A file with the certificate authorities, which is read again from time to time.
        cert_data: The client certificate in PEM.
        cert_file: A file with the client certificate, which is read again from time to time.
        key_data: The key of the client certificate in PEM.
        key_file: A file with the key of the client certificate.
        insecure_skip_tls_verify: Whether to accept any server certificate; for tests only.
        tls_server_name: The server name for TLS, if it differs from the name of the host.
        proxy_url: The URL of an HTTP, HTTPS or SOCKS5 proxy, with user and password if needed. None means the proxy of
            the variables `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as in Go; `""` means no proxy.
        token: A bearer token.
        token_file: A file with a bearer token, which is read again every minute and takes precedence over `token`.
        username: The user name for basic authentication.
        password: The password for basic authentication; without a user name it is not used, as in Go.
        exec: A plugin that returns credentials.
        impersonate: The user to impersonate.
        user_agent: The `User-Agent` header. None means `program/version (os/arch) kubeloop/version`.
        timeout: Seconds per request, without the body of a watch. None means no timeout.
        qps: The client's own limit of requests per second. None means no limit: the server's fairness decides.
        burst: The number of requests that exceed `qps` before the limit applies.
        max_connections: The maximum number of concurrent requests and, separately, of concurrent streams (watches,
            logs, WebSockets); further ones wait. None means no maximum, as in client-go.
        disable_compression: Whether to request responses without gzip.
        warning_handler: A function that is called with each `ServerWarning`. None means that each text is logged once.
        source: Where the settings came from, for messages and `repr`.

    Reference: client-go rest/config.go, Config; rest/url_utils.go. Intended differences: there is no rate limit by
    default, and clients do not change a config.
    """

    host: str = ""
    namespace: str = "default"
    ca_data: bytes | None = None
    ca_file: str | None = None
    cert_data: bytes | None = None
    cert_file: str | None = None
    key_data: bytes | None = None
    key_file: str | None = None
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    proxy_url: str | None = None
    token: str | None = None
    token_file: str | None = None
    username: str | None = None
    password: str | None = None
    exec: ExecConfig | None = None
    impersonate: Impersonation | None = None
    user_agent: str | None = None
    timeout: float | None = None
    qps: float | None = None
    burst: int = 10
    max_connections: int | None = None
    disable_compression: bool = False
    # `Any`, because only floors above know the class of warnings.
    warning_handler: Any = None
    source: Source = Source()

    def __post_init__(self) -> None:
        """Normalise the host, and check the settings.

        Raises:
            ConfigError: The host is not a URL, or two settings contradict each other.
            TypeError: A setting has a wrong type.
        """
        self._check_types()
        has_tls = bool(
            self.insecure_skip_tls_verify or self.ca_data or self.ca_file or self.cert_data or self.cert_file
        )
        try:
            force_setattr(self, "host", server_url(self.host, tls=has_tls))
            if self.tls_server_name:
                check_host_name(self.tls_server_name)
        except ValueError as error:
            raise_alone(self.error(str(error)))
        self._check_consistency()

    def _check_types(self) -> None:
        # Python does not check annotations, and a wrong type would fail far from here. The message does not contain
        # the value, which can be a secret.
        for name in self.__struct_fields__:
            expected = _TYPES.get(name, (str, type(None)))
            value = getattr(self, name)
            if not isinstance(value, expected):
                wanted = " or ".join("None" if each is type(None) else each.__name__ for each in expected)
                raise TypeError(f"Config: {name} must be {wanted}, not {type(value).__name__}")

    def _check_consistency(self) -> None:
        if self.insecure_skip_tls_verify and (self.ca_data or self.ca_file):
            raise self.error("insecure_skip_tls_verify and a certificate authority exclude each other: remove one")
        if bool(self.cert_data or self.cert_file) != bool(self.key_data or self.key_file):
            raise self.error("expected a client certificate and its key, got only one of them")
        if self.username and (self.token or self.token_file):
            raise self.error("expected one way to authenticate, got basic authentication and a token: remove one")
        if self.timeout is not None and self.timeout <= 0:
            raise self.error(f"expected a positive timeout or None, got {self.timeout}")
        if self.max_connections is not None and self.max_connections < 1:
            raise self.error(f"expected max_connections of at least 1 or None, got {self.max_connections}")

    @property
    def is_tls(self) -> bool:
        """Whether the connection uses TLS. Credentials of a kubeconfig are used only with TLS."""
        return self.host.startswith("https:")

    def located(self, message: str) -> str:
        """Return a message after the source of this config, safe for logs and terminals."""
        source = str(self.source)
        return safe_text(f"{source}: {message}" if source else message)

    def error(self, message: str) -> ConfigError:
        """Create a `ConfigError` whose message names the source of this config."""
        return ConfigError(self.located(message))

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some settings changed and checked; the `source` of the copy names them.

        Raises:
            ConfigError: The settings contradict each other.
            TypeError: A setting has a wrong type, or there is no such setting.
        """
        if "source" not in changes and self.source != Source():
            replaced = tuple(dict.fromkeys((*self.source.replaced, *changes)))
            changes["source"] = self.source.replace(replaced=replaced)
        return super().replace(**changes)

    def __repr__(self) -> str:
        shown: list[str] = []
        for name, default in zip(self.__struct_fields__, self.__struct_defaults__, strict=True):
            value = getattr(self, name)
            if value == default or value is None:
                continue
            if name in _SECRET:
                text = f"<{len(value)} bytes>"
            elif name in {"host", "proxy_url"}:
                text = repr(without_userinfo(value))
            else:
                text = repr(value)
            shown.append(f"{name}={text}")
        return f"Config({', '.join(shown)})"
