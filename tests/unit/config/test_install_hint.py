"""The hint how to install a missing plugin: what is left of its text, and how often it is shown."""

import asyncio

import pytest

from kubeloop.config import Config, ExecConfig
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.config.install_hint import InstallHint
from kubeloop.errors import CredentialError
from kubeloop.testing.virtual_time import in_virtual_time


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1mbold tuna\x1b[0m, fish", "bold tuna, fish"),
        ("\x1b[2Aup up, \x1b[2Cright", "up up, right"),
        ("clear: \x1b[2J", "clear:"),
        ("\x1b]0;a title\x07text \x1b]8;;https://evil\x1b\\link", "text link"),
        ("one-byte \x9b31mcolour, \x9dtitle\x9cend", "one-byte colour, end"),
        ("cut \x1b[", "cut"),
        ("lone \x1b escape, bell \x07, backspace\x08s", "lone escape, bell , backspaces"),
        ("right to left \u202e, zero width \u200b, lone \ud800", "right to left , zero width , lone"),
        ("tuna\nfish\r\nmarlin\t\r\ntuna\vfish\fmarlin", "tuna fish marlin tuna fish marlin"),
        ("a paragraph\u2029and\u2003spaces", "a paragraph and spaces"),
        (
            "alpha: \u03b1, tu\u0301na, t1na; with! \u222b\u2081\u207f",
            "alpha: \u03b1, tu\u0301na, t1na; with! \u222b\u2081\u207f",
        ),
        ("  \n ", ""),
        ("", ""),
        ("x" * 5000, "x" * 2048),
    ],
)
def test_only_printable_words_are_left(text, shown):
    """As client-go's client_config_test.go, TestCleanANSIEscapeCodes, which keeps line breaks. (F11)"""
    assert InstallHint(text).take(0.0) == shown


def test_is_shown_ten_times_in_an_hour_and_again_in_the_next():
    """As client-go's exec_test.go, TestInstallHintRateLimit: the hour begins with the first time."""
    hint = InstallHint("install it")
    assert [bool(hint.take(1000.0 + second)) for second in range(12)] == [True] * 10 + [False] * 2
    assert hint.take(1000.0 + 3599.9) == ""
    assert [bool(hint.take(1000.0 + 3600.0)) for _ in range(11)] == [True] * 10 + [False]


@pytest.mark.parametrize("earlier", [0.0, 4999.5])
def test_the_clock_of_another_event_loop_begins_another_hour(earlier):
    hint = InstallHint("install it")
    for _ in range(11):
        hint.take(5000.0)
    assert hint.take(earlier) == "install it"


def test_its_repr_counts_how_often_it_was_shown():
    hint = InstallHint("install it")
    assert repr(hint) == "<InstallHint, shown 0 times in this hour>"
    hint.take(0.0)
    assert repr(hint) == "<InstallHint, shown 1 times in this hour>"


@in_virtual_time
async def test_the_error_of_a_missing_plugin_has_the_hint_at_most_ten_times_in_an_hour():
    config = Config(host="https://a")
    plugin = ExecConfig(
        command="no-such-login-program", interactive_mode="Never", install_hint="brew\n\x1b[1minstall it"
    )
    first, second = ExecPlugin(plugin, config), ExecPlugin(plugin, config)

    async def has_hint(source):
        with pytest.raises(CredentialError, match="executable no-such-login-program not found: install it") as caught:
            await source.fetch()
        return str(caught.value).endswith("PATH. brew install it")

    shown = [await has_hint(source) for source in (first, second) * 6]
    assert shown == [True] * 10 + [False] * 2, "sources of one plugin share the limit"
    await asyncio.sleep(3600)
    assert await has_hint(first)


async def test_a_missing_plugin_with_a_path_has_the_hint_too_and_a_plugin_without_hint_has_none():
    for hint, end in (("get it", "extend PATH. get it"), ("", "extend PATH")):
        plugin = ExecConfig(command="/no/such/program", interactive_mode="Never", install_hint=hint)
        with pytest.raises(CredentialError) as caught:
            await ExecPlugin(plugin, Config(host="https://a")).fetch()
        assert str(caught.value).endswith(end)
