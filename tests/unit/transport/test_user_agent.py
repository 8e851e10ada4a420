"""The User-Agent has client-go's form."""

import re
import sys

from kubeloop.transport.user_agent import default_user_agent


def test_has_client_gos_shape(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/opt/my tool.py"])
    assert re.fullmatch(r"my_tool\.py/unknown \([a-z0-9]+/[a-z0-9_]+\) kubeloop/\S+", default_user_agent())


def test_a_component_stands_at_the_end(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["operator"])
    assert default_user_agent("leader-election") == f"{default_user_agent()}/leader-election"


def test_does_without_a_program_name(monkeypatch):
    monkeypatch.setattr(sys, "argv", [""])
    assert default_user_agent().startswith("unknown/unknown (")
