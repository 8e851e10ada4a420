"""Waiting until objects reach a state: conditions, values, creation, deletion, rollouts, and events in an order.

`wait_machine` decides from lists and events, `wait_loop` reads them, and `awaited_state` and its neighbours know the
states. `timeout_report` says at the end what is missing, and `known_objects` turns a list into the events that it
stands for.

Reference: kubectl pkg/cmd/wait, pkg/cmd/rollout; client-go tools/watch.
"""
