"""Writing refreshed tokens of an auth-provider back to the kubeconfig, so that other programs use them too.

Reference: client-go tools/clientcmd/config.go, PersisterForUser; plugin/pkg/client/auth/oidc/oidc.go.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, cast

from kubeloop.config.kubeconfig_writer import modify_kubeconfig
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.config.kubeconfig_data import KubeconfigData

__all__ = ["id_token_expiry", "persist_tokens"]


async def persist_tokens(file: str, user: str, refreshed: Mapping[str, str]) -> dict[str, str]:
    """Write refreshed tokens into the auth-provider settings of a user, unless the file has newer ones.

    Two processes that refresh one token end with the newest: both the file and the result contain the ID token that
    expires last, and the refresh token that came with it.

    Args:
        file: The kubeconfig file of the user entry.
        user: The name of the user entry.
        refreshed: The changed settings: `id-token`, and `refresh-token` if the provider returned another one.

    Returns:
        All settings of the auth-provider as they are now in the file.

    Raises:
        ConfigError: The file cannot be changed, or it contains no such user with an auth-provider. The refreshed tokens
            can still be used; the message contains no token.
    """
    settings: dict[str, str] = {}

    def put_newest(data: KubeconfigData) -> None:
        provider = data.users.get(user, {}).get("auth-provider")
        if provider is None:
            raise ConfigError(f'{file}: user "{user}": no auth-provider to write refreshed tokens to')
        current: dict[str, str] = provider.get("config") or {}
        if id_token_expiry(refreshed.get("id-token", "")) >= id_token_expiry(current.get("id-token", "")):
            current = {**current, **refreshed}
            provider["config"] = current
        settings.update(current)

    await modify_kubeconfig(put_newest, file)
    return settings


def id_token_expiry(token: str) -> float:
    """Return the time at which an ID token expires, in seconds since 1970; minus infinity if it cannot be read.

    The signature is not checked: the API server does that.
    """
    try:
        _, claims, _ = token.split(".")
        parsed: Any = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        expiry = cast("dict[str, Any]", parsed)["exp"]
        return float(expiry) if not isinstance(expiry, bool) else -float("inf")
    except (binascii.Error, KeyError, OverflowError, RecursionError, TypeError, ValueError):
        return -float("inf")
