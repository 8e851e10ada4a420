"""The fields of log records: blocks, tasks and threads, and what formatters see."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from kubeloop import LogContextFilter, log_context
from kubeloop.testing.virtual_time import in_virtual_time

LOGGER = logging.getLogger("tests.log_context")


class Kept(logging.Handler):
    """A handler that keeps the records that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(LogContextFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def texts(self) -> list[str]:
        """Return the fields of the records since the last call, as text."""
        texts = [vars(record)["log_context"] for record in self.records]
        self.records.clear()
        return texts


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    yield handler
    LOGGER.removeHandler(handler)


def attributes_of(**fields: Any) -> dict[str, Any]:
    """Return the attributes of a record that is logged with these fields and filtered."""
    record = logging.makeLogRecord({"msg": "text"})
    with log_context(**fields):
        assert LogContextFilter().filter(record) is True
    return vars(record)


def text_of(**fields: Any) -> str:
    return str(attributes_of(**fields)["log_context"])


# Blocks


def test_records_have_the_fields_within_the_block_only(kept: Kept) -> None:
    LOGGER.info("before")
    with log_context(controller="ports", object="default/web"):
        LOGGER.info("within")
    LOGGER.info("after")
    before, within, after = kept.records
    assert (vars(within)["controller"], vars(within)["object"]) == ("ports", "default/web")
    assert not hasattr(before, "controller")
    assert not hasattr(after, "controller")
    assert kept.texts() == ["", " controller=ports object=default/web", ""]


def test_inner_blocks_add_their_fields_and_win(kept: Kept) -> None:
    with log_context(a=1, b=2):
        with log_context(b=3, c=4):
            LOGGER.info("inner")
        LOGGER.info("outer")
    assert kept.texts() == [" a=1 b=3 c=4", " a=1 b=2"]


def test_the_fields_end_with_an_exception(kept: Kept) -> None:
    with pytest.raises(ValueError, match="broken"), log_context(a=1):
        raise ValueError("broken")
    LOGGER.info("after")
    assert kept.texts() == [""]


def test_a_block_is_entered_once() -> None:
    block = log_context(a=1)
    with block, pytest.raises(RuntimeError, match=r"entered before; call log_context\(\) again"):
        block.__enter__()
    with pytest.raises(RuntimeError, match="entered before"):
        block.__enter__()


# Tasks and threads


@in_virtual_time
async def test_tasks_inherit_the_fields_and_do_not_see_those_of_others() -> None:
    seen: dict[str, str] = {}

    async def work(name: str) -> None:
        with log_context(object=name):
            await asyncio.sleep(1)
            seen[name] = text_of()

    with log_context(controller="ports"):
        tasks = [asyncio.create_task(work(name)) for name in "abc"]
    assert text_of() == ""
    await asyncio.gather(*tasks)
    assert seen == {name: f" controller=ports object={name}" for name in "abc"}


@in_virtual_time
async def test_functions_in_threads_have_the_fields() -> None:
    with log_context(a=1):
        assert await asyncio.to_thread(text_of) == " a=1"


@in_virtual_time
async def test_a_generator_that_is_closed_in_another_task_ends_quietly() -> None:
    async def generate() -> AsyncGenerator[str]:
        with log_context(a=1):
            yield text_of()

    generator = generate()
    assert await anext(generator) == " a=1"
    await asyncio.create_task(generator.aclose())


# Fields


@pytest.mark.parametrize(
    "name", ["name", "msg", "args", "levelname", "exc_info", "message", "asctime", "taskName", "log_context"]
)
def test_names_of_log_records_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"expected a name that log records do not use themselves, got '{name}'"):
        log_context(**{name: "x"})


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a\nERROR", "app.kubernetes.io/name"])
def test_names_are_identifiers(name: str) -> None:
    with pytest.raises(ValueError, match="expected an identifier as the name of a field"):
        log_context(**{name: "x"})


def test_self_is_a_name_like_any_other() -> None:
    assert text_of(self="x") == " self=x"


def test_attributes_of_a_record_are_not_changed() -> None:
    record = logging.makeLogRecord({"msg": "text", "object": "from extra"})
    with log_context(object="from the block", a=1):
        LogContextFilter().filter(record)
    assert vars(record)["object"] == "from extra"
    assert vars(record)["log_context"] == " a=1"


def test_a_second_filter_has_no_effect() -> None:
    record = logging.makeLogRecord({"msg": "text"})
    with log_context(a=1):
        LogContextFilter().filter(record)
    with log_context(a=2, b=3):
        LogContextFilter().filter(record)
    assert (vars(record)["a"], vars(record)["log_context"]) == (1, " a=1")
    assert not hasattr(record, "b")


def test_numbers_booleans_and_none_stay_what_they_are() -> None:
    values = {"a": 1, "b": 1.5, "c": True, "d": None}
    attributes = attributes_of(**values)
    assert {name: attributes[name] for name in values} == values
    assert attributes["log_context"] == " a=1 b=1.5 c=True d=None"


class Web:
    def __str__(self) -> str:
        return "default/web"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("value", "attribute", "text"),
    [
        (Web(), "default/web", "default/web"),
        (Broken(), "<Broken that cannot be written as text>", '"<Broken that cannot be written as text>"'),
        ("", "", '""'),
        ("a b", "a b", '"a b"'),
        ("a=b", "a=b", '"a=b"'),
        ('say "hi"', 'say "hi"', r'"say \"hi\""'),
        ("a\nERROR forged", "a\\nERROR forged", r'"a\\nERROR forged"'),
        ("\x1b[31m", "\\x1b[31m", r'"\\x1b[31m"'),
        ("Bearer abcdefgh.ijkl", "Bearer <hidden>", '"Bearer <hidden>"'),
    ],
    ids=repr,
)
def test_values_are_safe_text(value: object, attribute: str, text: str) -> None:
    attributes = attributes_of(a=value)
    assert attributes["a"] == attribute
    assert attributes["log_context"] == f" a={text}"


def test_long_values_are_cut() -> None:
    assert text_of(a="x" * 256) == f" a={'x' * 256}"
    assert text_of(a="x" * 257) == f' a="{"x" * 256}… (257 characters)"'


def test_values_become_text_only_for_a_record() -> None:
    asked = list[str]()

    class Counted:
        def __str__(self) -> str:
            asked.append("str")
            return "x"

    with log_context(a=Counted()):
        pass
    assert asked == []


# Formatters


def test_a_text_format_has_all_fields_or_one_of_them() -> None:
    record = logging.makeLogRecord({"msg": "text"})
    with log_context(controller="ports"):
        LogContextFilter().filter(record)
    assert logging.Formatter("%(message)s%(log_context)s").format(record) == "text controller=ports"
    formatter = logging.Formatter("%(message)s [%(controller)s %(object)s]", defaults={"object": "-"})
    assert formatter.format(record) == "text [ports -]"


def test_the_attributes_can_be_written_as_json() -> None:
    own = vars(logging.makeLogRecord({})).keys()
    attributes = attributes_of(controller="ports", attempt=2, object=Web())
    added = {name: value for name, value in attributes.items() if name not in own}
    assert json.loads(json.dumps(added)) == {
        "controller": "ports",
        "attempt": 2,
        "object": "default/web",
        "log_context": " controller=ports attempt=2 object=default/web",
    }


def test_log_to_stderr_writes_the_fields() -> None:
    program = (
        "import kubeloop, logging\n"
        "kubeloop.log_to_stderr('info')\n"
        "log = logging.getLogger('kubeloop.x')\n"
        "with kubeloop.log_context(controller='ports', object='default/web'):\n"
        "    log.info('booked')\n"
        "log.info('done')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()] == [
        "booked controller=ports object=default/web",
        "done",
    ]


def test_importing_the_module_changes_nothing_in_logging() -> None:
    program = (
        "import logging\n"
        "before = (logging.getLogRecordFactory(), logging.getLoggerClass(), list(logging.root.handlers))\n"
        "from kubeloop import log_context, LogContextFilter\n"
        "with log_context(a=1): pass\n"
        "after = (logging.getLogRecordFactory(), logging.getLoggerClass(), list(logging.root.handlers))\n"
        "print(before == after, logging.getLogger('kubeloop').handlers, logging.getLogger('kubeloop').filters)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True [] []\n"


def test_the_repr_shows_the_fields() -> None:
    assert repr(log_context(a=1, b="x y")) == '<log_context a=1 b="x y">'
