# ruff: noqa: E501
"""Exec plugins: what they print, what they get, and policies that allow or refuse them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

Case = dict[str, Any]

_V1, _BETA = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
_PAIR = {"clientCertificateData": "$PEM(client.pem)", "clientKeyData": "$PEM(client.key)"}
_LATER, _EARLIER = "2100-01-01T00:00:00Z", "2001-01-01T00:00:00Z"

_STATUSES: list[Any] = [
    {"token": "t"}, {"token": ""}, {"token": None}, {"token": 5}, {"token": ["t"]}, {"token": True}, {}, None, [], "t", 5,
    _PAIR, {**_PAIR, "token": "t"}, {"clientCertificateData": "$PEM(client.pem)"}, {"clientKeyData": "$PEM(client.key)"},
    {"clientCertificateData": "$PEM(client.pem)", "clientKeyData": ""},
    {"clientCertificateData": "", "clientKeyData": "", "token": "t"},
    {"clientCertificateData": None, "clientKeyData": None, "token": "t"},
    {"token": "t", "clientKeyData": "$PEM(client.key)"}, {"token": "t", "clientCertificateData": 5},
    {**_PAIR, "clientKeyData": "$PEM(other.key)"}, {**_PAIR, "clientKeyData": "nonsense"},
    {**_PAIR, "clientCertificateData": "nonsense"}, {**_PAIR, "clientCertificateData": "$PEM(client.key)"},
    {**_PAIR, "clientCertificateData": "$PEM(client.pem)$PEM(ca.pem)"},
    {"Token": "t"}, {"token": "t", "Token": "u"}, {"token": "t", "unknown": {"a": [1]}},
    {"token": "t t"}, {"token": "t\n"}, {"token": " t"}, {"token": "\u00fc"}, {"token": "a\r\nb: c"}, {"token": "\u0000"},
    {"token": "eyJ.x-y_z.=="}, {"token": "t" * 20_000},
]  # fmt: skip
_TIMES: list[Any] = [
    _LATER, _EARLIER, None, "", "soon", 5, "2100-01-01", "2100-01-01T00:00:00", "2100-01-01T00:00:00.123456789Z",
    "2100-01-01T00:00:00+01:00", "2001-01-01T00:00:00-11:30", "2100-01-01 00:00:00Z", "2100-01-01t00:00:00z",
    "2100-13-01T00:00:00Z", "2100-02-30T00:00:00Z", "2100-01-01T24:00:00Z", "2100-01-01T00:00:60Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", " 2100-01-01T00:00:00Z", "2100-01-01T00:00:00,5Z", "2100-1-1T0:0:0Z",
    "2100-01-01T00:00Z", "20100-01-01T00:00:00Z", {"seconds": 5}, True,
]  # fmt: skip
_HEADS: list[Case] = [
    {"kind": "ExecCredential", "apiVersion": _V1}, {"kind": "ExecCredential", "apiVersion": _BETA},
    {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1alpha1"}, {"kind": "ExecCredential"},
    {"apiVersion": _V1}, {}, {"kind": "", "apiVersion": _V1}, {"kind": "ExecCredential", "apiVersion": ""},
    {"kind": "Pod", "apiVersion": _V1}, {"kind": "Pod", "apiVersion": "v1"}, {"kind": "execcredential", "apiVersion": _V1},
    {"kind": "ExecCredential", "apiVersion": "v1"}, {"kind": None, "apiVersion": None}, {"kind": 5, "apiVersion": _V1},
    {"Kind": "ExecCredential", "apiVersion": _V1}, {"kind": "ExecCredential", "apiVersion": _V1, "spec": None},
    {"kind": "ExecCredential", "apiVersion": _V1, "spec": {"interactive": True}},
    {"kind": "ExecCredential", "apiVersion": _V1, "metadata": {"name": "x"}, "more": [1]},
]  # fmt: skip
_WHOLE = json.dumps({"kind": "ExecCredential", "apiVersion": _V1, "status": {"token": "t"}})
_YAML = f"kind: ExecCredential\napiVersion: {_V1}\nstatus: {{token: t}}\n"
_TEXTS = [
    "", " ", "\n", "nonsense", "null", "[]", "5", "{}", "{", _WHOLE, f"\n  {_WHOLE}\n\n", f"{_WHOLE}x", f"{_WHOLE}{_WHOLE}",
    f"{_WHOLE}\n{_WHOLE}", f"x{_WHOLE}", f"[{_WHOLE}]", _WHOLE[:-1], f"\ufeff{_WHOLE}", f"log line\n{_WHOLE}",
    _WHOLE.replace('"t"', "'t'"), _WHOLE.replace("}}", "},}"), _WHOLE.replace("{", "{/* */", 1), _WHOLE.replace(",", ",\t"),
    _YAML, f"---\n{_YAML}", f"# comment\n{_YAML}", f"{_YAML}---\n", f"{_YAML}---\nnonsense: [", f"--- \n---\n{_YAML}",
    f"{_YAML}...\n", f"%YAML 1.1\n---\n{_YAML}", _YAML.replace("token: t", "token: 0123"), _YAML.replace("token: t", "token: yes"),
    _YAML.replace("token: t", "token: 1e3"), _YAML.replace("token: t", "token: ~"), _YAML.replace("token: t", "token: 't'"),
    _YAML.replace("token: t", f"token: t, expirationTimestamp: {_LATER}"),
    _YAML.replace("token: t", f"token: t, expirationTimestamp: {_EARLIER}"),
    _YAML.replace("token: t", "token: t, expirationTimestamp: 2100-01-01"),
    _YAML.replace("token: t", "token: t, token: u"), f"{_YAML}kind: Pod\n", f"{_YAML}\tx: y\n", _YAML.replace("{token: t}", "&a {token: t}"),
]  # fmt: skip
_BYTES = [
    b"\xff\xfe\x00",
    _WHOLE.encode("utf-16"),
    _WHOLE.replace('"t"', '"\u00fc"').encode("latin-1"),
    b"\x00",
    b"\x1f\x8b\x08",
]


def exec_credentials(chance: Random) -> Iterator[Case]:
    """Yield outputs of plugins: broken texts, then heads, statuses and times in all sorts of combinations."""
    for text, version in product(_TEXTS, ("v1", "v1beta1")):
        yield {"output": text, "version": version}
    for data in _BYTES:
        yield {"bytes": base64.b64encode(data).decode(), "version": "v1"}
    for head, version in product(_HEADS, ("v1", "v1beta1", "v1alpha1", "")):
        yield {"output": json.dumps({**head, "status": {"token": "t"}}), "version": version}
    for status in _STATUSES:
        yield {"output": json.dumps({**_HEADS[0], "status": status}), "version": "v1"}
    for time in _TIMES:
        yield {
            "output": json.dumps({**_HEADS[1], "status": {"token": "t", "expirationTimestamp": time}}),
            "version": "v1beta1",
        }
    for _ in range(60):
        head, status = dict(chance.choice(_HEADS[:2])), chance.choice(_STATUSES)
        if isinstance(status, dict) and chance.random() < 0.7:
            status = {**status, "expirationTimestamp": chance.choice(_TIMES)}
        document = {**head, "status": status}
        keys = sorted(document, key=lambda _: chance.random())
        yield {"output": json.dumps({key: document[key] for key in keys}), "version": chance.choice(("v1", "v1beta1"))}


_SERVERS: list[Case] = [
    {"server": "https://h:6443"}, {"server": "http://h"}, {"server": "h"}, {"server": ""}, {}, {"server": None}, {"server": 5},
    {"server": "https://h/prefix/"}, {"server": "://"}, {"server": "https://h", "tls-server-name": "inner"},
    {"server": "https://h", "tls-server-name": 5}, {"server": "https://h", "insecure-skip-tls-verify": True},
    {"server": "https://h", "insecure-skip-tls-verify": "true"}, {"server": "https://h", "insecure-skip-tls-verify": None},
    {"server": "https://h", "certificate-authority-data": "$B64(ca.pem)"},
    {"server": "https://h", "certificate-authority-data": "%%"}, {"server": "https://h", "certificate-authority-data": None},
    {"server": "https://h", "certificate-authority-data": ""}, {"server": "https://h", "certificate-authority-data": "UEVN"},
    {"server": "https://h", "certificate-authority": "ca.crt"},
    {"server": "https://h", "proxy-url": "http://proxy:3128"}, {"server": "https://h", "proxy-url": ""},
    {"server": "https://h", "proxy-url": "socks5://proxy:1"}, {"server": "https://h", "proxy-url": "http://["},
    {"server": "https://h", "proxy-url": "ftp://proxy"}, {"server": "https://h", "proxy-url": "proxy"},
    {"server": "https://h", "disable-compression": True}, {"server": "https://h", "disable-compression": 1},
    {"server": "https://h", "config": {"audience": "x"}}, {"server": "https://h", "config": None},
    {"server": "https://h", "config": 5}, {"server": "https://h", "unknown": 5}, {"Server": "https://h"},
]  # fmt: skip


def exec_info(_: Random) -> Iterator[Case]:
    """Yield inputs of plugins: the clusters, then the heads and specs around one cluster, then broken texts."""
    cluster = _SERVERS[0]
    for each, head in product(_SERVERS, _HEADS[:2]):
        yield {"info": json.dumps({**head, "spec": {"cluster": each}})}
    for head in _HEADS:
        yield {"info": json.dumps({**head, "spec": {"cluster": cluster}})}
    for spec in (None, [], {}, 5, {"cluster": None}, {"cluster": []}, {"cluster": "x"}, {"cluster": {}},
                 {"interactive": True, "cluster": cluster}, {"interactive": "x", "cluster": cluster},
                 {"interactive": None, "cluster": cluster}, {"Cluster": cluster}, {"unknown": 1, "cluster": cluster}):  # fmt: skip
        yield {"info": json.dumps({**_HEADS[0], "spec": spec})}
    whole = json.dumps({**_HEADS[0], "spec": {"cluster": cluster}})
    for text in ("", " ", "nonsense", "null", "[]", "{", whole, f" {whole}\n", f"{whole}x", whole[:-1],
                 f"kind: ExecCredential\napiVersion: {_V1}\nspec: {{cluster: {{server: 'https://h'}}}}\n"):  # fmt: skip
        yield {"info": text}


def exec_policies(chance: Random) -> Iterator[Case]:
    """Yield policies with a plugin: all combinations of invalid policies, then of entries and commands."""
    path = "$DIR/bin:$DIR/other"
    commands = ["plugin", "$DIR/bin/plugin", "/missing/plugin", "missing"]
    lists: list[list[str] | None] = [
        None, [], [""], ["plugin"], ["plugin", ""], ["./plugin"], ["$DIR/bin/plugin"], ["$DIR//bin/plugin"],
        ["$DIR/bin/../bin/plugin"], ["plugin/"], ["/"], ["."], ["//plugin"], ["a b"],
    ]  # fmt: skip
    for policy, entries, command in product(
        ("", "AllowAll", "DenyAll", "Allowlist", "allowlist", "X"), lists, commands
    ):
        yield {"policy": policy, "allowlist": entries, "command": command, "path": path}
    commands += ["$DIR/other/plugin", "$DIR/bin/../bin/plugin", "$DIR//bin/plugin", "bin/plugin", "./bin/plugin", "../bin/plugin",
                 "plain", "$DIR/bin/plain", "bin", "$DIR/bin", "sh", "/bin/sh"]  # fmt: skip
    entries = ["plugin", "$DIR/bin/plugin", "$DIR/other/plugin", "bin/plugin", "other/plugin", "missing", "/missing/plugin",
               "plain", "$DIR/bin/plain", "$DIR/bin", "sh", "/bin/sh", "foo-1"]  # fmt: skip
    for entry, command in product(entries, commands):
        yield {"policy": "Allowlist", "allowlist": [entry], "command": command, "path": path}
    paths = [path, "$DIR/other:$DIR/bin", "", "/nowhere", "$DIR/bin", "bin:$DIR/other", ".:$DIR/bin", ":$DIR/bin"]
    for _ in range(150):
        some = chance.sample(entries, chance.randint(1, 3))
        yield {
            "policy": "Allowlist",
            "allowlist": some,
            "command": chance.choice(commands),
            "path": chance.choice(paths),
        }
