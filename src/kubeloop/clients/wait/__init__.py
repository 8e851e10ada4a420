"""Waiting until objects reach a state: conditions, values, creation, deletion, rollouts, and events in an order.

`wait_machine` decides from lists and events, `awaited_state` knows the states, and `wait_loop` reads lists and watches.
`timeout_report` says at the end what was missing. `known_objects` turns a list into the events that were missed.

Reference: kubectl pkg/cmd/wait, pkg/cmd/rollout; client-go tools/watch.
"""
