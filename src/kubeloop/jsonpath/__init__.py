"""kubectl's JSONPath: read values of any object by a template, and print them as `kubectl get -o jsonpath` does.

`json_path` has the class, `template_parser` reads templates into `path_node`s, `path_evaluation` finds values, and
`printed_value` prints them.
"""

from kubeloop.jsonpath.json_path import JSONPath
from kubeloop.jsonpath.path_node import JSONPathError

__all__ = ["JSONPath", "JSONPathError"]
