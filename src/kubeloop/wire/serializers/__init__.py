"""Serializers: how objects, watch events and Statuses are written as bytes and read from them.

`serializer` has the protocol, `registry` chooses by media type, and `json` is the implementation that every server
understands. No other room knows a media type of object bodies, or where one watch event ends and the next begins.
"""
