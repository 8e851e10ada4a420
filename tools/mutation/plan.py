"""The mutants that are worth a run, and the tests that belong to a file.

Left out are changes that no test should notice: log lines, `repr`s, text, types, and mutations that nearly always mean
the same (`is` for `==`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

BINARY = "Add_Sub Sub_Add Mul_Add Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul LShift_RShift"
COMPARISON = "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is"
OPERATORS = (
    *(f"core/ReplaceBinaryOperator_{name}" for name in BINARY.split()),
    *(f"core/ReplaceComparisonOperator_{name}" for name in COMPARISON.split()),
    *(f"core/Replace{name}" for name in ("TrueWithFalse", "FalseWithTrue", "AndWithOr", "OrWithAnd",
                                        "BreakWithContinue", "ContinueWithBreak")),
    "core/ReplaceUnaryOperator_USub_UAdd", "core/ReplaceUnaryOperator_Delete_Not", "core/AddNot",
    "core/ExceptionReplacer", "core/NumberReplacer", "core/ZeroIterationForLoop",
)  # fmt: skip

PACKAGE = "src/kubeloop"
LOADING = (
    "tests/unit/config/test_load.py tests/unit/config/test_load_choices.py tests/unit/config/test_files.py "
    "tests/unit/config/test_config_overrides.py tests/unit/config/test_config_problems.py "
    "tests/unit/config/test_pod_decision.py tests/faults/test_bad_config.py"
)
KUBECONFIG_CHANGES = (
    "tests/unit/config/test_kubeconfig_writer.py tests/unit/config/test_kubeconfig_views.py "
    "tests/unit/config/test_kubeconfig_lock.py tests/unit/config/test_file_replacement.py"
)
PLUGINS = (
    "tests/unit/config/test_exec_plugin.py tests/unit/config/test_exec_metrics.py "
    "tests/unit/config/test_exec_policy.py tests/unit/config/test_install_hint.py"
)
APPLYING = (
    "tests/unit/cache/informer/test_shared_informer_handlers.py tests/unit/cache/handlers/test_filters.py "
    "tests/unit/cache/informer/test_unreadable.py"
)
WATCH_FAULTS = "tests/faults/test_watch_connections.py tests/faults/test_watch_contents.py"
LISTWATCH = "tests/unit/listwatch tests/property/test_list_watch_machine.py"
CONNECTION = (
    "tests/unit/transport/http1/test_connection.py tests/unit/transport/http1/test_connection_limits.py "
    "tests/unit/transport/http1/test_connection_is_quiet.py"
)
METRICS = "tests/unit/test_metrics.py tests/conformance/component_base"
ELECTIONS = "tests/unit/leaderelection"
QUEUES = "tests/unit/workqueue tests/property/workqueue"
INDEXING = (
    "tests/unit/cache/store/test_indexer.py tests/unit/cache/store/test_thread_safe_store.py "
    "tests/property/test_indexer_model.py"
)
OWN_WRITES = "tests/unit/cache/informer/test_read_your_writes.py tests/faults/test_own_writes_under_faults.py"
SLOW_HANDLERS = (
    "tests/unit/cache/handlers/test_handler_backlog.py tests/unit/cache/handlers/test_slow_handlers.py "
    "tests/unit/cache/handlers/test_informer_events.py tests/property/test_backlog_model.py"
)
CORRELATION = "tests/unit/record/test_event_correlator.py tests/unit/record/test_core_event_recorder.py"
RECORDERS = (
    "tests/unit/record/test_event_recorder.py tests/unit/record/test_core_event_recorder.py "
    "tests/faults/test_event_recorder_faults.py"
)
EXTRAS = "tests/unit/telemetry/test_extras.py"
REQUEST_LOG = "tests/unit/rest/test_request_log.py tests/unit/rest/test_call_tracing.py"
PROTOBUF = "tests/unit/wire/serializers/test_protobuf_serializer.py tests/unit/rest/test_content_type.py"
TLS_FAULTS = "tests/faults/transport/test_tls.py"
DECISIVE = {
    "_kit/backoff": "tests/unit/kit",
    "_kit/bucket": "tests/unit/kit",
    "_kit/metric_family": "tests/unit/kit/test_metric_family.py",
    "cache/informer/applier": f"{APPLYING} tests/unit/cache/informer/test_shared_informer.py "
    "tests/property/test_informer_convergence.py",
    "cache/fifo/change_queue": "tests/unit/cache/fifo tests/property/test_delta_fifo_model.py "
    "tests/property/test_real_fifo_model.py",
    "cache/fifo/delta_fifo": "tests/unit/cache/fifo/test_delta_fifo.py tests/property/test_delta_fifo_model.py",
    "cache/fifo/real_fifo": "tests/unit/cache/fifo/test_real_fifo.py tests/property/test_real_fifo_model.py",
    "cache/informer/store_replacement": "tests/unit/cache/informer/test_store_replacement.py "
    "tests/property/test_real_fifo_model.py tests/unit/cache/informer/test_pop_loop.py "
    "tests/unit/cache/informer/test_unreadable.py",
    "cache/informer/resync": "tests/unit/cache/informer/test_resync.py",
    "cache/store/index": INDEXING,
    "cache/source/consistency_check": "tests/unit/cache/source/test_consistency_check.py "
    "tests/unit/cache/informer/test_informer_consistency_check.py",
    "cache/expectations": "tests/unit/cache/test_expectations.py",
    "cache/store/index_by_field": "tests/unit/cache/store/test_index_by_field.py",
    "cache/handlers/handler_backlog": SLOW_HANDLERS,
    "cache/handlers/informer_event": f"tests/unit/cache/handlers/test_informer_event.py {SLOW_HANDLERS}",
    "cache/informer_scope": "tests/unit/cache/test_factory_scopes.py tests/unit/cache/test_factory.py",
    "cache/running_informers": "tests/unit/cache/test_running_informers.py",
    "cache/informer/informer_statistics": "tests/unit/cache/informer/test_informer_statistics.py",
    "cache/source/list_kind": "tests/unit/cache/source/test_list_kind.py",
    "cache/informer/memory_usage": "tests/unit/cache/informer/test_memory_usage.py "
    "tests/unit/cache/informer/test_memory_modes.py",
    "cache/store/mutation_cache": f"tests/unit/cache/store/test_mutation_cache.py {OWN_WRITES}",
    "cache/object_selection": "tests/unit/cache/test_object_selection.py",
    "cache/handlers/shared_processor": f"tests/unit/cache/informer/test_shared_informer_handlers.py {SLOW_HANDLERS}",
    "cache/store/thread_safe_store": INDEXING,
    "cache/store/ttl_store": "tests/unit/cache/store/test_ttl_store.py",
    "cache/informer/write_tracker": f"tests/unit/cache/informer/test_write_tracker.py {OWN_WRITES}",
    "cache/source/initial_events": "tests/unit/cache/source/test_initial_events.py "
    "tests/unit/cache/source/test_reflector_watch_list.py",
    "cache/store/indexer": INDEXING,
    "certificates/request_template": "tests/unit/certificates/test_request_template.py",
    "certificates/rotation_schedule": "tests/unit/certificates/test_rotation_schedule.py "
    "tests/unit/certificates/test_certificate_manager.py",
    "certificates/signing_decision": "tests/unit/certificates/test_signing_decision.py",
    "clients/access_review": "tests/unit/clients/test_access_review.py",
    "clients/conflict_retry": "tests/unit/clients/test_conflict_retry.py tests/unit/clients/test_edit.py",
    "clients/create_or_update": "tests/unit/clients/test_create_or_update.py tests/faults/test_convenience_faults.py",
    "clients/edit_target": "tests/unit/clients/test_edit.py tests/unit/clients/test_subresource_edit.py "
    "tests/unit/clients/test_create_or_update.py",
    "clients/metadata_verbs": "tests/unit/clients/test_metadata_verbs.py tests/faults/test_convenience_faults.py",
    "clients/object_events": "tests/unit/clients/test_object_events.py",
    "clients/prefetching_iterator": "tests/unit/clients/test_prefetching_iterator.py",
    "conditions": "tests/unit/test_conditions.py",
    "wire/difference": "tests/unit/wire/test_object_difference.py",
    "wire/object_difference": "tests/unit/wire/test_object_difference.py tests/property/test_object_difference.py",
    "clients/object_iterator": "tests/unit/clients/test_object_iterator.py tests/faults/test_unreadable_responses.py",
    "clients/patch_verbs": "tests/unit/clients tests/unit/rest",
    "config/auth_provider": "tests/unit/config/test_auth_provider.py",
    "config/certificate_dates": "tests/unit/config/test_exec_metrics.py",
    "config/document_fields": f"tests/unit/config/test_kubeconfig.py {LOADING}",
    "config/config_arguments": "tests/unit/config/test_config_arguments.py",
    "config/config_overrides": "tests/unit/config/test_config_overrides.py",
    "config/exec_input": "tests/unit/config/test_exec_input.py",
    "config/exec_output": "tests/unit/config/test_exec_output.py",
    "config/exec_plugin": PLUGINS,
    "config/exec_policy": "tests/unit/config/test_exec_policy.py",
    "config/file_replacement": "tests/unit/config/test_file_replacement.py",
    "config/exec_request": "tests/unit/config/test_exec_request.py tests/unit/config/test_exec_plugin.py",
    "config/install_hint": "tests/unit/config/test_install_hint.py",
    "config/id_token": "tests/unit/config/test_id_token.py",
    "config/kubeconfig": f"tests/unit/config/test_kubeconfig.py {LOADING}",
    "config/kubeconfig_data": KUBECONFIG_CHANGES,
    "config/kubeconfig_lock": "tests/unit/config/test_kubeconfig_lock.py",
    "config/kubeconfig_views": "tests/unit/config/test_kubeconfig_views.py",
    "config/kubeconfig_writer": KUBECONFIG_CHANGES,
    "config/load": LOADING,
    "config/oidc_protocol": "tests/unit/config/test_oidc_protocol.py tests/unit/transport/oidc",
    "config/oidc_tokens": "tests/unit/config/test_oidc_tokens.py",
    "config/refreshed_tokens": "tests/unit/config/test_refreshed_tokens.py tests/unit/transport/oidc",
    "config/validation": f"{LOADING} tests/unit/config/test_auth_provider.py",
    "_kit/log_context": "tests/unit/kit/test_log_context.py",
    "_kit/stop_signal": "tests/unit/kit/test_stop_signal.py tests/faults/test_signalled_processes.py",
    "health/check_call": "tests/unit/health/test_check_call.py tests/unit/health/test_check_group.py",
    "health/check_group": "tests/unit/health/test_check_group.py tests/unit/health/test_health_checks.py",
    "health/check_history": "tests/unit/health/test_check_history.py",
    "health/health_response": "tests/unit/health/test_health_response.py",
    "health/health_server": "tests/unit/health/test_health_server.py",
    "health/informer_checks": "tests/unit/health/test_informer_checks.py",
    "health/loop_check": "tests/unit/health/test_loop_check.py",
    "health/process_metrics": "tests/unit/health/test_process_metrics.py",
    "health/queue_check": "tests/unit/health/test_queue_check.py",
    "listwatch/backoff_and_pace": LISTWATCH,
    "listwatch/list_watch_machine": LISTWATCH,
    "listwatch/paging": f"{LISTWATCH} tests/unit/clients/test_object_iterator.py",
    "listwatch/reopen_or_raise": LISTWATCH,
    "listwatch/reopen_or_relist": LISTWATCH,
    "listwatch/resource_versions": LISTWATCH,
    "listwatch/streaming_list": LISTWATCH,
    "listwatch/watch_end": LISTWATCH,
    "metrics/__init__": f"{METRICS} tests/unit/rest/test_call_report.py",
    "metrics/certificate_series": f"{METRICS} tests/unit/certificates/test_certificate_manager.py",
    "metrics/informer_series": f"{METRICS} tests/unit/cache/informer/test_informer_statistics.py",
    "metrics/queue_series": METRICS,
    "metrics/request_series": f"{METRICS} tests/unit/rest/test_call_report.py tests/unit/config/test_exec_metrics.py",
    "metrics/recorder_series": f"{METRICS} tests/unit/record/test_event_recorder.py",
    "objects/json/list_reader": "tests/unit/objects/json/test_list_reader.py tests/property/test_list_reader.py",
    "record/event_aggregator": f"tests/unit/record/test_event_aggregator.py {CORRELATION}",
    "record/event_correlator": CORRELATION,
    "record/event_form": f"tests/unit/record/test_event_form.py {RECORDERS}",
    "clients/object_reference": "tests/unit/clients/test_object_reference.py",
    "record/event_sender": RECORDERS,
    "record/event_series": f"tests/unit/record/test_event_series.py {RECORDERS}",
    "leaderelection/election_machine": f"{ELECTIONS}/test_election_machine.py {ELECTIONS}/test_leader_election.py "
    f"{ELECTIONS}/test_edited_leases.py",
    "leaderelection/leader_election": ELECTIONS,
    "leaderelection/leader_term": ELECTIONS,
    "leaderelection/lease_candidate": f"{ELECTIONS}/test_lease_candidate.py",
    "leaderelection/lease_lock": f"{ELECTIONS}/test_lease_lock.py {ELECTIONS}/test_election_events.py",
    "leaderelection/lease_record": f"{ELECTIONS}/test_lease_lock.py {ELECTIONS}/test_edited_leases.py",
    "record/event_text": "tests/unit/record/test_event_text.py tests/unit/record/test_occurrence.py",
    "record/occurrence": "tests/unit/record/test_occurrence.py",
    "record/recent_items": "tests/unit/record/test_recent_items.py",
    "record/recorded_event": "tests/unit/record/test_recorded_event.py",
    "record/spam_filter": f"tests/unit/record/test_spam_filter.py {CORRELATION}",
    "record/write_failure": f"tests/unit/record/test_write_failure.py {RECORDERS}",
    "rest/call_report": f"tests/unit/rest/test_call_report.py {REQUEST_LOG}",
    "rest/list_response": "tests/unit/rest/test_body.py tests/unit/rest/test_second_serializer.py",
    "rest/rate_limit": "tests/unit/rest/test_rate_limit.py tests/unit/rest/test_client.py",
    "rest/request_log": REQUEST_LOG,
    "rest/retry": "tests/unit/rest tests/faults/test_rest_faults.py tests/faults/test_retry_matrix.py",
    "rest/warnings": "tests/unit/rest/test_warnings.py tests/unit/rest/test_client.py",
    "telemetry/prometheus_collector": f"tests/unit/telemetry/test_prometheus_collector.py {EXTRAS}",
    "telemetry/request_tracing": f"tests/unit/telemetry/test_request_tracing.py {EXTRAS}",
    "telemetry/url_template": "tests/unit/telemetry/test_url_template.py",
    "testing/fake_event_recorder": "tests/unit/testing/test_fake_event_recorder.py",
    "transport/connecting/dial_hook": "tests/unit/transport/connecting/test_dial_hook.py",
    "transport/connecting/tls": f"tests/unit/transport/connecting/test_tls.py {TLS_FAULTS}",
    "transport/connecting/tls_context": f"tests/unit/transport/connecting/test_tls.py {TLS_FAULTS}",
    "transport/exchange": "tests/unit/transport/test_exchange.py",
    "transport/http1/connection": CONNECTION,
    "transport/http1/gzip": "tests/unit/transport/http1/test_gzip.py",
    "transport/http1/response_head": "tests/unit/transport/http1/test_response_head.py",
    "transport/http1/request_head": "tests/unit/transport/http1/test_request_head.py",
    "transport/oidc_source": "tests/unit/transport/oidc",
    "transport/pool": "tests/unit/transport/test_pool.py tests/unit/transport/test_pool_failures.py",
    "transport/user_headers": "tests/unit/transport/test_user_headers.py",
    "transport/wrapping": "tests/unit/transport/test_wrapping.py",
    "wire/chunks": "tests/unit/wire/test_chunks.py",
    "wire/protobuf/read_parts": f"tests/unit/wire/protobuf/test_read_parts.py {PROTOBUF}",
    "wire/protobuf/wire_format": f"tests/unit/wire/protobuf/test_wire_format.py {PROTOBUF}",
    "wire/serializers/registry": "tests/unit/rest/test_content_type.py tests/unit/rest/test_second_serializer.py",
    **dict.fromkeys(
        (
            "workqueue/delay_heap",
            "workqueue/delaying",
            "workqueue/item_backoff",
            "workqueue/item_states",
            "workqueue/limiters",
            "workqueue/priority_order",
            "workqueue/priority_queue",
            "workqueue/queue",
            "workqueue/queue_metrics",
        ),
        QUEUES,
    ),
}
"""The decisive files, with their own tests."""

REST_FAULTS = "tests/faults/test_rest_faults.py tests/faults/test_unreadable_responses.py"
TESTS_OF_FLOOR = {
    "_kit": "tests/unit/kit",
    "cache": "tests/unit/cache tests/faults/test_informer_faults.py tests/faults/test_informer_unreadable.py",
    "certificates": "tests/unit/certificates tests/faults/test_certificate_manager_faults.py",
    "cli": "tests/unit/cli",
    "clients": f"tests/unit/clients tests/unit/rest {REST_FAULTS} {WATCH_FAULTS} "
    "tests/faults/test_clients_discovery_faults.py",
    "codegen": "tests/unit/codegen tests/unit/cli tests/property/codegen",
    "config": "tests/unit/config tests/faults/test_bad_config.py",
    "errors": "tests/unit/test_errors.py tests/unit/test_display.py tests/unit/wire",
    "health": "tests/unit/health",
    "leaderelection": ELECTIONS,
    "listwatch": LISTWATCH,
    "meta": "tests/unit/meta tests/property/meta",
    "fields": "tests/unit/test_fields.py tests/property/meta",
    "jsonpath": "tests/unit/jsonpath tests/property/test_jsonpath.py",
    "labels": "tests/unit/test_labels.py tests/property/meta",
    "metrics": METRICS,
    "objects": "tests/unit/objects tests/unit/models tests/property/test_patches.py tests/property/test_drafts.py "
    "tests/unit/codegen/test_agreement.py tests/unit/test_display.py",
    "record": f"tests/unit/record {RECORDERS}",
    "rest": f"tests/unit/rest tests/unit/clients {REST_FAULTS} {WATCH_FAULTS}",
    "scheme": "tests/unit/test_unstructured.py tests/unit/wire",
    "telemetry": "tests/unit/telemetry",
    "testing": "tests/unit/testing",
    "transport": "tests/unit/transport tests/faults/transport tests/faults/test_nothing_reachable.py",
    "unstructured": "tests/unit/test_unstructured.py tests/unit/objects",
    "wire": f"tests/unit/wire tests/unit/rest tests/unit/clients {REST_FAULTS}",
    "workqueue": QUEUES,
}

GENERATED = ("clients/groups", "cache/informers")
LOGGERS = ("logger", "_log", "log", "logging")


@dataclass(frozen=True)
class Place:
    """Where an operator can change a file."""

    path: str
    line: int
    operator: str
    occurrence: int


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str
    line: int
    operator: str
    original: str
    mutated: str


def decisive_files() -> list[str]:
    """Return the decisive files, as paths below the root."""
    return [f"{PACKAGE}/{name}.py" for name in DECISIVE]


def other_files(root: Path) -> list[str]:
    """Return all other hand-written files that the tests of their package can judge."""
    decisive = set(decisive_files())
    found: list[str] = []
    for file in sorted((root / PACKAGE).rglob("*.py")):
        path = file.relative_to(root).as_posix()
        inner = path.removeprefix(f"{PACKAGE}/")
        is_generated = inner.startswith(GENERATED) or "generated" in file.read_text(encoding="utf-8")[:80].lower()
        if path not in decisive and not is_generated and _floor(path) in TESTS_OF_FLOOR:
            found.append(path)
    return found


@cache
def tests_of(root: Path, path: str) -> tuple[str, ...]:
    """Return the tests that judge a file; the test module of the same name runs first."""
    floor, _, name = path.removeprefix(f"{PACKAGE}/").rpartition("/")
    own = f"tests/unit/{floor.lstrip('_')}/test_{name.lstrip('_')}"
    tests = table_of(path)
    return (own, *tests) if (root / own).exists() and own not in tests else tests


def table_of(path: str) -> tuple[str, ...]:
    """Return the same tests without an order, as the tables list them."""
    inner = path.removeprefix(f"{PACKAGE}/").removesuffix(".py")
    return tuple((DECISIVE.get(inner) or TESTS_OF_FLOOR[_floor(path)]).split())


def _floor(path: str) -> str:
    return path.removeprefix(f"{PACKAGE}/").removesuffix(".py").partition("/")[0]


def places_of(root: Path, path: str) -> list[Place]:
    """Return every place of a file at which an operator can make a change that is worth a run."""
    source = (root / path).read_text(encoding="utf-8")
    left_out = _lines_left_out(source)
    tree = get_ast(source)
    found: list[Place] = []
    for name in OPERATORS:
        places = _Places(get_operator(name)())
        places.walk(tree)
        found += [
            Place(path, line, name, occurrence)
            for occurrence, (line, is_text) in enumerate(places.found)
            if line not in left_out and not is_text
        ]
    return found


def mutant_at(root: Path, place: Place) -> Mutant | None:
    """Return the mutant of a place; None if the operator cannot create a program there."""
    source = (root / place.path).read_text(encoding="utf-8")
    try:
        mutated = mutate_code(source, get_operator(place.operator)(), place.occurrence)
        ast.parse(mutated or "")
    except (AttributeError, SyntaxError):  # cosmic-ray cannot replace exceptions with dotted names
        return None
    if mutated is None or mutated == source:
        return None
    return Mutant(place.path, place.line, place.operator.removeprefix("core/"), source, mutated)


class _Places(Visitor):
    """Collects the lines at which an operator would change something."""

    def __init__(self, operator: Any) -> None:
        self._operator = operator
        self.found: list[tuple[int, bool]] = []

    def visit(self, node: Any) -> Any:
        for (line, _), _ in self._operator.mutation_positions(node):
            parent, is_text = node, False
            while parent is not None:
                is_text = is_text or parent.type == "fstring"
                parent = parent.parent
            self.found.append((line, is_text))
        return node


def _lines_left_out(source: str) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):  # `frozen=True` and the like, which type checkers check
            for header in (*node.decorator_list, *node.keywords):
                lines.update(range(header.lineno, (header.end_lineno or header.lineno) + 1))
        if _is_left_out(node):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _is_left_out(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef(name="__repr__" | "__str__"):
            return True
        case ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=body))]) if body is ...:
            return True  # an overload or a protocol
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in LOGGERS
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__" | "TYPE_CHECKING")]):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return not node.orelse
    return False
