"""How bodies that are no JSON are sent."""

import schemathesis


@schemathesis.serializer("application/offset+octet-stream", "text/vtt")
def as_bytes(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
