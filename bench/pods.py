# ruff: noqa: UP031
"""Pods like those of a large cluster: apps with replicas, owners, env, probes, sidecars, managedFields, statuses.

One seeded `random.Random` decides everything, so the pods are the same on every machine.
"""

import json
import random


def go_json(o):
    # Go's encoder: compact, HTML-escapes < > & and U+2028/9, leaves other UTF-8 alone
    s = json.dumps(o, separators=(",", ":"), ensure_ascii=False)
    return s.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


WORDS = [
    "api",
    "auth",
    "billing",
    "cart",
    "catalog",
    "checkout",
    "core",
    "events",
    "feed",
    "gateway",
    "geo",
    "graph",
    "identity",
    "ingest",
    "inventory",
    "ledger",
    "mail",
    "media",
    "notify",
    "orders",
    "payments",
    "pricing",
    "profile",
    "quota",
    "ranking",
    "recs",
    "relay",
    "reports",
    "risk",
    "router",
    "search",
    "session",
    "shipping",
    "sync",
    "tagger",
    "telemetry",
    "tenant",
    "thumbs",
    "tokens",
    "tracker",
    "upload",
    "users",
    "video",
    "web",
    "worker",
]
REG = [
    "registry.example.com/platform",
    "gcr.io/acme-prod-4411",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop",
    "ghcr.io/acme",
]
HEX = "0123456789abcdef"
SUF = "bcdfghjklmnpqrstvwxz2456789"


class Gen:
    def __init__(self, seed=20260724):
        self.r = random.Random(seed)
        self.rv = 48_112_000

    def hex(self, n):
        return "".join(self.r.choices(HEX, k=n))

    def uid(self):
        return "-".join(
            (self.hex(8), self.hex(4), "4" + self.hex(3), self.r.choice("89ab") + self.hex(3), self.hex(12))
        )

    def suf(self, n):
        return "".join(self.r.choices(SUF, k=n))

    def ts(self, lo=0, hi=86400 * 60):
        s = self.r.randint(lo, hi)
        d, s = divmod(s, 86400)
        mo, da = divmod(d, 28)
        return "2026-%02d-%02dT%02d:%02d:%02dZ" % (mo + 3, da + 1, s // 3600, s // 60 % 60, s % 60)

    def next_rv(self):
        self.rv += self.r.randint(1, 40)
        return str(self.rv)

    def app(self):
        r = self.r
        base = r.choice(WORDS) + "-" + r.choice(WORDS)
        kind = r.choices(["ReplicaSet", "StatefulSet", "DaemonSet", "Job"], [70, 12, 10, 8])[0]
        ns = "team-%02d" % r.randrange(60)
        img = "%s/%s:v%d.%d.%d-%s" % (
            r.choice(REG),
            base,
            r.randint(1, 4),
            r.randint(0, 40),
            r.randint(0, 20),
            self.hex(8),
        )
        env = []
        for k in range(r.randint(1, 8)):
            w = r.choice(WORDS).upper()
            c = r.random()
            if c < 0.6:
                env.append(
                    {
                        "name": "%s_%s_%d" % (w, r.choice(["URL", "MODE", "TIMEOUT", "LEVEL", "BUCKET"]), k),
                        "value": r.choice(
                            [
                                f"http://{w.lower()}.{ns}.svc.cluster.local:8080/v1",
                                "true",
                                "info",
                                "30s",
                                "%d" % r.randint(1, 9999),
                                f"acme-{w.lower()}-eu-west-1",
                            ]
                        ),
                    }
                )
            elif c < 0.8:
                env.append(
                    {
                        "name": "%s_TOKEN_%d" % (w, k),
                        "valueFrom": {"secretKeyRef": {"name": base + "-secrets", "key": f"{w.lower()}-token"}},
                    }
                )
            elif c < 0.9:
                env.append(
                    {
                        "name": "%s_CFG_%d" % (w, k),
                        "valueFrom": {"configMapKeyRef": {"name": base + "-config", "key": w.lower()}},
                    }
                )
            else:
                env.append(
                    {
                        "name": "POD_FIELD_%d" % k,
                        "valueFrom": {
                            "fieldRef": {
                                "apiVersion": "v1",
                                "fieldPath": r.choice(
                                    ["metadata.name", "metadata.namespace", "status.podIP", "spec.nodeName"]
                                ),
                            }
                        },
                    }
                )
        return {
            "base": base,
            "kind": kind,
            "ns": ns,
            "img": img,
            "env": env,
            "hash": self.suf(9 if kind == "ReplicaSet" else 10),
            "owner_uid": self.uid(),
            "digest": self.hex(64),
            "side_digest": self.hex(64),
            "port": r.choice([8080, 3000, 9000, 5000]),
            "cpu": r.choice(["100m", "250m", "500m", "1", "2"]),
            "mem": r.choice(["128Mi", "256Mi", "512Mi", "1Gi", "2Gi"]),
            "tier": r.choice(["frontend", "backend", "data"]),
            "ver": "v%d.%d" % (r.randint(1, 4), r.randint(0, 40)),
            "commit": self.hex(40),
            "init": r.random() < 0.2,
            "checksum": self.hex(64),
            "phase_bad": r.random() < 0.06,
            "sidecar": r.random() < 0.8,
            "multus": r.random() < 0.5,
        }

    def pod(self, app, node, ordinal):
        r = self.r
        b = app["base"]
        ns = app["ns"]
        kind = app["kind"]
        name = {
            "ReplicaSet": "{}-{}-{}".format(b, app["hash"], self.suf(5)),
            "StatefulSet": "%s-%d" % (b, ordinal),
            "DaemonSet": f"{b}-{self.suf(5)}",
            "Job": f"{b}-{self.suf(5)}",
        }[kind]
        if kind == "StatefulSet":
            name = "%s-%s-%d" % (b, app["hash"][:4], ordinal)
        owner = b + ("-" + app["hash"] if kind == "ReplicaSet" else "")
        created = self.ts()
        ready = not (app["phase_bad"] and r.random() < 0.5)
        pip = "10.%d.%d.%d" % (r.randrange(64, 128), r.randrange(256), r.randrange(1, 255))
        hip = "172.%d.%d.%d" % (r.randrange(16, 32), node // 250 % 256, node % 250 + 1)
        nodename = "ip-{}.eu-west-1.compute.internal".format(hip.replace(".", "-"))
        labels = {
            "app.kubernetes.io/component": app["tier"],
            "app.kubernetes.io/instance": b,
            "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/name": b,
            "app.kubernetes.io/version": app["ver"],
            "helm.sh/chart": b + "-1.4.2",
            ("pod-template-hash" if kind == "ReplicaSet" else "controller-revision-hash"): app["hash"],
            "team": ns,
        }
        ann = {
            "checksum/config": app["checksum"],
            "prometheus.io/path": "/metrics",
            "prometheus.io/port": "9102",
            "prometheus.io/scrape": "true",
            "git-commit": app["commit"],
        }
        if app["multus"]:
            ann["k8s.v1.cni.cncf.io/network-status"] = json.dumps(
                [
                    {
                        "name": "aws-cni",
                        "interface": "eth0",
                        "ips": [pip],
                        "mac": ":".join(self.hex(2) for _ in range(6)),
                        "default": True,
                        "dns": {},
                    }
                ]
            )
        main, side = b, "istio-proxy"

        def cont(c, n):
            return {
                f'k:{{"name":"{c}"}}': {
                    ".": {},
                    "f:env": dict(
                        {".": {}},
                        **{
                            'k:{{"name":"{}"}}'.format(e["name"]): {
                                ".": {},
                                "f:name": {},
                                ("f:value" if "value" in e else "f:valueFrom"): {},
                            }
                            for e in n
                        },
                    ),
                    "f:image": {},
                    "f:imagePullPolicy": {},
                    "f:name": {},
                    "f:ports": {
                        ".": {},
                        'k:{"containerPort":%d,"protocol":"TCP"}' % app["port"]: {
                            ".": {},
                            "f:containerPort": {},
                            "f:name": {},
                            "f:protocol": {},
                        },
                    },
                    "f:readinessProbe": {
                        ".": {},
                        "f:failureThreshold": {},
                        "f:httpGet": {".": {}, "f:path": {}, "f:port": {}, "f:scheme": {}},
                        "f:periodSeconds": {},
                        "f:successThreshold": {},
                        "f:timeoutSeconds": {},
                    },
                    "f:resources": {
                        ".": {},
                        "f:limits": {".": {}, "f:cpu": {}, "f:memory": {}},
                        "f:requests": {".": {}, "f:cpu": {}, "f:memory": {}},
                    },
                    "f:terminationMessagePath": {},
                    "f:terminationMessagePolicy": {},
                    "f:volumeMounts": {
                        ".": {},
                        'k:{"mountPath":"/etc/config"}': {".": {}, "f:mountPath": {}, "f:name": {}},
                    },
                }
            }

        mf_spec = {
            "f:metadata": {
                "f:annotations": dict({".": {}}, **{"f:" + k: {} for k in ann}),
                "f:generateName": {},
                "f:labels": dict({".": {}}, **{"f:" + k: {} for k in labels}),
                "f:ownerReferences": {".": {}, 'k:{{"uid":"{}"}}'.format(app["owner_uid"]): {}},
            },
            "f:spec": {
                "f:containers": cont(main, app["env"][:5]),
                "f:dnsPolicy": {},
                "f:enableServiceLinks": {},
                "f:restartPolicy": {},
                "f:schedulerName": {},
                "f:securityContext": {},
                "f:serviceAccountName": {},
                "f:terminationGracePeriodSeconds": {},
                "f:volumes": {
                    ".": {},
                    'k:{"name":"config"}': {
                        ".": {},
                        "f:configMap": {".": {}, "f:defaultMode": {}, "f:name": {}},
                        "f:name": {},
                    },
                },
            },
        }
        mf_status = {
            "f:status": {
                "f:conditions": {
                    f'k:{{"type":"{t}"}}': {
                        ".": {},
                        "f:lastProbeTime": {},
                        "f:lastTransitionTime": {},
                        "f:status": {},
                        "f:type": {},
                    }
                    for t in ("ContainersReady", "Initialized", "PodReadyToStartContainers", "Ready")
                },
                "f:containerStatuses": {},
                "f:hostIP": {},
                "f:hostIPs": {},
                "f:phase": {},
                "f:podIP": {},
                "f:podIPs": {".": {}, f'k:{{"ip":"{pip}"}}': {".": {}, "f:ip": {}}},
                "f:startTime": {},
            }
        }
        meta = {
            "name": name,
            "generateName": owner + "-",
            "namespace": ns,
            "uid": self.uid(),
            "resourceVersion": self.next_rv(),
            "generation": 1,
            "creationTimestamp": created,
            "labels": labels,
            "annotations": ann,
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
                    "kind": kind,
                    "name": owner,
                    "uid": app["owner_uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": [
                {
                    "manager": "kube-controller-manager",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": created,
                    "fieldsType": "FieldsV1",
                    "fieldsV1": mf_spec,
                },
                {
                    "manager": "kubelet",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": created,
                    "fieldsType": "FieldsV1",
                    "fieldsV1": mf_status,
                    "subresource": "status",
                },
            ],
        }
        tok = "kube-api-access-" + self.suf(5)

        def probe(path, p):
            return {
                "httpGet": {"path": path, "port": p, "scheme": "HTTP"},
                "timeoutSeconds": 3,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
            }

        mounts = [
            {"name": "config", "readOnly": True, "mountPath": "/etc/config"},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": tok, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ]
        c1 = {
            "name": main,
            "image": app["img"],
            "args": ["--port=%d" % app["port"], "--log-format=json", "--shutdown-grace=20s"],
            "ports": [
                {"name": "http", "containerPort": app["port"], "protocol": "TCP"},
                {"name": "metrics", "containerPort": 9102, "protocol": "TCP"},
            ],
            "env": app["env"],
            "resources": {
                "limits": {"cpu": app["cpu"], "memory": app["mem"]},
                "requests": {"cpu": app["cpu"], "memory": app["mem"]},
            },
            "volumeMounts": mounts,
            "livenessProbe": probe("/healthz", "http"),
            "readinessProbe": probe("/readyz", app["port"]),
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
            "securityContext": {
                "capabilities": {"drop": ["ALL"]},
                "runAsNonRoot": True,
                "readOnlyRootFilesystem": True,
                "allowPrivilegeEscalation": False,
            },
        }
        c2 = {
            "name": side,
            "image": "docker.io/istio/proxyv2:1.27.1",
            "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local", "--proxyLogLevel=warning"],
            "ports": [{"name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"}],
            "env": [
                {"name": "PILOT_CERT_PROVIDER", "value": "istiod"},
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                {
                    "name": "POD_NAMESPACE",
                    "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
                },
            ],
            "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "10m", "memory": "40Mi"}},
            "volumeMounts": [{"name": "tmp", "mountPath": "/etc/istio/proxy"}, mounts[2]],
            "readinessProbe": probe("/healthz/ready", 15021),
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }
        spec = {
            "volumes": [
                {"name": "config", "configMap": {"name": b + "-config", "defaultMode": 420}},
                {"name": "tmp", "emptyDir": {}},
                {
                    "name": tok,
                    "projected": {
                        "sources": [
                            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                            {
                                "downwardAPI": {
                                    "items": [
                                        {
                                            "path": "namespace",
                                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                                        }
                                    ]
                                }
                            },
                        ],
                        "defaultMode": 420,
                    },
                },
            ],
            "containers": [c1, c2] if app["sidecar"] else [c1],
            "restartPolicy": "OnFailure" if kind == "Job" else "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": b,
            "serviceAccount": b,
            "nodeName": nodename,
            "securityContext": {"runAsUser": 10001, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "schedulerName": "default-scheduler",
            "tolerations": [
                {
                    "key": "node.kubernetes.io/not-ready",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                },
                {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                },
            ],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/name": b}},
                }
            ],
        }
        if app["init"]:
            spec["initContainers"] = [
                {
                    "name": "migrate",
                    "image": app["img"],
                    "args": ["migrate", "up"],
                    "resources": {},
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "imagePullPolicy": "IfNotPresent",
                }
            ]
        started = self.ts()

        def cond(t, ok):
            return {
                "type": t,
                "status": "True" if ok else "False",
                "lastProbeTime": None,
                "lastTransitionTime": started,
            }

        conds = [
            cond("PodReadyToStartContainers", True),
            cond("Initialized", True),
            cond("Ready", ready),
            cond("ContainersReady", ready),
            cond("PodScheduled", True),
        ]
        if not ready:
            for c in (conds[2], conds[3]):
                c["reason"] = "ContainersNotReady"
                c["message"] = f"containers with unready status: [{main}]"

        def cs(n, img, dig, ok):
            d = {
                "name": n,
                "state": {"running": {"startedAt": started}},
                "lastState": {},
                "ready": ok,
                "restartCount": 0 if r.random() < 0.9 else r.randint(1, 30),
                "image": img,
                "imageID": "{}@sha256:{}".format(img.split(":")[0], dig),
                "containerID": "containerd://" + self.hex(64),
                "started": ok,
            }
            if not ok:
                d["state"] = {
                    "waiting": {
                        "reason": "CrashLoopBackOff",
                        "message": f"back-off 5m0s restarting failed container={n} pod={name}_{ns}",
                    }
                }
            return d

        status = {
            "phase": "Running",
            "conditions": conds,
            "hostIP": hip,
            "hostIPs": [{"ip": hip}],
            "podIP": pip,
            "podIPs": [{"ip": pip}],
            "startTime": created,
            "containerStatuses": [
                cs(main, app["img"], app["digest"], ready),
                cs(side, "docker.io/istio/proxyv2:1.27.1", app["side_digest"], True),
            ][: 2 if app["sidecar"] else 1],
            "qosClass": "Burstable",
        }
        return {"metadata": meta, "spec": spec, "status": status}

    def pods(self, n):
        """Return n pods of max(1, n//12) apps on max(3, n//30) nodes."""
        apps = [self.app() for _ in range(max(1, n // 12))]
        nodes = max(3, n // 30)
        cnt = {}
        for _i in range(n):
            k = self.r.randrange(len(apps))
            cnt[k] = cnt.get(k, -1) + 1
            yield self.pod(apps[k], self.r.randrange(nodes), cnt[k]), apps[k]
