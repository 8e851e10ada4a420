"""`Metrics` receives the measurements of clients and queues; an object without the methods is refused."""

from typing import assert_type

import kubeloop

metrics = kubeloop.Metrics()
config = kubeloop.Config(host="https://server", metrics=metrics)
queue = kubeloop.WorkQueue[str](name="pods", metrics=metrics)
assert_type(metrics.value("workqueue_depth", name="pods"), float)


class Incomplete:
    def depth(self, queue: str, change: int, priority: int | None = None, /) -> None: ...


kubeloop.WorkQueue[str](metrics=Incomplete())  # error
kubeloop.Config(host="https://server", metrics=Incomplete())  # error
