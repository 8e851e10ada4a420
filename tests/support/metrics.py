"""A metrics sink that adds up its values."""

from __future__ import annotations

from collections import Counter


class Sink:
    def __init__(self):
        self.adds = self.now_queued = self.retries = 0
        self.by_priority = Counter()
        self.waits = []
        self.works = []
        self.names = set()

    def created(self, queue, unfinished_work):
        self.unfinished_work = unfinished_work

    def depth(self, queue, change, priority=None):
        self.names.add(queue)
        self.now_queued += change
        if priority is not None:
            self.by_priority[priority] += change

    def added(self, queue):
        self.adds += 1

    def waited(self, queue, seconds):
        self.waits.append(seconds)

    def worked(self, queue, seconds):
        self.works.append(seconds)

    def retried(self, queue):
        self.retries += 1
