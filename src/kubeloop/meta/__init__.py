"""Values that all floors use: group, version and kind, keys, names, times, quantities, owner references, YAML.

Functions that take objects accept a Protocol, so that typed models, `Unstructured` and test doubles can be passed. This
package imports none of its modules.
"""
