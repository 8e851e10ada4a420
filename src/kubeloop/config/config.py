"""`Config`: everything that a transport and a client need to know about one API server and one user, as a value.

`kubeconfig` and `load` create it from files, `credential_sources` turns its credentials into headers. A `Config` never
shows a secret: tokens, passwords, keys and what a plugin gets are not in its `repr`.
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
    """Act as somebody else, for whoever may: sent as `Impersonate-*` headers with each request.

    Attributes:
        user: The user name; needed as soon as anything else is given.
        uid: The user's unique id, `""` for none.
        groups: Groups to be in.
        extra: More about the user: each key with its values.
    """

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        """Refuse a user without a name: the server would take such a request as one's own.

        Raises:
            ConfigError: The user is empty or blank, or a text has half of a surrogate pair in it.
            TypeError: `groups`, or the values of a key of `extra`, are one text: each of its letters would be sent.
                Or what should be a text is something else.
        """
        if any(isinstance(texts, str) for texts in (self.groups, *self.extra.values())):
            raise TypeError("Impersonation: groups and the values of extra must be tuples of str, not str")
        values = (value for values in self.extra.values() for value in values)
        texts = (self.user, self.uid, *self.groups, *self.extra, *values)
        for text in cast("tuple[object, ...]", texts):
            if not isinstance(text, str):
                raise TypeError(f"Impersonation: names and values must be str, not {type(text).__name__}")
        if not self.user.strip():
            raise ConfigError("impersonation needs the name of a user to act as, got an empty one")
        if _SURROGATE.search("".join(texts)):
            raise ConfigError("impersonation: a text with half of a surrogate pair, which no header can have")

    def __repr__(self) -> str:
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}
        return f"Impersonation({', '.join(f'{name}={value!r}' for name, value in given.items())})"


# The settings that are not a text or None. (`Any`, since no type checker takes `Callable` for a class.)
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
    """One API server and one user of it. `config.replace(timeout=5.0)` gives a changed copy.

    Attributes:
        host: Where the API server is: a URL, `host:port` or a host. Normalised to a URL without a trailing slash:
            without a scheme it is `https` if there is anything about TLS in the config, else `http`; `""` is
            `localhost`. A path in the URL is put before each request's path, for servers behind a proxy that moves
            them.
        namespace: The context's namespace; what clients use when asked for the default one.
        ca_data: PEM of the authorities that may sign the server's certificate. Data beats file, here and below.
        ca_file: The same as a file, which is read again now and then, so that a new authority needs no restart.
        cert_data: PEM of the client certificate.
        cert_file: The same as a file, read again now and then.
        key_data: PEM of the client certificate's key.
        key_file: The same as a file.
        insecure_skip_tls_verify: Do not verify the server at all. For tests.
        tls_server_name: The name to ask for and to verify, when it is not the host's.
        proxy_url: `http://` or `https://` proxy, with its user and password if it wants any. None takes the
            environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) as Go does; `""` uses none.
        token: A bearer token.
        token_file: A file with one, read again every minute; once read it beats `token`.
        username: For basic authentication.
        password: For basic authentication; without a username it is not used, as in Go.
        exec: A plugin that gives credentials.
        impersonate: Whom to act as.
        user_agent: None is client-go's shape: `program/version (os/arch) kubeloop/version`.
        timeout: Seconds for one whole request; None does not bound it. A watch's body is never bounded by it.
        qps: Requests a second that the client allows itself; None (as in kubectl today) leaves it to the server's
            fairness.
        burst: How many requests may go at once before `qps` holds.
        max_connections: How many requests may run at once, and how many streams (watches, logs, WebSockets) apart from
            them; more wait for their turn. None does not bound either, as in client-go.
        disable_compression: Do not ask for gzip: more bytes, less work.
        warning_handler: Called with each warning that the server sends, as `rest` describes; None logs each once.
        source: Where the settings came from, for messages and `repr`.

    Reference: client-go rest/config.go, Config; rest/url_utils.go. Intended differences: no limiter unless asked for; a
    value, not a bag that clients fill in.
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
    # rest knows what it is called with (floors below it must not).
    warning_handler: Any = None
    source: Source = Source()

    def __post_init__(self) -> None:
        """Normalise the host, and refuse what contradicts itself.

        Raises:
            ConfigError: A host that is no URL, or settings that cannot both hold.
            TypeError: A setting of a wrong type.
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
        # Types are hints only; a token in a list would go into no header and be refused far from here. The value is
        # not told: it may be a secret.
        for name in self.__struct_fields__:
            expected = _TYPES.get(name, (str, type(None)))
            value = getattr(self, name)
            if not isinstance(value, expected):
                wanted = " or ".join("None" if each is type(None) else each.__name__ for each in expected)
                raise TypeError(f"Config: {name} must be {wanted}, not {type(value).__name__}")

    def _check_consistency(self) -> None:
        if self.insecure_skip_tls_verify and (self.ca_data or self.ca_file):
            raise self.error("insecure_skip_tls_verify does not go with a certificate authority: drop one of them")
        if bool(self.cert_data or self.cert_file) != bool(self.key_data or self.key_file):
            raise self.error("a client certificate needs both a certificate and a key")
        if self.username and (self.token or self.token_file):
            raise self.error("more than one way to authenticate: basic and token; only one is allowed")
        if self.timeout is not None and self.timeout <= 0:
            raise self.error(f"timeout must be positive or None, not {self.timeout}")
        if self.max_connections is not None and self.max_connections < 1:
            raise self.error(f"max_connections must be at least 1 or None, not {self.max_connections}")

    @property
    def is_tls(self) -> bool:
        """Whether the server is spoken to over TLS. Credentials of a kubeconfig are only used if it is."""
        return self.host.startswith("https:")

    def located(self, message: str) -> str:
        """Put before a message where this config came from, if it came from anywhere; fit for logs and terminals."""
        source = str(self.source)
        return safe_text(f"{source}: {message}" if source else message)

    def error(self, message: str) -> ConfigError:
        """Make a `ConfigError` that says where this config came from."""
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
