"""Config as a value: its normal form, its contradictions, and that it never shows a secret."""

import copy
import logging
import pprint
import traceback
from functools import partial
from typing import Any

import pytest

import kubeloop
from kubeloop.config import Config, ExecConfig, Impersonation, Source
from kubeloop.errors import ConfigError
from tests.support.reachable import reachable


def test_takes_https_for_a_bare_host_as_soon_as_anything_is_about_tls():
    assert Config(host="a").host == "http://a"
    assert Config(host="a", insecure_skip_tls_verify=True).host == "https://a"
    assert Config(host="a", ca_file="/ca").host == "https://a"
    assert Config(host="a", cert_file="/c", key_file="/k").is_tls


def test_is_a_frozen_value():
    config = Config(host="https://a", token="t")
    assert config == Config(host="https://a/", token="t")
    with pytest.raises(AttributeError):
        config.host = "b"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"insecure_skip_tls_verify": True, "ca_data": b"x"}, "certificate authority"),
        ({"cert_data": b"x"}, "a client certificate and its key"),
        ({"key_file": "/k"}, "a client certificate and its key"),
        ({"token": "a", "username": "b"}, "expected one way to authenticate"),
        ({"timeout": 0}, "timeout"),
        ({"host": "a/b"}, "scheme"),
    ],
)
def test_refuses_contradictions_and_names_where_they_stand(arguments, complaint):
    source = Source(file="/home/me/.kube/config", context="prod", user="me")
    with pytest.raises(ConfigError, match=complaint) as caught:
        Config(source=source, **arguments)
    assert '/home/me/.kube/config, context "prod", user "me"' in str(caught.value)


def test_repr_shows_what_is_set_and_no_secret():
    config = Config(
        host="https://a",
        token="SECRET-token",
        ca_data=b"SECRET-ca",
        cert_data=b"SECRET-cert",
        key_data=b"SECRET-key",
        proxy_url="http://me:SECRET-proxy@proxy:3128",
        exec=ExecConfig(
            command="login", args=("--pw=SECRET-arg",), env=(("PW", "SECRET-env"),), cluster_config={"k": "SECRET-c"}
        ),
        impersonate=Impersonation(user="jane"),
    )
    text = f"{config!r} {config} {config.exec!r}"
    assert "SECRET" not in text
    assert "token=<12 bytes>" in text
    assert "http://***@proxy:3128" in text
    assert "'jane'" in text
    assert "login" in text
    assert "SECRET" not in repr(Config(username="u", password="SECRET-pw"))


SECRETS = Config(
    host="https://a",
    username="u",
    password="SECRET-password",
    proxy_url="http://me:SECRET-proxy@proxy:3128",
    cert_data=b"SECRET-cert",
    key_data=b"SECRET-key",
    exec=ExecConfig(command="login", args=("--pw=SECRET-arg",), env=(("PW", "SECRET-env"),)),
)


@pytest.mark.parametrize(
    "show",
    [
        repr, str, ascii, format, pprint.pformat, traceback.format_exception_only, copy.deepcopy,
        lambda each: f"{each}", lambda each: f"{each!r:.1000}", lambda each: f"{each!a}",
        lambda each: "%s" % (each,),  # noqa: UP031
        lambda each: [each], lambda each: {"config": each}, lambda each: ValueError(each),
        lambda each: logging.LogRecord("x", 20, "", 0, "%s", (each,), None).getMessage(),
        lambda each: each.replace(timeout=3.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [SECRETS, Config(token="SECRET-token"), SECRETS.exec], ids=["all", "token", "exec"])
def test_no_form_of_printing_shows_a_secret(show: Any, value: Any) -> None:
    shown = show(ValueError(value) if show is traceback.format_exception_only else value)
    assert "SECRET" not in f"{shown!r} {shown!s}"


@pytest.mark.parametrize("agent", ["a\r\nAuthorization: x", "a\0", "\x7f", "\ud800"])
def test_refuses_a_user_agent_that_no_header_can_have(agent: str) -> None:
    with pytest.raises(ConfigError, match=r"^the user agent contains a character"):
        Config(user_agent=agent)


@pytest.mark.parametrize("name", ["dial", "wrap_transport", "warning_handler"])
def test_repr_shows_the_name_of_a_function_and_no_argument_that_is_bound_to_it(name):
    def connect(*args):
        return args

    assert f"{name}=<{connect.__qualname__}>" in repr(Config(**{name: connect}))
    assert repr(Config(host="a", **{name: partial(connect, "SECRET")})) == f"Config(host='http://a', {name}=<partial>)"


def test_a_copy_with_changes_is_checked_like_a_new_one():
    config = Config(host="a.example", token="SECRET", ca_data=b"pem")
    assert config.replace(host="b.example").host == "https://b.example"
    assert config.replace(host="b.example").token == "SECRET"
    assert config.host == "https://a.example"
    with pytest.raises(ConfigError, match="expected a positive timeout"):
        config.replace(timeout=-1)
    with pytest.raises(TypeError, match="hots"):
        config.replace(hots="b.example")


def test_is_cheap_to_import():
    import subprocess
    import sys

    heavy = "{'httptools', 'websockets', 'yaml', 'asyncio'}"
    program = f"import sys, kubeloop.config, kubeloop.transport; print({heavy} & {{*sys.modules}})"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"command": ""}, "needs a command"),
        ({"command": "a", "api_version": "v1"}, "api_version must be one of client.auth"),
        ({"command": "a", "interactive_mode": "sometimes"}, "interactive_mode must be one of Never"),
    ],
)
def test_refuses_a_plugin_that_cannot_be(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        ExecConfig(**arguments)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("token", ["SECRET"], "str or None, not list"),
        ("token", b"SECRET", "str or None, not bytes"),
        ("host", None, "str, not NoneType"),
        ("ca_data", "SECRET", "bytes or None, not str"),
        ("timeout", "5", "int or float or None, not str"),
        ("insecure_skip_tls_verify", "no", "bool, not str"),
        ("exec", "SECRET", "ExecConfig or None, not str"),
        ("exec", {"command": "SECRET"}, "ExecConfig or None, not dict"),
        ("impersonate", "jane", "Impersonation or None, not str"),
        ("impersonate", {"user": "jane"}, "Impersonation or None, not dict"),
        ("warning_handler", "print", "Callable or None, not str"),
        ("dial", "SECRET", "Callable or None, not str"),
        ("wrap_transport", ["SECRET"], "Callable or None, not list"),
        ("source", "~/.kube/config", "Source, not str"),
        ("source", None, "Source, not NoneType"),
    ],
)
def test_refuses_a_setting_of_a_wrong_type_and_does_not_show_it(name, value, wanted):
    with pytest.raises(TypeError, match=f"^Config: {name} must be {wanted}$"):
        Config(**{"host": "https://a", name: value})


@pytest.mark.parametrize("args", ["login", ""])
def test_a_plugin_takes_no_text_for_a_tuple_of_arguments(args):
    """The plugin would be run with arguments of one letter each."""
    with pytest.raises(TypeError, match="args must be a tuple of str, not str"):
        ExecConfig(command="plugin", args=args)


def test_an_impersonation_shows_what_is_given():
    assert repr(Impersonation(user="jane")) == "Impersonation(user='jane')"
    shown = repr(Impersonation(user="jane", groups=("a",), extra={"k": ("v",)}))
    assert shown == "Impersonation(user='jane', groups=('a',), extra={'k': ('v',)})"


@pytest.mark.parametrize("user", ["", " ", "\t\n", "\u00a0"])
def test_an_impersonation_of_nobody_is_refused(user):
    """(F7) Sent as an empty header, the impersonation would silently have no effect."""
    with pytest.raises(ConfigError, match="expected a user name"):
        Impersonation(user=user)
    with pytest.raises(ConfigError, match="expected a user name"):
        Impersonation(user="jane").replace(user=user)


@pytest.mark.parametrize("settings", [{"groups": "admins"}, {"extra": {"scopes": "view"}}])
def test_an_impersonation_takes_no_text_for_a_tuple_of_texts(settings):
    """(F7) The user would silently be impersonated with groups of one letter."""
    with pytest.raises(TypeError, match="must be tuples of str, not str"):
        Impersonation(user="jane", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"user": 7},
        {"uid": 7},
        {"groups": ("a", 7)},
        {"extra": {7: ("a",)}},
        {"extra": {"a": ("b", 7)}},
    ],
)
def test_an_impersonation_takes_no_number_for_a_text(settings):
    with pytest.raises(TypeError, match="names and values must be str, not int"):
        Impersonation(**{"user": "jane", **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"user": "SECRET\ud800"},
        {"uid": "SECRET\ud800"},
        {"groups": ("a", "SECRET\udfff")},
        {"extra": {"SECRET\ud800": ("a",)}},
        {"extra": {"a": ("b", "SECRET\ud800")}},
    ],
)
def test_an_impersonation_that_no_header_can_have_is_refused(settings):
    """(F10, F14) A key of `extra` raised UnicodeEncodeError in the code that opened the transport."""
    with pytest.raises(ConfigError, match="a lone surrogate") as caught:
        Impersonation(**{"user": "jane", **settings})
    assert "SECRET" not in reachable(caught.value)


class OldMetrics:
    """An implementation of an earlier release."""

    def request_sent(self, code: str, method: str, host: str) -> None: ...


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("metrics", 5, "metrics must be ClientMetrics or None, not int$"),
        ("metrics", kubeloop.Metrics, "metrics must be an object, not the class Metrics$"),
        ("metrics", OldMetrics(), "not OldMetrics, which lacks request_duration, request_size, .*_reloaded$"),
        ("tracing", kubeloop.Metrics(), "tracing must be ClientTracing or None, not Metrics$"),
        ("rate_limiter", kubeloop.TokenBucket, "rate_limiter must be an object, not the class TokenBucket$"),
    ],
)
def test_an_object_of_the_program_has_all_methods(name: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^Config: .*{message}"):
        Config(**{name: value})
