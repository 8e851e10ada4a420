"""What goes over the wire, without a wire: requests, answers, watch frames, codecs, patches as values and functions.

Nothing here opens a socket, waits or knows a clock. The transport moves a `Request` and gives back a `Response`;
`rest` puts the two together.
"""
