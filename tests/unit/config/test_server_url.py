"""Addresses of servers and proxies: client-go's normal form, and messages without passwords."""

import pytest

from kubeloop.config import Config
from kubeloop.config.server_url import check_proxy_url, server_url, without_userinfo
from kubeloop.errors import ConfigError


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
        ("https://a\r\nX: y", "a space, a control character"),
        ("https://user:hunter2@a", "user entry"),
    ],
)
def test_refuses_what_is_no_address(host, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        server_url(host, tls=True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy",
    ["http://proxy:3128", "https://proxy", "http://me:pw@proxy:3128", "socks5://proxy:1080", "socks5h://me:pw@proxy"],
)
def test_takes_http_and_socks5_proxies(proxy):
    assert check_proxy_url(proxy).hostname == "proxy"


@pytest.mark.parametrize(
    ("proxy", "complaint"),
    [
        ("proxy:3128", "needs a scheme"),
        ("socks4://proxy", "unsupported scheme .socks4., must be http, https or socks5"),
        ("ftp://proxy", "unsupported scheme"),
        ("http://", "not a URL"),
        ("http://me:hunter2@:80", "not a URL"),
    ],
)
def test_refuses_other_proxies(proxy, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        check_proxy_url(proxy)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("https://h/ü", "https://h/%C3%BC"),
        ("https://h/|", "https://h/%7C"),
        ("https://h/[", "https://h/%5B"),
        ("https://h/a//b", "https://h/a/b"),
        ("https://h//a/./b", "https://h/a/b"),
        ("https://h/a/../b", "https://h/b"),
        ("https://h/../a", "https://h/a"),
        ("https://h/a/b/", "https://h/a/b"),
        ("https://h/%2F", "https://h"),
        ("https://h/a%2Fb", "https://h/a/b"),
        ("https://h/%2e%2e/a", "https://h/a"),
        ("https://h/%7C", "https://h/%7C"),
        ("https://h/%41", "https://h/A"),
        ("https://h/%C3%BC", "https://h/%C3%BC"),
        ("https://h/%FF", "https://h/%FF"),
        ("https://h/!$&'()*+,;=:%40~_-.", "https://h/%21$&%27%28%29%2A+,;=:@~_-."),
        ("https://h/a%20b", "https://h/a%20b"),
        ('https://h/^`{}<>"', "https://h/%5E%60%7B%7D%3C%3E%22"),
        ("https://h/%25", "https://h/%25"),
        ("https://h/*", "https://h/%2A"),
        ("https://h//", "https://h"),
        ("https://h/?a=%zz", "https://h"),
        ("https://h/a#b", "https://h/a"),
    ],
)
def test_a_path_prefix_is_escaped_and_cleaned_as_go_does(host, expected):
    """(E11) The expected values are those of client-go v0.37.0, which agrees on 10,000 generated addresses too."""
    assert server_url(host, tls=True) == expected


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("https://h/%zz", "two hexadecimal digits"),
        ("https://h/a%4", "two hexadecimal digits"),
        ("https://h/#%zz", "two hexadecimal digits"),
        ("https://h%41", "the host name contains an invalid character"),
        ("https://h|", "the host name contains an invalid character"),
        ("h^:6443", "the host name contains an invalid character"),
        ("https://[1.2.3.4]", "not a URL"),
        ("https://a..b", "must have 1 to 63 characters"),
        ("https://.a", "must have 1 to 63 characters"),
        ("https://a..", "must have 1 to 63 characters"),
        (f"https://{'a' * 64}.b", "must have 1 to 63 characters"),
        ("https://ü..b", "must have 1 to 63 characters"),
        (f"https://{'ü' * 64}.b", "must have 1 to 63 characters"),
        ("https://h/\ud800", "lone surrogate"),
        ("https://h\ud800", "lone surrogate"),
        ("https://h:x", "not a URL"),
    ],
)
def test_refuses_what_go_or_the_resolver_refuses(host, complaint):
    """(E11, F10)"""
    with pytest.raises(ValueError, match=complaint):
        server_url(host, tls=True)


def test_an_empty_port_is_no_port():
    """(E11)"""
    assert server_url("https://h:/a", tls=True) == "https://h/a"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:hunter2@proxy/x", "http://***@proxy/x"),
        ("me:hunter2@proxy", "***@proxy"),
        ("//me:hunter2@proxy", "//***@proxy"),
        ("http://me:hun/ter2@proxy:1", "http://***@proxy:1"),
        ("http://me:hun?ter2@proxy:1", "http://***@proxy:1"),
        ("http://me:hun#ter2@proxy:1", "http://***@proxy:1"),
        ("http://me:hun@ter2@proxy:1", "http://***@proxy:1"),
        ("http://me:hun\nter2@proxy:1", "http://***@proxy:1"),
        ("me:hun//ter2@proxy", "***@proxy"),
        ("http://proxy:1/x?y#z", "http://proxy:1/x?y#z"),
        ("", ""),
    ],
)
def test_hides_user_and_password_in_messages_up_to_the_last_at(url, shown):
    """(F8)"""
    assert without_userinfo(url) == shown


@pytest.mark.parametrize(
    "password", ["hunter/2", "hunter?2", "hunter#2", "123/hunter2", "1?hunter2", "1#hunter", "@hunter2"]
)
@pytest.mark.parametrize("start", ["http://me:", "me:", "socks5://me:", "//me:", "ftp://me:"])
def test_no_message_has_a_password_with_a_raw_delimiter(start, password):
    """(F8)"""
    url = f"{start}{password}@proxy:1"
    assert "hunter" not in complaint(check_proxy_url, url)
    assert "hunter" not in complaint(Config, host=url)
    assert "hunter" not in repr(Config(host="https://a", proxy_url=url))


def test_an_address_whose_password_has_a_raw_delimiter_is_refused():
    """(F8) Otherwise a part of the password would be taken for a host, and the rest for a path, which messages show."""
    for use in (check_proxy_url, lambda url: server_url(url, tls=True)):
        for delimiter in "/?#":
            with pytest.raises(
                ValueError, match=r"'http://\*\*\*@proxy:1': an @ after the host; in a password write / as %2F"
            ):
                use(f"http://me:123{delimiter}hunter2@proxy:1")
    assert check_proxy_url("http://me:123%2Fhunter2@proxy:1").hostname == "proxy"


def complaint(use, *args, **settings):
    try:
        use(*args, **settings)
    except (ValueError, ConfigError) as exc:
        return str(exc)
    return ""
