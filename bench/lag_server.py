"""An API server for the suites `growth` and `lag`: lists of any number of pods, which it does not hold in memory.

    python -m bench.lag_server PODS_FILE      prints its address, then serves until its standard input ends

The first segment of the path names a collection: `50000` or `50000-NAME` has 50,000 pods. Each is a pod of the file
with a name and a resource version of its own. The server responds to a LIST, to a watch with `sendInitialEvents`, and
to any other watch, which stays silent until a command arrives for the collection:

    /50000-NAME/events?count=N      each watch sends N changes of pods at once
    /50000-NAME/expire?changed=1    all pods get another resource version (with `changed`), and each watch ends with 410
"""

import json
import queue
import re
import socketserver
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import ClassVar, NamedTuple
from urllib.parse import parse_qs, urlsplit

HEAD = b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"%d"},"items":['
EVENT = b'{"type":"%b","object":{"kind":"Pod","apiVersion":"v1",'
END = (
    b'{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"%d",'
    b'"creationTimestamp":null,"annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null},'
    b'"status":{}}}\n'
)
EXPIRED = (
    b'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
    b'"message":"too old resource version","reason":"Expired","code":410}}\n'
)
NAME = re.compile(rb'"name":"([^"]*)"')
VERSION = re.compile(rb'"resourceVersion":"([^"]*)"')
WRITE_BYTES = 1 << 18
FIRST_VERSION, VERSIONS_PER_LIST = 10_000_000, 1_000_000


class Template(NamedTuple):
    """The bytes of a pod before the end of its name, between it and its resource version, and after the version."""

    before: bytes
    between: bytes
    after: bytes


def templates(file: str) -> list[Template]:
    """Return the pods of a list as templates."""
    with open(file, "rb") as lines:
        items = json.loads(lines.read())["items"]
    found = []
    for item in items:
        text = json.dumps(item, separators=(",", ":")).encode()
        name = NAME.search(text)
        version = VERSION.search(text, name.end())
        found.append(Template(text[: name.end(1)], text[name.end(1) : version.start(1)], text[version.end(1) :]))
    return found


class Collection:
    """Pods with resource versions, and the watches of them."""

    def __init__(self) -> None:
        self.base = FIRST_VERSION  # The version of pod N is base + N.
        self.version = FIRST_VERSION + VERSIONS_PER_LIST
        self.watches: list[queue.SimpleQueue[tuple[str, int]]] = []

    def command(self, name: str, query: dict[str, list[str]]) -> None:
        """Carry out a command, and pass it to the open watches, of which there must be one."""
        while not self.watches:
            time.sleep(0.01)
        watches = self.watches
        if name == "expire":
            self.watches = []
            self.version += VERSIONS_PER_LIST
            if "changed" in query:
                self.base = self.version - VERSIONS_PER_LIST
        for watch in watches:
            watch.put((name, int(query.get("count", ["0"])[0])))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pods: ClassVar[list[Template]]
    collections: ClassVar[dict[str, Collection]] = defaultdict(Collection)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        _, name, verb, *_ = address.path.split("/")
        size, collection, query = int(name.partition("-")[0]), self.collections[name], parse_qs(address.query)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if verb in ("events", "expire"):
            collection.command(verb, query)
            self.write(iter([b"{}"]))
        elif "watch" not in query:
            self.write(self.listed(size, collection))
        else:
            self.watch(size, collection, "sendInitialEvents" in query)
        self.wfile.write(b"0\r\n\r\n")

    def watch(self, size: int, collection: Collection, has_initial_events: bool) -> None:
        commands: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        if has_initial_events:
            self.write(self.streamed(size, collection))
        self.wfile.flush()
        collection.watches.append(commands)
        while True:
            name, count = commands.get()
            if name == "expire":
                self.write(iter([EXPIRED]))
                return
            self.write(self.changes(size, collection, count))

    def pod(self, number: int, version: int) -> bytes:
        pod = self.pods[number % len(self.pods)]
        return b"%b-%d%b%d%b" % (pod.before, number // len(self.pods), pod.between, version, pod.after)

    def listed(self, size: int, collection: Collection) -> Iterator[bytes]:
        start = HEAD % collection.version
        for number in range(size):
            yield start + self.pod(number, collection.base + number)
            start = b","
        yield (b"" if size else start) + b"]}\n"

    def streamed(self, size: int, collection: Collection) -> Iterator[bytes]:
        for number in range(size):
            yield EVENT % b"ADDED" + self.pod(number, collection.base + number)[1:] + b"}\n"
        yield END % collection.version

    def changes(self, size: int, collection: Collection, count: int) -> Iterator[bytes]:
        for number in range(count):
            yield EVENT % b"MODIFIED" + self.pod(number % size, collection.version + 1 + number)[1:] + b"}\n"

    def write(self, texts: Iterator[bytes]) -> None:
        held, size = [], 0
        for text in texts:
            held.append(text)
            size += len(text)
            if size >= WRITE_BYTES:
                self.wfile.write(b"%x\r\n%b\r\n" % (size, b"".join(held)))
                held, size = [], 0
        if size:
            self.wfile.write(b"%x\r\n%b\r\n" % (size, b"".join(held)))

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """Ignore clients that leave."""


def main() -> None:
    Handler.pods = templates(sys.argv[1])
    with Server(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    main()
