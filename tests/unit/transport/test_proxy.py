"""Which proxy the environment names, by Go's rules."""

import pytest

from kubeloop.transport.proxy import environment_proxy

BOTH = {"HTTPS_PROXY": "http://secure:1", "HTTP_PROXY": "plain:2"}


@pytest.mark.parametrize(
    ("server", "environ", "expected"),
    [
        ("https://a.example", {}, None),
        ("https://a.example", BOTH, "http://secure:1"),
        ("http://a.example", BOTH, "http://plain:2"),
        ("https://a.example", {"https_proxy": "http://lower:3"}, "http://lower:3"),
        ("http://a.example", {**BOTH, "REQUEST_METHOD": "GET"}, None),
        ("https://localhost:6443", BOTH, None),
        ("https://127.0.0.1:6443", BOTH, None),
        ("https://[::1]:6443", BOTH, None),
    ],
)
def test_takes_the_variable_of_the_scheme_and_never_proxies_this_machine(server, environ, expected):
    assert environment_proxy(server, environ) == expected


@pytest.mark.parametrize(
    ("no_proxy", "server", "excepted"),
    [
        ("*", "https://a.example", True),
        ("", "https://a.example", False),
        ("example.com", "https://example.com", True),
        ("example.com", "https://api.example.com", True),
        ("example.com", "https://badexample.com", False),
        (".example.com", "https://api.example.com", True),
        (".example.com", "https://example.com", False),
        ("*.example.com", "https://api.example.com", True),
        ("other, example.com:6443", "https://example.com:6443", True),
        ("example.com:6443", "https://example.com", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://ten.example", False),
        ("10.1.2.3", "https://10.1.2.3:6443", True),
        ("10.1.2.3:443", "https://10.1.2.3:6443", False),
        ("fd00::/8", "https://[fd00::1]", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("nonsense/x", "https://10.1.2.3", False),
        ("EXAMPLE.com", "https://Example.com", True),
    ],
)
def test_respects_no_proxy(no_proxy, server, excepted):
    proxy = environment_proxy(server, {**BOTH, "NO_PROXY": no_proxy})
    assert (proxy is None) is excepted
