"""The order in which kinds are applied: what others stand on comes first. Deletion uses the reverse order.

Reference: Helm's pkg/release/util/kind_sorter.go (InstallOrder). Intended differences: CustomResourceDefinitions follow
the namespaces, and custom kinds precede APIServices, webhooks and admission policies, which can refuse other objects.
"""

from __future__ import annotations

from kubeloop.meta.gvk import GroupKind

__all__ = ["CRD", "CUSTOM_RANK", "DEFINITION_RANK", "NAMESPACE", "rank_of"]

CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
NAMESPACE = GroupKind("", "Namespace")

_ORDER = (
    "Namespace",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "PriorityClass.scheduling.k8s.io",
    "RuntimeClass.node.k8s.io",
    "NetworkPolicy.networking.k8s.io",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget.policy",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass.storage.k8s.io",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole.rbac.authorization.k8s.io",
    "ClusterRoleBinding.rbac.authorization.k8s.io",
    "Role.rbac.authorization.k8s.io",
    "RoleBinding.rbac.authorization.k8s.io",
    "Service",
    "DaemonSet.apps",
    "Pod",
    "ReplicationController",
    "ReplicaSet.apps",
    "Deployment.apps",
    "HorizontalPodAutoscaler.autoscaling",
    "StatefulSet.apps",
    "Job.batch",
    "CronJob.batch",
    "IngressClass.networking.k8s.io",
    "Ingress.networking.k8s.io",
    "",  # any other kind
    "APIService.apiregistration.k8s.io",
    "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    "MutatingAdmissionPolicy.admissionregistration.k8s.io",
    "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
)
_RANKS = {GroupKind.parse(text): rank for rank, text in enumerate(_ORDER)}
CUSTOM_RANK = _ORDER.index("")
"""The rank of a kind that is not in the table, as any custom kind is."""
DEFINITION_RANK = _RANKS[CRD]
"""The rank of CustomResourceDefinitions."""


def rank_of(kind: GroupKind) -> int:
    """Return the rank of a kind: objects of a lower rank are applied first, those of one rank in the given order."""
    return _RANKS.get(kind, CUSTOM_RANK)
