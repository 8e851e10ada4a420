"""The official client: `kubernetes` 37 (blocking, pydantic models)."""

import os

import measure


def _client(url, authority=None):
    from kubernetes import client

    configuration = client.Configuration(host=url)
    configuration.ssl_ca_cert = authority
    return client.ApiClient(configuration)


def decode(folder, size):
    api = _client("http://127.0.0.1")
    measure.decode(
        lambda data: api.deserialize(data.decode(), "V1PodList", "application/json"),
        lambda pods: (f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods.items),
        folder,
        size,
    )


def request(url, count, concurrency, authority=None):
    from kubernetes import client

    api = _client(url, authority)
    api.configuration.connection_pool_maxsize = int(concurrency)
    pods = client.CoreV1Api(api)

    def get():
        assert pods.read_namespaced_pod("pod", "team-00").spec.node_name

    measure.request_threads(get, int(count), int(concurrency))


def start(url):
    measure.collector_off()
    from kubernetes import client

    pods = client.CoreV1Api(_client(url)).list_pod_for_all_namespaces(limit=1)
    measure.report(count=len(pods.items))


def informer(measured, host, collection, pods, events):
    """Run the informer of the library, which has no indices, in its thread."""
    import threading
    import time

    from kubernetes import client
    from kubernetes.informer import ADDED, DELETED, MODIFIED, SharedInformer

    measure.collector_off()
    pods, events = int(pods), int(events)
    left, done = [0, 0, 0], threading.Event()

    def expect(count):
        done.clear()
        left[:] = [count] * len(left)

    def handler(number):
        def handle(pod):
            assert pod.metadata.name
            assert pod.metadata.labels["team"]
            left[number] -= 1
            if not any(left):
                done.set()

        return handle

    span = measure.Span()
    informer = SharedInformer(client.CoreV1Api(_client(f"{host}/{collection}")).list_pod_for_all_namespaces)
    for number in range(len(left)):
        for kind in (ADDED, MODIFIED, DELETED):
            informer.add_event_handler(kind, handler(number))
    expect(pods)
    informer.start()
    if pods:
        done.wait()
    result = span.end(max(pods, 1))
    if measured == "watch":
        expect(events)
        time.sleep(0.5)  # the watch is open, the process idle
        span = measure.Span()
        measure.ask(f"{host}/go")
        done.wait()
        result = span.end(events)
    time.sleep(0.3)
    result["rss total"] = measure.settled_rss() / 1e3
    names = sorted(
        f"{pod.metadata.namespace}/{pod.metadata.name}@{pod.metadata.resource_version}" for pod in informer.cache.list()
    )
    measure.report(**result, count=len(names), sum=measure.checksum(names))


def _load(file):
    """Read a file as `create_from_yaml` does."""
    import yaml

    with open(file) as text:
        return list(yaml.safe_load_all(text))


def parse(*files):
    measure.parse(_load, *files, lambda objects: (f"{each['kind']}/{each['metadata']['name']}" for each in objects))


def apply(commands, file):
    """Apply, or create if the sample requests that; the cache of discovery, a temporary file, is empty."""
    import tempfile

    applying = measure.Applying(commands)
    from kubernetes import client, config, dynamic, utils

    for name in ("AppsV1Api", "CoreV1Api", "RbacAuthorizationV1Api"):
        getattr(client, name)  # imported when it is first used
    assert dynamic.DynamicClient
    objects = _load(file)
    applying.start()
    api = config.new_client_from_config(applying.kubeconfig)
    applies = os.environ.get("BENCH_MODE") != "create"
    with tempfile.TemporaryDirectory() as tempfile.tempdir:
        utils.create_from_yaml(api, yaml_objects=objects, namespace=applying.namespace, apply=applies)
        applying.end(len(objects))


if __name__ == "__main__":
    measure.main(
        decode=decode,
        request=request,
        start=start,
        informer=informer,
        parse=parse,
        apply=apply,
    )
