"""The workload of the suite `manifests`: documents of built-in kinds, as a file of YAML, without a namespace.

Of 20 documents, 6 are ConfigMaps of 30 lines, 4 Deployments, 4 Services, 2 Secrets, 2 ServiceAccounts, one a Role and
one a RoleBinding. Comments stand between them, as in files that people write. The Services have no addresses, of which
a server has too few for all samples.
"""

from collections.abc import Iterator
from pathlib import Path

from .peers.measure import checksum

KINDS = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "Service": ("/api/v1", "services"),
    "Secret": ("/api/v1", "secrets"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
}
PATTERN = (
    *("ServiceAccount", "Role", "RoleBinding", "ConfigMap", "ConfigMap", "Secret"),
    *("Deployment", "Service", "Deployment", "Service", "ConfigMap", "ConfigMap", "ServiceAccount", "Secret"),
    *("Deployment", "Service", "Deployment", "Service", "ConfigMap", "ConfigMap"),
)

HEAD = """\
apiVersion: {version}
kind: {kind}
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: shop
    app.kubernetes.io/managed-by: bench
  annotations:
    example.com/owner: "team-{team}"
    example.com/documentation: https://docs.example.com/shop/{name}
"""

BODIES = {
    "ConfigMap": 'data:\n  application.properties: |\n{lines}  log-level: "info"\n  replicas: "3"\n',
    "Deployment": """\
spec:
  replicas: 3
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/part-of: shop
    spec:
      serviceAccountName: default
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: main
          image: registry.example/shop/{name}:1.4.{number}
          args: ["--port=8080", "--config=/etc/shop/application.properties"]
          ports:
            - name: http
              containerPort: 8080
            - name: metrics
              containerPort: 9090
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: DATABASE
              value: "postgres://db:5432/shop"
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
            periodSeconds: 5
          livenessProbe:
            httpGet: {{path: /live, port: http}}
            initialDelaySeconds: 10
          volumeMounts:
            - name: config
              mountPath: /etc/shop
      volumes:
        - name: config
          configMap:
            name: config-{number}
""",
    "Service": """\
spec:
  clusterIP: None
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
    - name: metrics
      port: 9090
      targetPort: metrics
""",
    "Secret": "type: Opaque\nstringData:\n  user: shop-{number}\n  password: not-a-secret-{number}\n",
    "ServiceAccount": "automountServiceAccountToken: false\n",
    "Role": """\
rules:
  - apiGroups: [""]
    resources: [configmaps, secrets]
    verbs: [get, list, watch]
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    verbs: [get, create, update]
""",
    "RoleBinding": """\
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: role-{number}
subjects:
  - kind: ServiceAccount
    name: default
""",
}


def names(count: int) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of each document."""
    for number in range(count):
        kind = PATTERN[number % len(PATTERN)]
        yield kind, f"{kind.lower()}-{number:05}"


def document(number: int, kind: str, name: str) -> str:
    """Return one document."""
    prefix = KINDS[kind][0].removeprefix("/apis/").removeprefix("/api/")
    lines = "".join(f"    shop.setting.{line:02} = value {number * 31 + line}\n" for line in range(30))
    values = {"version": prefix, "kind": kind, "name": name, "number": number, "team": number % 7, "lines": lines}
    return f"# {kind} {number}\n" + HEAD.format(**values) + BODIES[kind].format(**values)


def ensure_documents(folder: Path, count: int) -> Path:
    """Write the documents to a file, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"documents-{count}.yaml"
    path.write_text("---\n".join(document(number, *each) for number, each in enumerate(names(count))))
    return path


def expected(count: int) -> str:
    """Return the checksum of the kinds and names of the documents, which must be on the server in the end."""
    return checksum(sorted(f"{kind}/{name}" for kind, name in names(count)))
