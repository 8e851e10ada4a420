"""ManifestVerbs: what a Clientset does with sets of manifests. The first call loads `clients.manifests`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kubeloop.rest.server_client import ServerClient

if TYPE_CHECKING:
    from kubeloop.clients.manifests.manifest_diff import DiffReport
    from kubeloop.clients.manifests.manifest_report import ApplyReport, OnError, Progress
    from kubeloop.clients.manifests.set_steps import SetSteps
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.wire.options import DeleteOptions, FieldValidation, PropagationPolicy

__all__ = ["ManifestVerbs"]


class ManifestVerbs(ServerClient):
    """apply_manifests, diff_manifests and delete_manifests."""

    @property
    def mapper(self) -> RESTMapper:
        """The mapper from names to resources, which `Clientset` has."""
        raise NotImplementedError

    async def apply_manifests(
        self,
        objects: Iterable[Any],
        *,
        field_manager: str,
        force: bool = False,
        namespace: str | None = None,
        on_error: OnError = "continue",
        dry_run: bool = False,
        field_validation: FieldValidation | None = "Strict",
        progress: Progress | None = None,
        timeout: float = 60.0,
        apply_set: str | None = None,
        apply_set_namespace: str | None = None,
    ) -> ApplyReport:
        """Apply a set of objects, each as `kubectl apply --server-side` does.

            objects = kubeloop.load_manifests("deploy/")
            report = await clientset.apply_manifests(objects, field_manager="deployer")
            print(report)
            report.raise_failed()

        Objects are applied one after the other in the order of their kinds: namespaces, CustomResourceDefinitions, what
        workloads need (accounts, secrets, config maps, volumes, roles, services), workloads, custom objects, and last
        what can refuse other objects (webhooks, admission policies). Custom objects follow when their definitions in
        the set are established. Fields that were applied with `kubectl apply` on the client's side are moved to the
        field manager.

        A failure concerns one object: unknown kinds, missing names, objects that are in the set twice, conflicts, and
        refusals of the server are results in the report. If the call is cancelled, what was applied stays applied;
        `progress` has seen it.

        Args:
            objects: Models, drafts, `Unstructured` objects or mappings with the API's field names, such as
                `load_manifests` and `parse_manifests` return. Lists count as their items.
            field_manager: The name that owns the fields.
            force: Whether fields that other managers own are taken over; otherwise such an object is a conflict.
            namespace: The namespace of the set: objects without namespace get it, and objects of another one fail. None
                gives objects without namespace that of the config.
            on_error: `"continue"` applies the other objects; `"stop"` skips those that follow, and all of them if an
                object is known to be wrong before the first one is sent.
            dry_run: Whether the server changes nothing. Objects in namespaces or of kinds that only the set would
                create are skipped, because the server cannot check them.
            field_validation: What the server does with unknown and repeated fields: `"Strict"` refuses the object, as
                kubectl does by default. None leaves it to the server.
            progress: Called with each result when it is final.
            timeout: The seconds for CustomResourceDefinitions of the set to be established.
            apply_set: The parent of the apply set (KEP-3659) that the objects are: `"configmaps/shop"`, `"secrets/a"`,
                `"a"` (a Secret too), or a custom resource, `"fleets.example.com/a"`. When all objects were applied,
                objects of earlier calls that are not among them are deleted, and are in the report as `pruned`.
            apply_set_namespace: The namespace of the parent; None for `namespace`. That of the config is never used.

        Returns:
            The results in the order in which the objects were applied.

        Raises:
            TypeError: The objects are no collection, such as a path; or a namespace came without an apply set.
            ValueError: The field manager is empty, an option has a wrong value, or an apply set has no objects.
            ApplySetError: The set is that of another tool, or its members cannot be found. Nothing was applied.
            KubeloopError: The parent of the set could not be read or written. Nothing was applied.

        Reference: kubectl apply --server-side, with --applyset and --prune; Helm's order of installation.
        """
        from kubeloop.clients.manifests.apply_run import ApplyRun, ApplySettings

        _check(field_manager, on_error, timeout)
        steps: SetSteps | None = None
        parent_namespace = _parent_namespace(namespace, apply_set, apply_set_namespace)
        if apply_set is not None:
            from kubeloop.clients.manifests.applyset_steps import ApplySetSteps

            steps = ApplySetSteps(
                self._rest,
                self.mapper,
                apply_set,
                namespace=parent_namespace,
                force=force,
                on_error=on_error,
                field_validation=field_validation,
            )
        settings = ApplySettings(
            field_manager=field_manager,
            force=force,
            namespace=namespace,
            on_error=on_error,
            dry_run=dry_run,
            field_validation=field_validation,
            progress=progress,
            timeout=timeout,
            steps=steps,
        )
        return await ApplyRun(self._rest, self.mapper, settings).run(objects)

    async def diff_manifests(
        self,
        objects: Iterable[Any],
        *,
        field_manager: str,
        force: bool = False,
        namespace: str | None = None,
        show_secrets: bool = False,
        apply_set: str | None = None,
        apply_set_namespace: str | None = None,
    ) -> DiffReport:
        """Compare a set of objects with what `apply_manifests` would make of them; nothing is changed.

        The server applies each object in a dry run. `str()` of the result is the unified diff that
        `kubectl diff --server-side` prints, without managed fields.

        Args:
            objects: As for `apply_manifests`.
            field_manager: As for `apply_manifests`.
            force: As for `apply_manifests`.
            namespace: As for `apply_manifests`.
            show_secrets: Whether the values of Secrets are shown. Otherwise they are masked, so that a change is still
                visible.
            apply_set: As for `apply_manifests`: the label of its members is no difference then. What it would prune is
                in the report of `apply_manifests(..., dry_run=True)`.
            apply_set_namespace: As for `apply_manifests`.

        Returns:
            A difference per object, in the order in which the objects would be applied. An object that cannot be
            applied has its error.

        Raises:
            TypeError: As of `apply_manifests`.
            ValueError: As of `apply_manifests`.
            ApplySetError: The parent cannot be that of a set.
            KubeloopError: The resource of the parent could not be read.

        Reference: kubectl diff --server-side.
        """
        from kubeloop.clients.manifests.diff_run import diff

        _check(field_manager)
        labels: dict[str, str] = {}
        parent_namespace = _parent_namespace(namespace, apply_set, apply_set_namespace)
        if apply_set is not None:
            from kubeloop.clients.applyset.apply_set import ApplySet
            from kubeloop.clients.applyset.applyset_format import PART_OF

            opened = await ApplySet.open(
                self._rest, apply_set, namespace=parent_namespace, mapper=self.mapper, dry_run=True
            )
            labels[PART_OF] = opened.id
        return await diff(
            self._rest,
            self.mapper,
            objects,
            field_manager=field_manager,
            force=force,
            namespace=namespace,
            shows_secrets=show_secrets,
            labels=labels,
        )

    async def delete_manifests(
        self,
        objects: Iterable[Any],
        *,
        namespace: str | None = None,
        ignore_not_found: bool = False,
        propagation_policy: PropagationPolicy = "Background",
        grace_period_seconds: int | None = None,
        wait: bool = True,
        timeout: float = 300.0,
        on_error: OnError = "continue",
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> ApplyReport:
        """Delete a set of objects in the reverse order of their apply, and wait until they no longer exist.

        Custom objects no longer exist when the other objects are deleted, which their controllers may need; definitions
        and namespaces come last. An object that is created again meanwhile counts as deleted.

        Args:
            objects: As for `apply_manifests`; only kinds, namespaces and names count.
            namespace: As for `apply_manifests`.
            ignore_not_found: Whether an object that does not exist is `absent`, and not a failure.
            propagation_policy: What happens to objects that these objects own.
            grace_period_seconds: The time for pods to end; None for that of each object.
            wait: Whether to wait until the objects no longer exist.
            timeout: The seconds until none of them exists. An object that still exists then has failed.
            on_error: `"continue"` deletes the other objects; `"stop"` skips those that follow.
            dry_run: Whether the server deletes nothing.
            progress: Called with each result when it is final.

        Returns:
            The results in the order in which the objects were deleted.

        Raises:
            TypeError: As of `apply_manifests`, or an option has a wrong type.
            ValueError: An option has a wrong value.

        Reference: kubectl delete.
        """
        from kubeloop.clients.manifests.delete_run import DeleteRun, DeleteSettings

        _check("kubeloop", on_error, timeout)
        options: DeleteOptions = {"propagation_policy": propagation_policy, "dry_run": dry_run}
        if grace_period_seconds is not None:
            options["grace_period_seconds"] = grace_period_seconds
        settings = DeleteSettings(
            options=options,
            namespace=namespace,
            ignore_not_found=ignore_not_found,
            wait=wait,
            timeout=timeout,
            on_error=on_error,
            progress=progress,
        )
        return await DeleteRun(self._rest, self.mapper, settings).run(objects)


def _parent_namespace(namespace: str | None, apply_set: str | None, apply_set_namespace: str | None) -> str | None:
    if apply_set is None and apply_set_namespace is not None:
        raise TypeError("apply_set_namespace needs apply_set, the parent in this namespace")
    return namespace if apply_set_namespace is None else apply_set_namespace


def _check(field_manager: str, on_error: OnError = "continue", timeout: float = 0.0) -> None:
    if not field_manager:
        raise ValueError("expected a field_manager, the name that owns the fields, got an empty text")
    if on_error not in ("continue", "stop"):
        raise ValueError(f'expected "continue" or "stop" as on_error, got {on_error!r}')
    if not isinstance(timeout, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected a timeout in seconds, got {type(timeout).__name__}")
    if not timeout >= 0:  # which a value that is no number is not, too
        raise ValueError(f"expected a timeout of 0 or more seconds, got {timeout!r}")
