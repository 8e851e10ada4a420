"""The official client: `kubernetes` 37 (blocking, pydantic models)."""

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


if __name__ == "__main__":
    measure.main(decode=decode, request=request, start=start)
