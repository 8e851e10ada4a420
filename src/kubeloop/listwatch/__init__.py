"""How lists and watches follow each other: decisions without an event loop, a clock or a network.

`list_watch_machine` puts the rules of the other modules together. It has two consumers, which carry out its steps:
`cache.source.reflector` and `clients.resuming_watch`.
"""
