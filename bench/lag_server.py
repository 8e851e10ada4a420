"""An API server for the suite `lag`: it writes lists of any number of pods without holding them in memory.

    python -m bench.lag_server PODS_FILE      prints its address, then serves until its standard input ends

The first segment of the path is the number of pods: each is a pod of the file with a name of its own. It responds to a
LIST, to a watch with `sendInitialEvents`, and to any other watch, which stays silent.
"""

import json
import re
import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

HEAD = b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"99000000"},"items":['
EVENT = b'{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1",'
END = (
    b'{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"99000000",'
    b'"creationTimestamp":null,"annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null},'
    b'"status":{}}}\n'
)
NAME = re.compile(rb'"name":"([^"]*)"')
WRITE_BYTES = 1 << 18


def parts(file: str) -> list[tuple[bytes, bytes]]:
    """Return each pod of a list as the bytes before and after the end of its name."""
    with open(file, "rb") as lines:
        items = json.loads(lines.read())["items"]
    found = []
    for item in items:
        text = json.dumps(item, separators=(",", ":")).encode()
        name = NAME.search(text)
        found.append((text[: name.end(1)], text[name.end(1) :]))
    return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pods: list[tuple[bytes, bytes]]

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        size = int(path.path.split("/")[1])
        asked = parse_qs(path.query)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if "watch" not in asked:
            self.write(self.listed(size))
            self.wfile.write(b"0\r\n\r\n")
            return
        if "sendInitialEvents" in asked:
            self.write(self.streamed(size))
        self.wfile.flush()
        self.rfile.read(1)

    def each(self, size: int) -> Iterator[tuple[bytes, bytes, bytes]]:
        for number in range(size):
            before, after = self.pods[number % len(self.pods)]
            yield before, b"-%d" % (number // len(self.pods)), after

    def listed(self, size: int) -> Iterator[bytes]:
        comma = HEAD
        for before, number, after in self.each(size):
            yield comma + before + number + after
            comma = b","
        yield b"]}\n"

    def streamed(self, size: int) -> Iterator[bytes]:
        for before, number, after in self.each(size):
            yield EVENT + before[1:] + number + after + b"}\n"
        yield END

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


def main() -> None:
    Handler.pods = parts(sys.argv[1])
    with Server(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    main()
