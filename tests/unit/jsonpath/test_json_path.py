"""A template reads and prints objects of any kind."""

from __future__ import annotations

import copy
import pickle

import pytest

from kubeloop import Unstructured
from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.path_evaluation import Budget, Evaluation
from kubeloop.jsonpath.template_parser import parse_template
from kubeloop.models import core_v1, meta_v1
from kubeloop.unstructured import UnstructuredList

NODES = {
    "kind": "List",
    "items": [
        {
            "kind": "None",
            "metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "n1"}},
            "status": {"capacity": {"cpu": "4"}, "ready": True, "addresses": [{"type": "Old", "address": "10.0.0.1"}]},
        },
        {
            "kind": "None",
            "metadata": {"name": "n2"},
            "status": {
                "capacity": {"cpu": "8"},
                "ready": False,
                "addresses": [{"type": "Old", "address": "10.0.0.2"}, {"type": "New", "address": "10.0.0.3"}],
            },
        },
    ],
    "users": [{"name": "me", "user": {}}, {"name": "e2e", "user": {"password": "secret"}}],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("hello {.kind}!", "hello List!"),
        ("{.items[*].metadata.name}", "n1 n2"),
        ("{range .items[*]}{.metadata.name}, {end}{.kind}", "n1, n2, List"),
        ("{range .items[*]}{range .status.addresses[*]}{.address}, {end};{end}", "10.0.0.1, ;10.0.0.2, 10.0.0.3, ;"),
        ("{.items[*]['metadata.name', 'status.capacity']}", 'n1 n2 {"cpu":"4"} {"cpu":"8"}'),
        ('{.users[?(@.name=="e2e")].user.password}', "secret"),
        (r"{.items[0].metadata.labels.kubernetes\.io/hostname}", "n1"),
        ("{.items[?(@..ready==true)].metadata.name}", "n1"),
        ("{..name}", "n1 n2 me e2e"),
        ("{.items[-1].status.addresses[::2].address}", "10.0.0.2"),
        ("{.users[0].*}", "me {}"),
        ("{.users[0].name.*}", "109 101"),
    ],
)
def test_text_is_what_kubectl_prints(template, text):
    assert JSONPath(template).text(NODES) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (2.0, "2"),
        (-0.0, "-0"),
        (0.5, "0.5"),
        (100000.0, "100000"),
        (1000000.0, "1e+06"),
        (123456789.125, "1.23456789125e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.5e-100, "1.5e-100"),
        ("<&>", "<&>"),
        ([1.0, 1e20, 1e21, 1e-6, 1.5e-7, None, True], "[1,100000000000000000000,1e+21,0.000001,1.5e-7,null,true]"),
        ({"b": '<&>"\\\u2028\x01', "a": [], "c": {}}, r'{"a":[],"b":"\u003c\u0026\u003e\"\\\u2028\u0001","c":{}}'),
    ],
)
def test_values_are_printed_as_go_prints_them(value, text):
    assert JSONPath("{.v}").text({"v": value}) == text


def test_json_is_one_indented_array_per_expression():
    path = JSONPath("{.a}{.none[*]}x")

    assert path.json({"a": {"b": [1, {}]}, "none": []}) == (
        '[\n    {\n        "b": [\n            1,\n            {}\n        ]\n    }\n]\n[]\n[\n    "x"\n]\n'
    )


def test_values_are_flat_and_results_are_per_expression():
    path = JSONPath("names: {.items[*].metadata.name} {.kind}")

    assert path.values(NODES) == ["n1", "n2", "List"]
    assert path.results(NODES) == [["names: "], ["n1", "n2"], [" "], ["List"]]


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "creationTimestamp": "2026-01-02T03:04:05Z"},
    "spec": {"containers": [{"name": "c", "imagePullPolicy": "Always"}], "nodeName": "n1"},
}
ON_NODE = JSONPath("{.kind} {.metadata.creationTimestamp} {.spec.nodeName} {.spec.containers[0].imagePullPolicy}")


@pytest.mark.parametrize(
    "obj", [POD, Unstructured(POD), core_v1.Pod.from_dict(POD), core_v1.Pod.from_dict(POD).draft()]
)
def test_objects_of_each_form_are_read_by_their_api_field_names(obj):
    assert ON_NODE.text(obj) == "Pod 2026-01-02T03:04:05Z n1 Always"


def test_lists_are_objects_too():
    names = JSONPath("{.items[*].metadata.name}")
    typed = core_v1.PodList(items=[core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))])

    assert names.values(typed) == ["a"]
    assert names.values(UnstructuredList({"items": [POD]})) == ["web"]
    assert names.values({"items": [typed.items[0]]}) == ["a"]


def test_an_unstructured_is_not_copied():
    pod = Unstructured(POD)

    assert JSONPath("{.spec}").values(pod)[0] is pod["spec"]


def test_a_missing_key_is_an_error_unless_it_is_allowed():
    with pytest.raises(JSONPathError) as caught:
        JSONPath("{.spec.replicas}").values(POD)

    assert str(caught.value) == (
        "cannot evaluate JSONPath '{.spec.replicas}': the field 'replicas' is missing; "
        "allow_missing_keys=True accepts this"
    )
    assert JSONPath("a{.spec.replicas}b", allow_missing_keys=True).text(POD) == "ab"
    assert JSONPath("{.items[*].metadata.labels}").values(NODES) == [{"kubernetes.io/hostname": "n1"}]


LISTS = {"n": [2, 6, 3], "t": ["a", "b"], "m": [1, 1.5], "x": {}, "z": None, "o": [{"l": [1]}, {"l": []}, {"l": [2]}]}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        (".n[0:0]", []),
        (".n[9:9]", []),
        (".n[-1:]", [3]),
        (".n[0:-1]", [2, 6]),
        (".n[1,0]", [6, 2]),
        (".n[?(@>2)]", [6, 3]),
        (".n[?(@>=3)]", [6, 3]),
        (".n[?(@<3)]", [2]),
        (".n[?(@<=3)]", [2, 3]),
        (".n[?(@!=3)]", [2, 6]),
        (".n[?(3==@)]", [3]),
        (".n[?(@.a)]", []),
        (".o[?(@.l[0])].l", [[1], [2]]),
        (".o[*].l[*]", [1, 2]),
        (".z[0]", []),
        (".z.*", []),
        (".n[*] 7", [7, 7, 7]),
        (".n[*] 'x'", ["x"]),
        ("..l", [[1], [], [2]]),
    ],
)
def test_values_are_selected(expression, values):
    assert JSONPath(f"{{{expression}}}").values(LISTS) == values


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (".n[3]", "the position 3 is outside of a list of 3"),
        (".n[-4]", "the position -1 is outside of a list of 3"),
        (".n[0:4]", "the position 3 is outside of a list of 3"),
        (".n[2:1]", "expected a slice that ends after its start, got 2 to 1"),
        (".x[0]", "expected a list, got a map"),
        (".x[?(@)]", "expected a list to filter, got a map"),
        (".z[?(@)]", "expected a list to filter, got null"),
        ('.n[?(@=="2")]', "expected two values of the same type around ==, got an integer and a text"),
        (".m[?(@>1)]", "expected two values of the same type around >, got a decimal number and an integer"),
        (".n[?(@<true)]", "expected values that < can compare, got a boolean"),
        (".o[?(@==1)]", "expected values that == can compare, got a map"),
        (".o[?(@.l==1)]", "expected values that == can compare, got a list"),
        (".o[?(@..l[*]==1)]", None),
    ],
)
def test_an_expression_that_does_not_fit_the_object_is_an_error(expression, message):
    path = JSONPath(f"{{{expression}}}")
    if message is None:
        assert path.values(LISTS) == [{"l": [1]}]
        return
    with pytest.raises(JSONPathError) as caught:
        path.values(LISTS)
    assert str(caught.value) == f"cannot evaluate JSONPath '{{{expression}}}': {message}"


def test_only_single_values_are_compared():
    data = {"o": [{"a": [1, 2]}]}

    with pytest.raises(JSONPathError, match="expected one value before == in a condition, got 2"):
        JSONPath("{.o[?(@.a[*]==1)]}").values(data)
    with pytest.raises(JSONPathError, match="expected one value after == in a condition, got 2"):
        JSONPath("{.o[?(1==@.a[*])]}").values(data)


def test_errors_never_contain_data_of_the_object():
    with pytest.raises(JSONPathError) as caught:
        JSONPath("{.data[?(@.x)]}").values({"data": {"password": "hunter2"}})

    assert "hunter2" not in str(caught.value)


def test_a_range_over_nothing_prints_nothing():
    assert JSONPath("{range .none[*]}{.id}{[0]}{end}x").text({"none": []}) == "x"


def test_a_template_has_no_state():
    path = JSONPath("{range .items[*]}{.metadata.name},{end}")

    assert [path.text(NODES), path.text(NODES)] == ["n1,n2,", "n1,n2,"]


@pytest.mark.parametrize("expression", ["a.b", ".a.b", "{a.b}", "{.a.b}"])
def test_the_relaxed_form_is_that_of_kubectl(expression):
    assert JSONPath.relaxed(expression) == JSONPath("{.a.b}")


@pytest.mark.parametrize("expression", ["", "{}", "{.a}{.b}", "{.a", "x{.a}"])
def test_other_relaxed_expressions_are_refused(expression):
    with pytest.raises(JSONPathError, match=r"expected x\.y, \.x\.y, \{x\.y\} or \{\.x\.y\}, got "):
        JSONPath.relaxed(expression)


def test_a_template_is_a_value():
    path = JSONPath("{.a}", allow_missing_keys=True)

    assert path == JSONPath("{.a}", allow_missing_keys=True) == copy.copy(path) == pickle.loads(pickle.dumps(path))
    assert path not in (JSONPath("{.a}"), JSONPath("{.b}", allow_missing_keys=True), "{.a}")
    assert len({path, JSONPath("{.a}", allow_missing_keys=True), JSONPath("{.a}")}) == 2
    assert (str(path), repr(path)) == ("{.a}", "JSONPath('{.a}', allow_missing_keys=True)")
    assert repr(JSONPath("{.a}")) == "JSONPath('{.a}')"


def deep(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_deep_values_are_descended_into_and_a_print_of_one_is_a_clear_error():
    data = Unstructured.owning({"a": deep(50_000)})

    assert len(JSONPath("{..}").values(data)) == 50_001
    with pytest.raises(JSONPathError, match="the object is nested too deeply to be printed"):
        JSONPath("{.a}").text(data)
    with pytest.raises(JSONPathError, match="nested too deeply"):
        JSONPath("{.a}").text(deep(50_000))


@pytest.mark.parametrize(
    "template",
    [
        "{" + "['a','a']" * 40 + "}",
        "{" + "..a" * 40 + "}",
        "{['l'" + ",'l'" * 1000 + "][*]}",
        "{['l'" + ",'l'" * 1000 + "].*}",
        "{['l'" + ",'l'" * 1000 + "]..}",
        "{['l'" + ",'l'" * 1000 + "][?(@.x)]}",
        "{['t'" + ",'t'" * 1000 + "].*}",
        "{range ..}{range ..}{range ..}{range ..}{@}{end}{end}{end}{end}",
        "{range .l[*]}" + "{end}{range .l[*]}" * 100 + "{end}",
    ],
)
def test_no_template_works_without_limit(template):
    data = {"a": deep(60), "l": [deep(3)] * 900, "t": "x" * 900}
    evaluation = Evaluation(Budget(20_000), allow_missing_keys=True)

    with pytest.raises(JSONPathError, match="select fewer of them"):
        list(evaluation.results(parse_template(template), data))


def test_an_error_of_a_long_template_names_the_problem():
    long = "{['x'" + ",'x'" * 20_000 + "]"

    with pytest.raises(JSONPathError, match=r"…: the field 'x' is missing"):
        JSONPath(f"{long}}}").text({})
    with pytest.raises(JSONPathError, match=r"the braces are not closed; add } \(position 0\)$"):
        JSONPath(long)


def test_no_output_grows_without_limit():
    path = JSONPath("{" + "['t'" + ",'t'" * 1000 + "]}")

    with pytest.raises(JSONPathError, match="visits more than 1000000 values"):
        path.text({"t": "x" * 1_000_000})


def test_a_budget_is_spent_to_the_last_step():
    budget = Budget(2)
    budget.spend(2)

    with pytest.raises(JSONPathError):
        budget.spend(1)
