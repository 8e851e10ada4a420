"""The kinds of faults."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from tests.simulation import connection_faults, response_faults, server_faults

if TYPE_CHECKING:
    from tests.simulation.disturbance import Disturbance
    from tests.simulation.world import World

__all__ = ["FAULTS", "Fault"]

Fault = Callable[["World", Random], "Disturbance"]

FAULTS: dict[str, Fault] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        server_faults.servers_lag,
        server_faults.cache_is_held,
        server_faults.server_restarts,
        server_faults.servers_restart_often,
        server_faults.all_servers_are_down,
        server_faults.balancer_is_blind,
        server_faults.storage_is_compacted,
        server_faults.pages_expire,
        response_faults.versions_expire,
        connection_faults.internal_errors_in_watches,
        connection_faults.connections_are_cut,
        response_faults.responses_are_cut,
        connection_faults.events_come_twice,
        connection_faults.bodies_drip,
        connection_faults.watches_end_after_each_event,
        connection_faults.watches_end_at_once,
        connection_faults.events_are_delayed,
        connection_faults.network_is_a_black_hole,
        connection_faults.connections_are_forgotten,
        response_faults.storm_of_429,
        response_faults.storm_of_5xx,
        response_faults.access_is_refused,
        response_faults.streaming_lists_are_refused,
        response_faults.connections_are_refused,
        response_faults.another_body,
        response_faults.responses_are_garbled,
        server_faults.objects_become_unreadable,
        connection_faults.metadata_is_garbled,
        connection_faults.versions_are_missing,
        connection_faults.pages_lead_to_themselves,
        connection_faults.streaming_lists_are_ignored,
        connection_faults.bookmarks_are_missing,
        connection_faults.timeouts_are_ignored,
        server_faults.client_is_stopped,
        server_faults.clock_of_the_servers_jumps,
    )
}
"""All kinds of faults, by the name in the story."""
