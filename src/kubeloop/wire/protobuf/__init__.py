"""Protobuf: reading and writing the models of built-in types as the API server does, without a library.

`envelope` is the outermost message, `message_fields` compiles the table of field numbers of a class, `read_message` and
`write_message` use it, and `wire_format` has the encoding of single values. docs/design/protobuf.md has the reasons.
"""
