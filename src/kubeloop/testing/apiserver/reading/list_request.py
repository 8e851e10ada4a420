"""The options of a list or a watch: checked, with their defaults, and with the fields as the storage names them.

Reference: apiserver pkg/endpoints/handlers/get.go (listOpts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop import fields
from kubeloop.wire import refusals
from kubeloop.wire.parse_options import ListOptions, check_list_options, parse_list_options

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import Call
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource

__all__ = ["read_list_request"]


def read_list_request(call: Call) -> ListOptions:
    """Read the options of a list, a watch or a deletecollection.

    A negative limit is none. The field selector has the labels of the stored version, and requires the name of the path
    if the path has one. A watch whose verb comes from the deprecated prefix `/watch/` of the path has the checks of a
    list, and no default for `sendInitialEvents`.

    Raises:
        BadRequest: An option cannot be read, or a field selector uses a label that the resource does not have.
        Invalid: Options contradict each other.
    """
    options = check_list_options(parse_list_options(call.info.query))
    if options.limit < 0:
        options = options.replace(limit=0)
    selector = options.field_selector
    name = call.info.name
    if selector.is_everything:
        return options.replace(field_selector=fields.equals("metadata.name", name)) if name else options
    selector = _stored_fields(selector, call.resource)
    if name and selector.required_value("metadata.name") != name:
        raise refusals.bad_request("fieldSelector metadata.name doesn't match requested name")
    return options.replace(field_selector=selector)


def _stored_fields(selector: fields.Selector, resource: ServedResource) -> fields.Selector:
    labels = resource.field_labels
    for requirement in selector.requirements:
        if requirement.field not in labels:
            raise refusals.bad_request(resource.unknown_field_label.replace("{}", requirement.field))
    return selector.transform(lambda field, value: (labels[field], value))
