"""The kubeconfig's description of a plugin, as a value: descriptions that no plugin can have are refused."""

import pytest

from kubeloop.config import ExecConfig


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"command": ""}, "needs a command"),
        ({"command": "a\0b"}, "the command of the exec plugin contains a character"),
        ({"command": "\ud800"}, "the command of the exec plugin contains a character"),
        ({"command": "a", "args": ("b", "SECRET\0")}, "an argument of the exec plugin contains a character"),
        ({"command": "a", "args": ("SECRET\ud800",)}, "an argument of the exec plugin contains a character"),
        ({"command": "a", "env": (("A", "SECRET\0"),)}, "an env variable of the exec plugin contains a character"),
        ({"command": "a", "env": (("A\0", "SECRET"),)}, "an env variable of the exec plugin contains a character"),
        ({"command": "a", "env": (("", "SECRET"),)}, "has no name, or a name with ="),
        ({"command": "a", "env": (("A=B", "SECRET"),)}, "has no name, or a name with ="),
        ({"command": "a", "api_version": "v1"}, "api_version must be one of"),
        ({"command": "a", "interactive_mode": "Sometimes"}, "interactive_mode must be one of"),
    ],
)
def test_refuses_what_no_plugin_can_be_and_quotes_no_secret(settings, complaint):
    """(F10)"""
    with pytest.raises(ValueError, match=complaint) as caught:
        ExecConfig(**settings)
    assert "SECRET" not in str(caught.value)


def test_takes_bytes_of_the_file_system_that_are_no_text():
    """(F10) As Python gives them in `sys.argv` and `os.environ`."""
    assert ExecConfig(command="/opt/\udcff/login").command == "/opt/\udcff/login"


@pytest.mark.parametrize("build", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_an_extension_that_cannot_be_written_is_refused_when_the_plugin_is_described(build):
    """(F10) Not when it runs."""
    value = 1
    for _ in range(100_000):
        value = build(value)
    for extension in (value, float("nan")):
        with pytest.raises(ValueError, match="nested too deeply, or not JSON"):
            ExecConfig(command="a", cluster_config=extension)
    with pytest.raises(TypeError):
        ExecConfig(command="a", cluster_config={1, 2})
