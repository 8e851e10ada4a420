"""Addresses of servers and proxies: client-go's normal form, and messages without passwords."""

import pytest

from kubeloop.config.server_url import check_proxy_url, server_url, without_userinfo


@pytest.mark.parametrize(
    ("host", "tls", "expected"),
    [
        ("", False, "http://localhost"),
        ("", True, "https://localhost"),
        ("127.0.0.1", False, "http://127.0.0.1"),
        ("127.0.0.1:8080", False, "http://127.0.0.1:8080"),
        ("[2001:db8::1]:6443", True, "https://[2001:db8::1]:6443"),
        ("cluster:6443", True, "https://cluster:6443"),
        ("https://a.example/", False, "https://a.example"),
        ("https://a.example/k8s/clusters/c-1/", False, "https://a.example/k8s/clusters/c-1"),
        ("https://a.example:6443?x=1#y", False, "https://a.example:6443"),
        ("HTTPS://a.example", False, "https://a.example"),
    ],
)
def test_normalises_as_client_go(host, tls, expected):
    assert server_url(host, tls=tls) == expected


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("a.example/prefix", "needs the scheme"),
        ("ftp://a.example", "http or https"),
        ("https://", "not a URL"),
        ("https://a:99999", "not a URL"),
        ("https://a b", "space"),
        ("https://a\r\nX: y", "space or control"),
        ("https://user:hunter2@a", "user entry"),
    ],
)
def test_refuses_what_is_no_address(host, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        server_url(host, tls=True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://proxy:3128", "https://proxy", "http://me:pw@proxy:3128"])
def test_takes_http_proxies(proxy):
    assert check_proxy_url(proxy).hostname == "proxy"


@pytest.mark.parametrize(
    ("proxy", "complaint"),
    [
        ("proxy:3128", "needs a scheme"),
        ("socks5://proxy", "socks5 proxies are not supported"),
        ("ftp://proxy", "unsupported scheme"),
        ("http://", "not a URL"),
        ("http://me:hunter2@:80", "not a URL"),
    ],
)
def test_refuses_other_proxies(proxy, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        check_proxy_url(proxy)
    assert "hunter2" not in str(caught.value)


def test_hides_user_and_password_in_messages():
    assert without_userinfo("http://me:hunter2@proxy/x") == "http://***@proxy/x"
    assert without_userinfo("me:hunter2@proxy") == "***@proxy"
    assert without_userinfo("http://proxy/a@b") == "http://proxy/a@b"
