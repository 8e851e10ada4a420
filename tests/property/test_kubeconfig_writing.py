"""What is written to a kubeconfig is what is read, and everything else in the file stays (the reader as the model)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.config import KubeconfigData, modify_kubeconfig, read_kubeconfig
from kubeloop.meta import yaml
from kubeloop.testing import virtual_time

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=6,
)
UNKNOWN = st.dictionaries(TEXTS.map("x-{}".format), VALUES, max_size=3)


def stanzas(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.builds(lambda first, second: {**first, **second}, st.fixed_dictionaries({}, optional=known), UNKNOWN)
    return st.dictionaries(TEXTS, one, max_size=3)


CONTENTS = st.fixed_dictionaries(
    {
        "clusters": stanzas(server=TEXTS, **{"certificate-authority": TEXTS.map("c{}".format)}),
        "users": stanzas(token=TEXTS, tokenFile=TEXTS.map("t{}".format)),
        "contexts": stanzas(cluster=TEXTS, user=TEXTS, namespace=TEXTS),
        "current": TEXTS,
    }
)


def put(data: KubeconfigData, content: dict[str, Any]) -> None:
    for section in ("clusters", "users", "contexts"):
        stanzas = data.section(section)
        stanzas.clear()
        stanzas.update(content[section])
    data.current_context = content["current"]


@given(others=UNKNOWN, contents=st.lists(CONTENTS, min_size=1, max_size=3))
@settings(max_examples=60)
def test_what_is_written_is_read_and_unknown_fields_survive(
    others: dict[str, Any], contents: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_text(yaml.dump(others))
        for content in contents:
            virtual_time.run(modify_kubeconfig(lambda data, content=content: put(data, content), path))
            data = read_kubeconfig(path)
            assert {section: data.section(section) for section in ("clusters", "users", "contexts")} == {
                section: content[section] for section in ("clusters", "users", "contexts")
            }
            assert data.current_context == content["current"]
            assert others.items() <= yaml.load(path.read_text()).items()
        assert [child.name for child in Path(folder).iterdir()] == ["config"]
