"""The tokens of the program under test: bound to Secrets, so that each can be revoked, and rotated in a file."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

import kubeloop
from kubeloop.models import authentication_v1, core_v1, meta_v1, rbac_v1

__all__ = ["Tokens"]

LIFETIME = 86400
"""The seconds for which a token is valid, unless its Secret is deleted."""


class Tokens:
    """A service account that may read everything, and the file with its token.

    Args:
        clientset: A client of the administrator.
        namespace: The namespace of the account and of the Secrets.
        path: The file.
    """

    def __init__(self, clientset: kubeloop.Clientset, namespace: str, path: Path) -> None:
        self.path = path
        self._clientset = clientset
        self._accounts = clientset.core_v1.service_accounts(namespace)
        self._secrets = clientset.core_v1.secrets(namespace)
        self._namespace = namespace
        self._numbers = count()
        self._secret = ""
        self._old = ""

    async def prepare(self) -> None:
        """Create the account and its first token."""
        await self._accounts.create(core_v1.ServiceAccount(metadata=meta_v1.ObjectMeta(name="subject")))
        await self._clientset.rbac_v1.cluster_role_bindings().create(
            rbac_v1.ClusterRoleBinding(
                metadata=meta_v1.ObjectMeta(name=self._namespace),
                role_ref=rbac_v1.RoleRef(
                    api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="cluster-admin"
                ),
                subjects=[rbac_v1.Subject(kind="ServiceAccount", name="subject", namespace=self._namespace)],
            )
        )
        self.write(await self.issue())

    async def issue(self) -> str:
        """Return a new token; the token before becomes the old one."""
        secret = await self._secrets.create(
            core_v1.Secret(metadata=meta_v1.ObjectMeta(name=f"token-{next(self._numbers)}"))
        )
        bound = authentication_v1.BoundObjectReference(
            api_version="v1", kind="Secret", name=secret.metadata.name, uid=secret.metadata.uid
        )
        spec = authentication_v1.TokenRequestSpec(expiration_seconds=LIFETIME, bound_object_ref=bound)
        made = await self._accounts.token("subject").create(authentication_v1.TokenRequest(spec=spec))
        self._old, self._secret = self._secret, secret.metadata.name
        return made.status.token

    async def revoke(self) -> None:
        """Revoke the old token. A server that has seen the token may accept it for 10 seconds more."""
        with suppress(kubeloop.NotFound):  # an earlier attempt was carried out
            await self._secrets.delete(self._old)

    def write(self, token: str) -> None:
        """Replace the content of the file."""
        new = self.path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(token)
        new.replace(self.path)

    async def clean(self) -> None:
        """Delete the rights of the account, which has no namespace of its own to be deleted with."""
        await self._clientset.rbac_v1.cluster_role_bindings().delete(self._namespace)
