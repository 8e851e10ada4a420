"""Writing refreshed tokens of an auth-provider back to the kubeconfig, so that other programs use them too.

Reference: client-go tools/clientcmd/config.go, PersisterForUser; plugin/pkg/client/auth/oidc/oidc.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop.config.id_token import id_token_expiry
from kubeloop.config.kubeconfig_writer import modify_kubeconfig, read_kubeconfig
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.config.kubeconfig_data import KubeconfigData

__all__ = ["persist_tokens", "stored_settings"]


def stored_settings(file: str, user: str) -> dict[str, str]:
    """Read the settings of the auth-provider of a user, which another program may have changed.

    Raises:
        ConfigError: The file cannot be read, or it contains no such user with an auth-provider.
    """
    return dict(_provider_of(read_kubeconfig(file), file, user).get("config") or {})


async def persist_tokens(
    file: str,
    user: str,
    refreshed: Mapping[str, str],
    *,
    replaces: str = "",
    expected: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Write refreshed tokens into the auth-provider settings of a user, unless the file has newer ones.

    Two processes that refresh one token end with the newest: both the file and the result contain the ID token that
    expires last, and the refresh token that came with it.

    Args:
        file: The kubeconfig file of the user entry.
        user: The name of the user entry.
        refreshed: The changed settings: `id-token`, and `refresh-token` if the provider returned another one. Without
            an ID token, the refresh token is written in any case.
        replaces: The ID token that was refreshed. It is replaced even if it would expire later.
        expected: Settings that the file must still contain, so that tokens of one provider are not written to the
            settings of another.

    Returns:
        All settings of the auth-provider as they are now in the file.

    Raises:
        ConfigError: The file cannot be changed, or it contains no such user with an auth-provider or another provider
            than expected. The refreshed tokens can still be used; the message contains no token.
    """
    settings: dict[str, str] = {}

    def put_newest(data: KubeconfigData) -> None:
        provider = _provider_of(data, file, user)
        current: dict[str, str] = provider.get("config") or {}
        if any(current.get(name) != value for name, value in (expected or {}).items()):
            raise ConfigError(f'{file}: user "{user}": the auth-provider was changed meanwhile')
        old, new = current.get("id-token") or "", refreshed.get("id-token")
        if new is None or old == replaces or id_token_expiry(new) >= id_token_expiry(old):
            current = {**current, **refreshed}
            provider["config"] = current
        settings.update(current)

    await modify_kubeconfig(put_newest, file)
    return settings


def _provider_of(data: KubeconfigData, file: str, user: str) -> dict[str, Any]:
    provider: dict[str, Any] | None = data.users.get(user, {}).get("auth-provider")
    if provider is None:
        raise ConfigError(f'{file}: user "{user}": no auth-provider to write refreshed tokens to')
    return provider
