"""The protobuf field numbers of the built-in types: one generated module per group and version.

`kubeloop.wire.protobuf` imports a module when the first object of its group and version is read or written.
"""
