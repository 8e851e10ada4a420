"""A custom kind for tests."""

from __future__ import annotations

from kubeloop.models import meta_v1
from kubeloop.objects.model import Kind


class Certificate(Kind, api_version="example.com/v1", kind="Certificate", resource="certificates", namespaced=True):
    """A custom resource."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
