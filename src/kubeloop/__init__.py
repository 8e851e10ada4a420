"""client-go for Python: typed Kubernetes clients, informers, work queues and everything else that a controller needs.

    config = kubeloop.load_config()
    async with kubeloop.Clientset(config) as clientset:
        pod = await clientset.core_v1.pods("default").get("web-0")

Models are imported by group and version: `from kubeloop.models import apps_v1, core_v1`. Selectors are in
`kubeloop.labels` and `kubeloop.fields`, conditions in `kubeloop.conditions`, servers for tests in `kubeloop.testing`.
Each name below is loaded when it is first used: `import kubeloop` loads no network client, YAML reader, model or event
loop.
"""

from __future__ import annotations

from kubeloop._kit.lazy_names import lazy_names

# The name alone tells type checkers; importing `typing` for it would cost more than all the rest of this file.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from kubeloop import conditions, fields, labels, models
    from kubeloop._kit.bucket import TokenBucket
    from kubeloop._kit.log_context import LogContextFilter, log_context
    from kubeloop._kit.log_level import log_to_stderr
    from kubeloop._kit.stop_signal import StopSignal, until_signalled
    from kubeloop.cache.factory import SharedInformerFactory
    from kubeloop.cache.handlers.event_handler import ResourceEventHandler
    from kubeloop.cache.handlers.processor import HandlerRegistration
    from kubeloop.cache.informer.shared_informer import SharedInformer
    from kubeloop.cache.store.indexer import Indexer
    from kubeloop.cache.store.lister import Lister, NamespaceLister
    from kubeloop.clients.access_review import Permission
    from kubeloop.clients.clientset import Clientset
    from kubeloop.clients.conflict_retry import (
        DEFAULT_BACKOFF,
        DEFAULT_RETRY,
        Backoff,
        retry_on_conflict,
        retry_on_error,
    )
    from kubeloop.clients.create_or_update import OperationResult, WriteResult
    from kubeloop.clients.dynamic import DynamicClient, DynamicResource, DynamicSubresource
    from kubeloop.clients.edit import Edit
    from kubeloop.clients.manifests.manifest_diff import DiffReport, ObjectDiff
    from kubeloop.clients.manifests.manifest_files import load_manifests
    from kubeloop.clients.manifests.manifest_report import ApplyReport, FieldConflict, ManifestResult
    from kubeloop.clients.metadata_client import MetadataClient, MetadataResource
    from kubeloop.clients.object_iterator import ObjectIterator
    from kubeloop.clients.patch_verbs import DraftOf, SupportsDraft
    from kubeloop.clients.prefetching_iterator import PrefetchingIterator
    from kubeloop.clients.reader import ObjectList, Reader
    from kubeloop.clients.replica_count import ScaleOptions
    from kubeloop.clients.request_bodies import AnyPatch
    from kubeloop.clients.resource_client import ModelClient, ResourceClient, StatusResourceClient
    from kubeloop.clients.resuming_watch import ResumingWatch
    from kubeloop.clients.tables.object_tables import Tables
    from kubeloop.clients.tables.printed_table import Table, TableColumn, TableRow
    from kubeloop.clients.wait.rollout_progress import RolloutProgress, rollout_progress
    from kubeloop.clients.wait.unmet_object import EventSummary, UnmetObject
    from kubeloop.clients.wait.watch_until import watch_until
    from kubeloop.clients.wait_verb import WaitOptions, WaitSelection
    from kubeloop.clients.write_verbs import DeleteCollectionOptions
    from kubeloop.config.auth_provider import AuthProvider
    from kubeloop.config.client_metrics import ClientMetrics
    from kubeloop.config.client_tracing import CallSpan, ClientTracing
    from kubeloop.config.config import Config, Impersonation
    from kubeloop.config.exec_config import ExecConfig
    from kubeloop.config.exec_policy import ExecPolicy
    from kubeloop.config.in_cluster import in_cluster_config
    from kubeloop.config.load import build_config, load_config
    from kubeloop.config.request_rate_limiter import RequestRateLimiter
    from kubeloop.discovery.discovery_client import DiscoveryClient, ServerVersion
    from kubeloop.discovery.discovery_format import GroupsAndResources, ResourceLists
    from kubeloop.errors import (
        AlreadyExists,
        AmbiguousMatch,
        APIError,
        ApplySetError,
        BacklogFull,
        BadRequest,
        BodyTooLarge,
        CacheError,
        ConfigError,
        Conflict,
        ConnectError,
        ConnectionLost,
        ContextNotFound,
        CredentialError,
        DecodeError,
        DiscoveryIncomplete,
        EmptyConfig,
        EncodeError,
        Expired,
        Forbidden,
        GatewayTimeout,
        Gone,
        InternalError,
        Invalid,
        KubeloopError,
        LeadershipLost,
        MethodNotAllowed,
        NoMatch,
        NotAcceptable,
        NotFound,
        NotKept,
        NotSynced,
        PreconditionFailed,
        QueueShutDown,
        RequestEntityTooLarge,
        RequestTimeout,
        RolloutFailed,
        ServerSilent,
        ServerTimeout,
        ServiceUnavailable,
        StaleCache,
        StatusCause,
        StatusDetails,
        StoreReadError,
        TLSError,
        TooManyRequests,
        TransportError,
        Unauthorized,
        Unhealthy,
        UnknownIndex,
        Unreadable,
        UnreadableWriteResponse,
        UnsupportedMediaType,
        WaitTimeout,
    )
    from kubeloop.meta.gvk import GroupKind, GroupResource, GroupVersion, GroupVersionKind, GroupVersionResource
    from kubeloop.meta.int_or_string import int_or_string_value, parse_int_or_string, scaled_int_or_percent
    from kubeloop.meta.keys import object_key, split_key
    from kubeloop.meta.namespaces import ALL_NAMESPACES, DEFAULT, DefaultNamespace
    from kubeloop.meta.owners import controller_of, is_controlled_by, is_owned_by, owner_reference
    from kubeloop.meta.quantity import Quantity
    from kubeloop.meta.times import (
        format_duration,
        format_micro_time,
        format_time,
        human_duration,
        parse_duration,
        parse_time,
        short_human_duration,
    )
    from kubeloop.metrics import MetricFamily, Metrics, Sample
    from kubeloop.objects.change import Change
    from kubeloop.objects.draft import Draft
    from kubeloop.objects.model import Kind, KindList, Model
    from kubeloop.program import run
    from kubeloop.rest.client import RequestOptions, RESTClient
    from kubeloop.rest.result import Result
    from kubeloop.rest.warnings import WarningHandler, WarningLogger, WarningWriter, ignore_warnings
    from kubeloop.rest.watch_stream import WatchStream
    from kubeloop.scheme import Scheme
    from kubeloop.transport.base import ByteStream, Channel, Transport, UpgradeRefused
    from kubeloop.transport.user_agent import default_user_agent
    from kubeloop.unstructured import Unstructured, UnstructuredDraft, UnstructuredList
    from kubeloop.version import __version__ as __version__
    from kubeloop.wire.difference import Difference, Differences
    from kubeloop.wire.documents import decode, encode, parse_manifests
    from kubeloop.wire.object_difference import diff
    from kubeloop.wire.options import (
        ApplyOptions,
        DeleteOptions,
        FieldValidation,
        ListOptions,
        LogOptions,
        LogStream,
        PropagationPolicy,
        ResourceVersionMatch,
        SelectorOptions,
        WatchOptions,
        WriteOptions,
    )
    from kubeloop.wire.patch import PatchType
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers, Response, ServerWarning
    from kubeloop.wire.watch_events import EventType, UnreadableEvent, WatchEvent
    from kubeloop.workqueue.delaying import DelayingQueue, RateLimitingQueue
    from kubeloop.workqueue.limiters import (
        BucketRateLimiter,
        ItemExponentialFailureRateLimiter,
        ItemFastSlowRateLimiter,
        MaxOfRateLimiter,
        RateLimiter,
        default_controller_rate_limiter,
    )
    from kubeloop.workqueue.priority_queue import LOW_PRIORITY, PriorityQueue
    from kubeloop.workqueue.queue import WorkQueue
    from kubeloop.workqueue.queue_metrics import MetricsSink

__all__ = [
    "ALL_NAMESPACES",
    "DEFAULT",
    "DEFAULT_BACKOFF",
    "DEFAULT_RETRY",
    "LOW_PRIORITY",
    "APIError",
    "AlreadyExists",
    "AmbiguousMatch",
    "AnyPatch",
    "ApplyOptions",
    "ApplyReport",
    "ApplySetError",
    "AuthProvider",
    "BacklogFull",
    "Backoff",
    "BadRequest",
    "BodyTooLarge",
    "BucketRateLimiter",
    "ByteStream",
    "CacheError",
    "CallSpan",
    "Change",
    "Channel",
    "ClientMetrics",
    "ClientTracing",
    "Clientset",
    "Config",
    "ConfigError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "ContextNotFound",
    "CredentialError",
    "DecodeError",
    "DefaultNamespace",
    "DelayingQueue",
    "DeleteCollectionOptions",
    "DeleteOptions",
    "DiffReport",
    "Difference",
    "Differences",
    "DiscoveryClient",
    "DiscoveryIncomplete",
    "Draft",
    "DraftOf",
    "DynamicClient",
    "DynamicResource",
    "DynamicSubresource",
    "Edit",
    "EmptyConfig",
    "EncodeError",
    "EventSummary",
    "EventType",
    "ExecConfig",
    "ExecPolicy",
    "Expired",
    "FieldConflict",
    "FieldValidation",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "GroupKind",
    "GroupResource",
    "GroupVersion",
    "GroupVersionKind",
    "GroupVersionResource",
    "GroupsAndResources",
    "HandlerRegistration",
    "Headers",
    "Impersonation",
    "Indexer",
    "InternalError",
    "Invalid",
    "ItemExponentialFailureRateLimiter",
    "ItemFastSlowRateLimiter",
    "Kind",
    "KindList",
    "KubeloopError",
    "LeadershipLost",
    "ListOptions",
    "Lister",
    "LogContextFilter",
    "LogOptions",
    "LogStream",
    "ManifestResult",
    "MaxOfRateLimiter",
    "MetadataClient",
    "MetadataResource",
    "MethodNotAllowed",
    "MetricFamily",
    "Metrics",
    "MetricsSink",
    "Model",
    "ModelClient",
    "NamespaceLister",
    "NoMatch",
    "NotAcceptable",
    "NotFound",
    "NotKept",
    "NotSynced",
    "ObjectDiff",
    "ObjectIterator",
    "ObjectList",
    "OperationResult",
    "PatchType",
    "Permission",
    "PreconditionFailed",
    "PrefetchingIterator",
    "PriorityQueue",
    "PropagationPolicy",
    "Quantity",
    "QueueShutDown",
    "RESTClient",
    "RateLimiter",
    "RateLimitingQueue",
    "Reader",
    "Request",
    "RequestEntityTooLarge",
    "RequestOptions",
    "RequestRateLimiter",
    "RequestTimeout",
    "ResourceClient",
    "ResourceEventHandler",
    "ResourceLists",
    "ResourceVersionMatch",
    "Response",
    "Result",
    "ResumingWatch",
    "RolloutFailed",
    "RolloutProgress",
    "Sample",
    "ScaleOptions",
    "Scheme",
    "SelectorOptions",
    "ServerSilent",
    "ServerTimeout",
    "ServerVersion",
    "ServerWarning",
    "ServiceUnavailable",
    "SharedInformer",
    "SharedInformerFactory",
    "StaleCache",
    "StatusCause",
    "StatusDetails",
    "StatusResourceClient",
    "StopSignal",
    "StoreReadError",
    "SupportsDraft",
    "TLSError",
    "Table",
    "TableColumn",
    "TableRow",
    "Tables",
    "TokenBucket",
    "TooManyRequests",
    "Transport",
    "TransportError",
    "Unauthorized",
    "Unhealthy",
    "UnknownIndex",
    "UnmetObject",
    "Unreadable",
    "UnreadableEvent",
    "UnreadableWriteResponse",
    "Unstructured",
    "UnstructuredDraft",
    "UnstructuredList",
    "UnsupportedMediaType",
    "UpgradeRefused",
    "WaitOptions",
    "WaitSelection",
    "WaitTimeout",
    "WarningHandler",
    "WarningLogger",
    "WarningWriter",
    "WatchEvent",
    "WatchOptions",
    "WatchStream",
    "WorkQueue",
    "WriteOptions",
    "WriteResult",
    "build_config",
    "conditions",
    "controller_of",
    "decode",
    "default_controller_rate_limiter",
    "default_user_agent",
    "diff",
    "encode",
    "fields",
    "format_duration",
    "format_micro_time",
    "format_time",
    "human_duration",
    "ignore_warnings",
    "in_cluster_config",
    "int_or_string_value",
    "is_controlled_by",
    "is_owned_by",
    "labels",
    "load_config",
    "load_manifests",
    "log_context",
    "log_to_stderr",
    "models",
    "object_key",
    "owner_reference",
    "parse_duration",
    "parse_int_or_string",
    "parse_manifests",
    "parse_time",
    "retry_on_conflict",
    "retry_on_error",
    "rollout_progress",
    "run",
    "scaled_int_or_percent",
    "short_human_duration",
    "split_key",
    "until_signalled",
    "watch_until",
]

_NAMES = {
    "_kit.bucket": "TokenBucket",
    "_kit.log_context": "LogContextFilter log_context",
    "_kit.log_level": "log_to_stderr",
    "_kit.stop_signal": "StopSignal until_signalled",
    "cache.handlers.event_handler": "ResourceEventHandler",
    "cache.factory": "SharedInformerFactory",
    "cache.store.indexer": "Indexer",
    "cache.store.lister": "Lister NamespaceLister",
    "cache.handlers.processor": "HandlerRegistration",
    "cache.informer.shared_informer": "SharedInformer",
    "clients.access_review": "Permission",
    "clients.clientset": "Clientset",
    "discovery.discovery_client": "DiscoveryClient ServerVersion",
    "discovery.discovery_format": "GroupsAndResources ResourceLists",
    "clients.conflict_retry": "DEFAULT_BACKOFF DEFAULT_RETRY Backoff retry_on_conflict retry_on_error",
    "clients.create_or_update": "OperationResult WriteResult",
    "clients.dynamic": "DynamicClient DynamicResource DynamicSubresource",
    "clients.edit": "Edit",
    "clients.manifests.manifest_diff": "DiffReport ObjectDiff",
    "clients.manifests.manifest_files": "load_manifests",
    "clients.manifests.manifest_report": "ApplyReport FieldConflict ManifestResult",
    "clients.tables.object_tables": "Tables",
    "clients.tables.printed_table": "Table TableColumn TableRow",
    "clients.metadata_client": "MetadataClient MetadataResource",
    "clients.replica_count": "ScaleOptions",
    "clients.resource_client": "ModelClient ResourceClient StatusResourceClient",
    "clients.reader": "ObjectList Reader",
    "clients.resuming_watch": "ResumingWatch",
    "config.client_metrics": "ClientMetrics",
    "config.auth_provider": "AuthProvider",
    "config.client_tracing": "CallSpan ClientTracing",
    "config.config": "Config Impersonation",
    "config.exec_config": "ExecConfig",
    "config.exec_policy": "ExecPolicy",
    "config.in_cluster": "in_cluster_config",
    "config.load": "build_config load_config",
    "config.request_rate_limiter": "RequestRateLimiter",
    "errors": (
        "AlreadyExists AmbiguousMatch APIError ApplySetError BacklogFull BadRequest BodyTooLarge CacheError "
        "ConfigError Conflict ConnectError ConnectionLost ContextNotFound CredentialError DecodeError "
        "DiscoveryIncomplete EmptyConfig EncodeError Expired Forbidden GatewayTimeout Gone InternalError "
        "Invalid KubeloopError LeadershipLost MethodNotAllowed NoMatch NotAcceptable NotFound NotKept NotSynced "
        "PreconditionFailed "
        "QueueShutDown RequestEntityTooLarge RequestTimeout RolloutFailed ServerSilent ServerTimeout "
        "ServiceUnavailable StaleCache StatusCause StatusDetails StoreReadError TLSError TooManyRequests "
        "TransportError Unauthorized Unhealthy UnknownIndex Unreadable UnreadableWriteResponse "
        "UnsupportedMediaType WaitTimeout"
    ),
    "": "conditions fields labels models",
    "meta.gvk": "GroupKind GroupResource GroupVersion GroupVersionKind GroupVersionResource",
    "meta.int_or_string": "int_or_string_value parse_int_or_string scaled_int_or_percent",
    "meta.keys": "object_key split_key",
    "meta.owners": "controller_of is_controlled_by is_owned_by owner_reference",
    "meta.quantity": "Quantity",
    "meta.times": (
        "format_duration format_micro_time format_time human_duration parse_duration parse_time short_human_duration"
    ),
    "metrics": "MetricFamily Metrics Sample",
    "objects.model": "Kind KindList Model",
    "objects.change": "Change",
    "objects.draft": "Draft",
    "program": "run",
    "scheme": "Scheme",
    "unstructured": "Unstructured UnstructuredDraft UnstructuredList",
    "version": "__version__",
    "rest.client": "RequestOptions RESTClient",
    "rest.result": "Result",
    "rest.warnings": "WarningHandler WarningLogger WarningWriter ignore_warnings",
    "rest.watch_stream": "WatchStream",
    "transport.base": "ByteStream Channel Transport UpgradeRefused",
    "transport.user_agent": "default_user_agent",
    "wire.difference": "Difference Differences",
    "wire.object_difference": "diff",
    "wire.documents": "decode encode parse_manifests",
    "clients.object_iterator": "ObjectIterator",
    "clients.prefetching_iterator": "PrefetchingIterator",
    "clients.request_bodies": "AnyPatch",
    "clients.patch_verbs": "DraftOf SupportsDraft",
    "clients.wait.rollout_progress": "RolloutProgress rollout_progress",
    "clients.wait.unmet_object": "EventSummary UnmetObject",
    "clients.wait.watch_until": "watch_until",
    "clients.wait_verb": "WaitOptions WaitSelection",
    "clients.write_verbs": "DeleteCollectionOptions",
    "meta.namespaces": "ALL_NAMESPACES DEFAULT DefaultNamespace",
    "wire.options": (
        "ApplyOptions DeleteOptions FieldValidation ListOptions LogOptions LogStream PropagationPolicy "
        "ResourceVersionMatch SelectorOptions WatchOptions WriteOptions"
    ),
    "wire.patch": "PatchType",
    "wire.request": "Request",
    "wire.response": "Headers Response ServerWarning",
    "wire.watch_events": "EventType UnreadableEvent WatchEvent",
    "workqueue.delaying": "DelayingQueue RateLimitingQueue",
    "workqueue.limiters": (
        "BucketRateLimiter ItemExponentialFailureRateLimiter ItemFastSlowRateLimiter MaxOfRateLimiter RateLimiter "
        "default_controller_rate_limiter"
    ),
    "workqueue.priority_queue": "LOW_PRIORITY PriorityQueue",
    "workqueue.queue": "WorkQueue",
    "workqueue.queue_metrics": "MetricsSink",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _NAMES)
