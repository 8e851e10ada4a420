"""The tests that do not run on the API server in Python, each with its reason.

A key is a module (`test_oidc`), a test (`test_auth::test_name`), or `test_auth::test_name[x]`: the parametrizations of
a test whose ids contain `x`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["ONLY_REAL", "is_only_real"]

_PROCESSES = "tests the processes, flags and etcd of ControlPlane itself"
_FACTS = "compares the recorded facts with the real server"
_CUSTOM = "custom resources are not implemented by the server in Python"
_APPLY = "server-side apply is not implemented by the server in Python"
_VALIDATION = "validation and defaults of an object's fields are not implemented by the server in Python"
_IDENTITY = "the server in Python knows one token and no users: no client certificates, reviews or permissions"
_AGGREGATION = "the server in Python has no aggregation layer, and refuses APIServices that need one"
_DEPTH = "the server in Python refuses objects that are nested deeper than Python's decoder permits"
_COLUMNS = "the Tables of the server in Python have the columns Name and Age only"
_YEAR_0 = "the server in Python sends objects that Python cannot represent in JSON only, so it refuses protobuf"

ONLY_REAL: dict[str, str] = {
    "test_apply_sets": _APPLY,
    "test_core_types_in_crds": _CUSTOM,
    "test_coordinated_election": "the server in Python does not choose leaders",
    "test_auth::test_a_client_certificate_of_a_kubeconfig": _IDENTITY,
    "test_auth::test_a_kubeconfig_with_a_token_written_by_hand": _IDENTITY,
    "test_auth::test_a_plugin_that_gives_a_client_certificate": _IDENTITY,
    "test_auth::test_a_plugin_that_prints_yaml": _IDENTITY,
    "test_auth::test_a_plugins_token_is_renewed_when_the_server_rejects_it": _IDENTITY,
    "test_auth::test_a_token_and_a_token_file_that_is_renewed": _IDENTITY,
    "test_auth::test_another_user_is_known_and_may_do_nothing": _IDENTITY,
    "test_auth::test_impersonation_arrives_whole": _IDENTITY,
    "test_auth::test_overrides_of_a_command_line_reach_the_server": _IDENTITY,
    "test_benchmark_runners::test_a_peer_reads_and_applies_or_creates_the_same": _APPLY,
    "test_benchmark_runners::test_kubectl_applies_and_waits_for_the_same": _APPLY,
    "test_benchmark_runners::test_the_documents_are_applied_and_the_requests_counted": _APPLY,
    "test_certificate_rotation": _IDENTITY,
    "test_certificates::test_a_client_uses_the_certificate_that_replaced_its_first_one": _IDENTITY,
    "test_certificates::test_a_requested_certificate_authenticates_its_user": _IDENTITY,
    "test_certificates::test_the_controller_manager_signs_an_approved_request_for_the_requested_lifetime": _PROCESSES,
    "test_certificates::test_the_functions_of_the_page_request_and_approve_a_certificate": _IDENTITY,
    "test_certificates::test_the_program_of_the_page_runs_with_a_certificate_of_its_own": _IDENTITY,
    "test_control_plane": _PROCESSES,
    "test_conveniences::test_permissions_are_those_of_the_user": _IDENTITY,
    "test_describe::test_events_of_a_custom_resource_are_shown": _CUSTOM,
    "test_describe::test_the_table_of_all_events_shows_their_objects_and_notes": _COLUMNS,
    "test_discovery::test_a_server_behind_it_that_is_down_hides_nothing_else": _AGGREGATION,
    "test_documents::test_a_misspelt_field_of_an_apply_reaches_the_server": _APPLY,
    "test_documents::test_a_put_keeps_what_the_schema_preserves": _CUSTOM,
    "test_documents::test_an_empty_signing_request_is_refused_as_what_it_is": _VALIDATION,
    "test_documents::test_null_that_is_a_value_survives_a_put": _CUSTOM,
    "test_documents::test_pointers_without_omitempty_are_sent_as_null_as_go_does": _IDENTITY,
    "test_documents::test_the_text_of_times_survives_a_put": _CUSTOM,
    "test_documents::test_what_a_custom_resource_has_outside_its_schema_is_sent": _CUSTOM,
    "test_documents::test_whole_numbers_survive_a_put": _CUSTOM,
    "test_edit::test_a_list_that_became_shorter_meanwhile_is_a_conflict_and_no_error": _CUSTOM,
    "test_edit::test_fields_that_our_class_does_not_know_survive_an_edit": _CUSTOM,
    "test_examples::test_an_example_runs_and_says_what_it_should[08_custom_resource]": _CUSTOM,
    "test_examples::test_the_page_on_custom_resources_runs": _CUSTOM,
    "test_generated_crds": _CUSTOM,
    "test_informer_sources::test_a_namespace_that_may_not_be_listed_stops_no_other": _IDENTITY,
    "test_informer_sources::test_a_dynamic_informer_believes_the_lists_of_a_kind_with_unusual_names": _CUSTOM,
    "test_informer_sources::test_an_informer_of_metadata_needs_no_class_for_a_custom_kind": _CUSTOM,
    "test_informers::test_an_object_that_cannot_be_read_is_kept_until_it_is_deleted[protobuf]": _YEAR_0,
    "test_informers::test_who_may_not_list_learns_why_the_cache_does_not_sync": _IDENTITY,
    "test_health::test_our_failures_are_those_of_the_api_server": _PROCESSES,
    "test_leader_election::test_the_audit_log_shows_no_late_write": "the server in Python has no audit log",
    "test_mapper::test_a_definition_that_was_created_after_the_cache_was_filled_is_found": _CUSTOM,
    "test_mapper::test_a_group_whose_server_is_down_is_named_and_hides_nothing_else": _AGGREGATION,
    "test_manifest_page": _APPLY,
    "test_manifests": _APPLY,
    "test_manifest_sets::test_a_definition_and_its_objects_are_applied_and_deleted_from_one_file": _APPLY,
    "test_manifest_sets::test_a_definition_whose_names_are_taken_fails_with_its_objects": _CUSTOM,
    "test_manifest_sets::test_a_group_whose_server_is_down_fails_only_its_own_objects": _AGGREGATION,
    "test_manifest_sets::test_a_namespace_that_is_being_deleted_refuses_each_new_object": _APPLY,
    "test_manifest_sets::test_kubectl_sees_what_was_applied": _APPLY,
    "test_manifest_sets::test_one_error_per_object_and_the_rest_is_applied": _APPLY,
    "test_newcomer::test_a_task_is_carried_out[10_apply_file]": _APPLY,
    "test_newcomer::test_a_task_is_carried_out[14_apply_dict]": _APPLY,
    "test_oidc": _IDENTITY,
    "test_pytest_plugin": "tests the fixture that starts ControlPlane",
    "test_reads_of_both_servers": "compares reads with the real server",
    "test_recorded_api": _FACTS,
    "test_rest::test_an_apply_says_whether_it_created_the_object": _APPLY,
    "test_secrets_in_errors::test_an_error_about_a_secret_shows_nothing_of_it[applied]": _APPLY,
    "test_soak": _PROCESSES,
    "test_tables::test_a_definition_controls_no_terminal_and_hides_no_built_in_resource": _CUSTOM,
    "test_tables::test_the_columns_of_a_custom_resource_are_those_of_its_definition": _CUSTOM,
    "test_unreadable::test_a_controller_survives_a_schema_that_grows_under_its_generated_class": _CUSTOM,
    "test_unreadable::test_deeply_nested_objects_cost_no_other_object": _DEPTH,
    "test_unreadable::test_events_of_deeply_nested_objects_are_reported_in_their_place": _DEPTH,
    "test_verbs::test_a_service_account_gets_a_token": _IDENTITY,
    "test_verbs::test_apply_and_patch_keep_required_fields_that_were_not_set": _APPLY,
    "test_verbs::test_apply_creates_owns_and_removes_fields": _APPLY,
    "test_verbs::test_reviews_are_created_and_nothing_more": _IDENTITY,
    "test_verbs::test_scale_is_applied": _APPLY,
    "test_verbs::test_the_status_is_applied": _APPLY,
    "test_wait::test_who_may_not_read_events_learns_of_the_timeout": _IDENTITY,
    "test_watch::test_a_version_that_the_server_has_forgotten_is_expired": _PROCESSES,
}


def is_only_real(node: str, keys: Sequence[str] = tuple(ONLY_REAL)) -> bool:
    """Return whether a test is for the real server only.

    Args:
        node: The id of the test: `tests/integration/test_auth.py::test_name[json]`.
        keys: What is for the real server only.
    """
    path, _, test = node.partition("::")
    module = path.rpartition("/")[2].removesuffix(".py")
    name, _, parameters = test.partition("[")
    return any(_covers(key, module, name, parameters) for key in keys)


def _covers(key: str, module: str, name: str, parameters: str) -> bool:
    in_module, _, test = key.partition("::")
    in_test, _, part = test.partition("[")
    return in_module == module and in_test in ("", name) and part.rstrip("]") in parameters
