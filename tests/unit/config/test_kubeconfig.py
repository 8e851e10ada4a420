"""Reading and merging kubeconfig files by client-go's rules."""

import base64
import json
import textwrap

import pytest

from kubeloop.config.document_fields import Fields
from kubeloop.config.kubeconfig import parse_kubeconfig, read_kubeconfigs
from kubeloop.errors import ConfigError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return str(path)


def test_the_first_file_that_has_an_entry_gives_it_whole(tmp_path):
    first = write(
        tmp_path / "a",
        """
        users: [{name: red, user: {token: red-1}}]
        contexts: [{name: c, context: {cluster: one, user: red}}]
    """,
    )
    second = write(
        tmp_path / "b",
        """
        current-context: c
        users: [{name: red, user: {token: red-2, username: ignored}}, {name: blue, user: {token: blue}}]
        clusters: [{name: one, cluster: {server: https://one}}]
    """,
    )
    third = write(tmp_path / "c", "current-context: other")
    merged = read_kubeconfigs([first, second, third])
    assert merged.users["red"].token == "red-1"
    assert merged.users["red"].username is None
    assert merged.users["blue"].token == "blue"
    assert merged.current_context == "c"
    assert merged.clusters["one"].file == second
    assert merged.files == (first, second, third)


def is_empty(config):
    return (config.clusters, config.users, config.contexts, config.current_context) == ({}, {}, {}, "")


def test_skips_blank_missing_and_repeated_files(tmp_path):
    one = write(tmp_path / "one", "current-context: a")
    assert read_kubeconfigs(["", str(tmp_path / "none"), one, one]).files == (one,)
    assert is_empty(read_kubeconfigs([str(tmp_path / "none")]))


def test_paths_are_relative_to_the_file_that_they_stand_in(tmp_path):
    path = write(
        tmp_path / "sub" / "config",
        """
        clusters: [{name: a, cluster: {certificate-authority: ca.crt}}]
        users:
        - name: a
          user:
            client-certificate: ../client.crt
            client-key: /absolute/client.key
            tokenFile: token
            exec: {command: ./bin/login, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}
        - name: b
          user: {exec: {command: login, apiVersion: client.authentication.k8s.io/v1beta1}}
    """,
    )
    config = read_kubeconfigs([path])
    user = config.users["a"]
    assert config.clusters["a"].ca_file == str(tmp_path / "sub" / "ca.crt")
    assert user.cert_file == str(tmp_path / "client.crt")
    assert user.key_file == "/absolute/client.key"
    assert user.token_file == str(tmp_path / "sub" / "token")
    assert user.exec.command == str(tmp_path / "sub" / "bin" / "login")
    assert config.users["b"].exec.command == "login"


def test_reads_every_field(tmp_path):
    data = base64.b64encode(b"PEM").decode()
    path = write(
        tmp_path / "config",
        f"""
        apiVersion: v1
        kind: Config
        preferences: {{colors: true}}
        clusters:
        - name: c
          cluster:
            server: https://c:6443
            tls-server-name: inner
            insecure-skip-tls-verify: true
            certificate-authority-data: {data}
            proxy-url: http://proxy:3128
            disable-compression: true
            extensions:
            - name: client.authentication.k8s.io/exec
              extension: {{audience: "06"}}
        users:
        - name: u
          user:
            client-certificate-data: {data}
            client-key-data: {data}
            username: joe
            password: pw
            as: jane
            as-uid: u-1
            as-groups: [dev, ops]
            as-user-extra: {{scopes: [a, b]}}
            exec:
              command: login
              args: [--all]
              env: [{{name: A, value: b}}]
              apiVersion: client.authentication.k8s.io/v1
              interactiveMode: Always
              provideClusterInfo: true
              installHint: "get it\\u001b[1m"
        contexts:
        - name: x
          context: {{cluster: c, user: u, namespace: "n"}}
    """,
    )
    config = read_kubeconfigs([path])
    cluster, user, context = config.clusters["c"], config.users["u"], config.contexts["x"]
    assert cluster.server == "https://c:6443"
    assert cluster.tls_server_name == "inner"
    assert cluster.insecure_skip_tls_verify
    assert cluster.disable_compression
    assert cluster.ca_data == b"PEM"
    assert cluster.proxy_url == "http://proxy:3128"
    assert cluster.exec_extension == {"audience": "06"}
    assert (user.cert_data, user.key_data, user.username, user.password) == (b"PEM", b"PEM", "joe", "pw")
    assert (user.as_user, user.as_uid, user.as_groups) == ("jane", "u-1", ("dev", "ops"))
    assert user.as_extra == {"scopes": ("a", "b")}
    assert user.exec.env == (("A", "b"),)
    assert user.exec.args == ("--all",)
    assert user.exec.provide_cluster_info
    assert user.exec.install_hint == "get it\x1b[1m"
    assert (context.cluster, context.user, context.namespace) == ("c", "u", "n")


def test_an_empty_file_is_an_empty_kubeconfig():
    assert is_empty(parse_kubeconfig(b"", "f"))
    assert is_empty(parse_kubeconfig(b"clusters: null\nusers:\n", "f"))


def test_reads_json(tmp_path):
    assert parse_kubeconfig(b'{"current-context": "a"}', "f").current_context == "a"


@pytest.mark.parametrize("plural", ["clusters", "users", "contexts"])
def test_an_entry_twice_in_one_file_is_an_error(plural):
    with pytest.raises(ConfigError, match=rf"f: {plural}\[1\]: the {plural[:-1]} 'a' is defined twice"):
        parse_kubeconfig(f"{plural}: [{{name: a}}, {{name: a}}]".encode(), "f")


@pytest.mark.parametrize(
    "text",
    [
        "TWICE",
        "preferences: {TWICE}",
        "clusters: [{name: a, cluster: {TWICE}}]",
        "users: [{name: a, user: {TWICE}}]",
        "contexts: [{name: a, context: {TWICE}}]",
    ],
)
def test_an_extension_twice_in_one_list_is_an_error(text):
    twice = "extensions: [{name: x, extension: {}}, {name: x, extension: {}}]"
    with pytest.raises(ConfigError, match=r"extensions\[1\]: the extension 'x' is defined twice"):
        parse_kubeconfig(text.replace("TWICE", twice).encode(), "f")


def test_names_every_file_that_is_broken(tmp_path):
    one, two = write(tmp_path / "one", "{"), write(tmp_path / "two", "kind: Pod")
    with pytest.raises(ConfigError) as caught:
        read_kubeconfigs([one, two])
    assert one in str(caught.value)
    assert two in str(caught.value)


@pytest.mark.parametrize(
    "rest",
    [
        "---\n",
        "---",
        "---\n# a comment\n",
        "...\n",
        "---\ncurrent-context: b\n",
        "---\nkind: Secret\n",
        "---\n[SECRET\n",
        "---\n---\n",
    ],
)
@pytest.mark.parametrize("start", ["", "---\n", "# a comment\n---\n", "%YAML 1.1\n---\n"])
def test_the_first_document_of_a_file_counts(start, rest):
    """(B5)"""
    assert parse_kubeconfig(f"{start}current-context: a\n{rest}".encode(), "f").current_context == "a"


def test_a_first_document_that_is_empty_counts_too():
    """(B5) As in Go."""
    assert is_empty(parse_kubeconfig(b"---\n---\ncurrent-context: a\n", "f"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("UEVN", b"PEM"), ("UE\n VN\n", b"PEM"), ("UE\r\nVN", b"PEM"), ("UA==", b"P"), ("UB==", b"P"), ("", None)],
)
def test_reads_base64_as_go(text, expected):
    """(B4) Line breaks anywhere; the last bits do not matter."""
    document = f"users: [{{name: u, user: {{client-key-data: {json.dumps(text.replace(' ', ''))}}}}}]"
    assert parse_kubeconfig(document.encode(), "f").users["u"].key_data == expected


@pytest.mark.parametrize("text", ["UEV", "UEVN=", "U===", "UE VN", "UE\tVN", "UEV-", "UEVNÜ", "UA==UA==", "UA=A"])
def test_refuses_base64_as_go(text):
    """(B4, F10) For all entries, used or not."""
    document = f"users: [{{name: u, user: {{client-key-data: {json.dumps(text)}}}}}]"
    with pytest.raises(ConfigError, match="client-key-data must be base64") as caught:
        parse_kubeconfig(document.encode(), "f")
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"a: {'9' * 5000}",
        f"token: {'9' * 5000}",
        f"a: 0x{'f' * 5000}",
        f"a: 1e{'9' * 400}",
        "a: !!binary ü",
        "a: !!binary SECRET!",
        "a: !!int SECRET",
        'users: [{name: "\\ud800"}]',
        'users: [{name: u, user: {token: "a\\udfff"}}]',
        'users: [{name: u, user: {as-user-extra: {"\\ud800": [a]}}}]',
        'users: [{name: u, user: {as-groups: ["\\ud800"]}}]',
        "[" * 100_000,
        "{a: " * 100_000,
        "? [a]\n: b",
        "&a [*a]",
        "\xff",
    ],
)
def test_hostile_text_gives_a_config_error_or_a_kubeconfig_and_nothing_else(text):
    """(F10)"""
    for data in (text.encode("latin-1", "replace"), text.encode()):
        assert complaint(data).startswith("f: ")
        assert "SECRET" not in complaint(data)


def complaint(data):
    try:
        parse_kubeconfig(data, "f")
    except ConfigError as exc:
        return str(exc)
    return "f: read"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("\ud800", lambda fields: fields.text("a")),
        (["\ud800"], lambda fields: fields.texts("a")),
        ({"\ud800": ""}, lambda fields: fields.child("a")),
    ],
)
def test_half_of_a_surrogate_pair_is_no_text(value, read):
    """(F10) PyYAML without libyaml makes one of an escape."""
    with pytest.raises(ConfigError, match=r"Unicode text|list of strings"):
        read(Fields({"a": value}, "f", ""))
