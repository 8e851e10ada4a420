"""`Config`: the settings of a transport and a client for one API server and one user, as a value.

`kubeconfig` and `load` create it from files, and `credential_sources` turns its credentials into headers. Its `repr`
contains no token, password or key, and no argument of a plugin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, cast, get_args

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value, field, force_setattr
from kubeloop.config.auth_provider import AuthProvider
from kubeloop.config.client_metrics import ClientMetrics
from kubeloop.config.client_tracing import ClientTracing
from kubeloop.config.config_source import Source
from kubeloop.config.exec_config import ExecConfig
from kubeloop.config.exec_policy import ExecPolicy
from kubeloop.config.hooks import Dial, WrapTransport
from kubeloop.config.request_rate_limiter import RequestRateLimiter
from kubeloop.config.server_url import check_host_name, server_url, without_userinfo
from kubeloop.errors import ConfigError

__all__ = ["Config", "ContentType", "Impersonation"]

ContentType = Literal["json", "protobuf"]
"""The formats that a client may prefer."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_HEADER = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_SECRET = frozenset({"token", "password", "key_data", "cert_data", "ca_data"})
# Their own repr may contain a secret: that of a `functools.partial` contains its arguments.
_FUNCTIONS = frozenset({"dial", "wrap_transport", "warning_handler"})
# The settings that describe the server and not the user; `anonymous` keeps only these.
_ANONYMOUS = (
    "host",
    "namespace",
    "ca_data",
    "ca_file",
    "insecure_skip_tls_verify",
    "tls_server_name",
    "proxy_url",
    "user_agent",
    "timeout",
    "qps",
    "burst",
    "rate_limiter",
    "max_connections",
    "disable_compression",
    "exec_policy",
    "content_type",
    "dial",
    "warning_handler",
    "metrics",
    "tracing",
)


class Impersonation(Value, frozen=True, kw_only=True):
    """The user to act as, sent as `Impersonate-*` headers with each request.

    Attributes:
        user: The user name, which is required.
        uid: The user's unique ID; `""` for none.
        groups: The user's groups.
        extra: More attributes of the user: each key with its values.
    """

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        """Check the values. Without a user name the server would ignore the impersonation.

        Raises:
            ConfigError: The user name is empty or blank, or a text contains a lone surrogate.
            TypeError: A value is not a text, or `groups` or the values of a key of `extra` are one text instead of a
                tuple, so that each letter would be sent as a group.
        """
        if any(isinstance(texts, str) for texts in (self.groups, *self.extra.values())):
            raise TypeError("Impersonation: groups and the values of extra must be tuples of str, not str")
        values = (value for values in self.extra.values() for value in values)
        texts = (self.user, self.uid, *self.groups, *self.extra, *values)
        for text in cast("tuple[object, ...]", texts):
            if not isinstance(text, str):
                raise TypeError(f"Impersonation: names and values must be str, not {type(text).__name__}")
        if not self.user.strip():
            raise ConfigError("impersonation: expected a user name, got an empty text")
        if _SURROGATE.search("".join(texts)):
            raise ConfigError("impersonation: a text contains a lone surrogate, which a header cannot contain")

    def __repr__(self) -> str:
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}
        return f"Impersonation({', '.join(f'{name}={value!r}' for name, value in given.items())})"


# The types of the settings that are not a text or None. `Any`, because type checkers do not accept `Callable` as a
# class.
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
    "exec_policy": (ExecPolicy,),
    "auth_provider": (AuthProvider, type(None)),
    "impersonate": (Impersonation, type(None)),
    "timeout": _NUMBER,
    "qps": _NUMBER,
    "burst": (int,),
    "max_connections": (int, type(None)),
    "disable_compression": (bool,),
    "content_type": (str,),
    "dial": (Callable, type(None)),
    "wrap_transport": (Callable, type(None)),
    "warning_handler": (Callable, type(None)),
    "rate_limiter": (object,),
    "metrics": (object,),
    "tracing": (object,),
    "source": (Source,),
}
_PROTOCOLS: Mapping[str, type[Any]] = {
    "rate_limiter": RequestRateLimiter,
    "metrics": ClientMetrics,
    "tracing": ClientTracing,
}


class Config(Value, frozen=True, kw_only=True):
    """The settings for one API server and one user, as an immutable value.

        config = kubeloop.load_config()                  # the settings that kubectl would use
        config = kubeloop.Config(host="https://10.0.0.1:6443", token="...", ca_file="ca.crt")
        config = config.replace(timeout=5.0)             # a changed copy

    Attributes:
        host: The API server as a URL, `host:port` or a host; `""` is `localhost`. It is normalised to a URL without a
            final slash. The default scheme is `https` if the config contains a TLS setting, otherwise `http`. A path in
            the URL is a prefix of each request's path.
        namespace: The namespace of the context, which clients use for `kubeloop.DEFAULT`.
        ca_data: The certificate authorities that may sign the server's certificate, as PEM. Data takes precedence over
            files, here and below.
        ca_file: The path of a file with `ca_data`, which is read again every five minutes.
        cert_data: The client certificate as PEM.
        cert_file: The path of a file with `cert_data`, which is read again every five minutes.
        key_data: The key of the client certificate as PEM.
        key_file: The path of a file with `key_data`.
        insecure_skip_tls_verify: Whether to accept any server certificate. Only for tests.
        tls_server_name: The name to send and to verify instead of the host's name.
        proxy_url: The URL of a proxy (`http`, `https`, `socks5` or `socks5h`), with user and password if it requires
            them. None for the environment's proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), as in Go; `""` for no
            proxy.
        token: A bearer token.
        token_file: The path of a file with a token, which is read again every 50 s and takes precedence over `token`.
        username: The user name for basic authentication.
        password: The password for basic authentication; ignored without a user name, as in Go.
        exec: A plugin that supplies credentials.
        exec_policy: Which plugins may run.
        auth_provider: An OpenID Connect provider that refreshes ID tokens; unused with a token or a user name.
        impersonate: The user to act as.
        user_agent: The `User-Agent`; None for that of `kubeloop.default_user_agent()`.
        timeout: The seconds for one whole request; None for no limit. It never limits the body of a watch.
        qps: The requests per second of one client; None for no limit, as in kubectl, because the server limits fairly.
        burst: The number of requests that may exceed `qps` for a short time.
        rate_limiter: Spreads requests over time in place of `qps` and `burst`, for instance a `kubeloop.TokenBucket`
            that clients of several configs share.
        max_connections: The number of simultaneous requests, and again of simultaneous streams (watches, logs,
            WebSockets); others wait. None for no limit, as in client-go.
        disable_compression: Whether to request responses without gzip.
        content_type: The format that clients prefer for built-in types, `"json"` or `"protobuf"`. Everything without a
            protobuf form remains JSON. Protobuf saves bytes and the server's CPU time, and costs the client's CPU time;
            docs/how-to/clients.md says when it pays.
        dial: Opens the sockets of connections instead of kubeloop, see `kubeloop.transport.Dial`. Proxies and TLS stay
            as they are.
        wrap_transport: Called with the transport of a client, and returns the transport to use, which usually wraps
            the first. It sees requests with their credentials; see `kubeloop.transport.WrapTransport`.
        warning_handler: Called with each `ServerWarning`, for instance a `kubeloop.WarningWriter` or
            `kubeloop.ignore_warnings`; None to log each warning once.
        metrics: Receives the measurements of clients, see `ClientMetrics`; `kubeloop.Metrics` is one implementation.
            None for no measurements.
        tracing: Follows each call, see `ClientTracing`; `kubeloop.telemetry.RequestTracing` creates OpenTelemetry
            spans. None for no tracing.
        source: The origin of the settings, for messages and the `repr`.

    Reference: client-go rest/config.go, Config; rest/url_utils.go. Intended differences: there is no rate limit unless
        `qps` is set, and a config is a value that clients do not change.
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
    exec_policy: ExecPolicy = ExecPolicy()
    auth_provider: AuthProvider | None = None
    impersonate: Impersonation | None = None
    user_agent: str | None = None
    timeout: float | None = None
    qps: float | None = None
    burst: int = 10
    rate_limiter: RequestRateLimiter | None = None
    max_connections: int | None = None
    disable_compression: bool = False
    content_type: ContentType = "json"
    dial: Dial | None = None
    wrap_transport: WrapTransport | None = None
    # The argument's type belongs to rest, which is a floor above.
    warning_handler: Any = None
    metrics: ClientMetrics | None = None
    tracing: ClientTracing | None = None
    source: Source = Source()

    def __post_init__(self) -> None:
        """Normalise the host and check the settings.

        Raises:
            ConfigError: The host is not a URL, or settings contradict each other.
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
        # A wrong type would fail later and far from its cause. The message omits the value, which may be a secret.
        for name in self.__struct_fields__:
            expected = _TYPES.get(name, (str, type(None)))
            value = getattr(self, name)
            if not isinstance(value, expected):
                wanted = " or ".join("None" if each is type(None) else each.__name__ for each in expected)
                raise TypeError(f"Config: {name} must be {wanted}, not {type(value).__name__}")
        for name, protocol in _PROTOCOLS.items():
            if (value := getattr(self, name)) is not None:
                _check_methods(name, value, protocol)

    def _check_consistency(self) -> None:
        if self.insecure_skip_tls_verify and (self.ca_data or self.ca_file):
            raise self.error("insecure_skip_tls_verify and a certificate authority exclude each other: remove one")
        if bool(self.cert_data or self.cert_file) != bool(self.key_data or self.key_file):
            raise self.error("expected a client certificate and its key, got only one of them")
        if self.username and (self.token or self.token_file):
            raise self.error("expected one way to authenticate, got basic authentication and a token: remove one")
        if self.exec and self.auth_provider:
            raise self.error("expected one way to authenticate, got an exec plugin and an auth-provider: remove one")
        if self.user_agent and _NO_HEADER.search(self.user_agent):
            raise self.error("the user agent contains a character that a header cannot contain")
        if self.timeout is not None and not self.timeout > 0:
            raise self.error(f"expected a positive timeout or None, got {self.timeout}")
        if self.content_type not in get_args(ContentType):
            formats = " or ".join(f'"{name}"' for name in get_args(ContentType))
            raise self.error(f"expected content_type to be {formats}, got {self.content_type!r}")
        if self.qps and self.qps > 0 and self.burst < 1:
            raise self.error(f"expected a burst of at least 1 with qps, got {self.burst}: no request would be sent")
        if self.max_connections is not None and self.max_connections < 1:
            raise self.error(f"expected max_connections of at least 1 or None, got {self.max_connections}")

    @property
    def is_tls(self) -> bool:
        """Whether the server uses TLS. Credentials of a kubeconfig are used only with TLS."""
        return self.host.startswith("https:")

    def anonymous(self) -> Self:
        """Return a copy without credentials, for requests that the server must not attribute to the user.

        Only settings that are known to be safe are copied. Client certificates, exec plugins, impersonation and
        `wrap_transport`, which may add credentials, are not. The user and password in `proxy_url` are kept.

        Reference: client-go rest/config.go, AnonymousClientConfig.
        """
        source = self.source.replace(user="", user_file="")
        return type(self)(source=source, **{name: getattr(self, name) for name in _ANONYMOUS})

    def located(self, message: str) -> str:
        """Return a message with the origin of this config before it, safe for logs and terminals."""
        source = str(self.source)
        return safe_text(f"{source}: {message}" if source else message)

    def error(self, message: str) -> ConfigError:
        """Return a `ConfigError` whose message names the origin of this config."""
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
            elif name in _FUNCTIONS:
                text = f"<{getattr(value, '__qualname__', type(value).__qualname__)}>"
            else:
                text = repr(value)
            shown.append(f"{name}={text}")
        return f"Config({', '.join(shown)})"


def _check_methods(name: str, value: object, protocol: type[Any]) -> None:
    """Check that an object of the program has the methods of a protocol, also if it creates them when they are used."""
    if isinstance(value, type):
        raise TypeError(f"Config: {name} must be an object, not the class {value.__name__}")
    methods = [each for each in vars(protocol) if each[0] != "_"]
    missing = [each for each in methods if not callable(getattr(value, each, None))]
    if missing:
        lacks = f", which lacks {', '.join(missing)}" if missing != methods else ""
        raise TypeError(f"Config: {name} must be {protocol.__name__} or None, not {type(value).__name__}{lacks}")
