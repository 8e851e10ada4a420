"""Plain values that every floor speaks: identities, keys, names, times, quantities, selectors, owners, YAML.

Nothing here knows a model class, a request or a connection. Functions that take objects accept anything of the right
shape (a Protocol), so that typed models, `Unstructured` and doubles all fit. Import the module that holds what you
need; this package loads none of them by itself.
"""
