"""All verbs of resources, for the generated clients: one generic mixin per verb, written once for all resources.

A client composes the verbs that its resource has, so that type checkers know the others to be missing. Every verb may
raise what `RESTClient` raises (`APIError`, `TransportError`, `DecodeError`), and `ValueError` or `TypeError`, before
anything is sent, for arguments that cannot be right.
"""

from kubeloop.clients.create_or_update import CreateOrUpdate
from kubeloop.clients.log_verbs import Log
from kubeloop.clients.patch_verbs import Apply, Patch, Status
from kubeloop.clients.read_verbs import Get, List, Watch
from kubeloop.clients.write_verbs import Create, CreateReturningStatus, Delete, DeleteCollection, Update

__all__ = [
    "Apply",
    "Create",
    "CreateOrUpdate",
    "CreateReturningStatus",
    "Delete",
    "DeleteCollection",
    "Get",
    "List",
    "Log",
    "Patch",
    "Status",
    "Update",
    "Watch",
]
