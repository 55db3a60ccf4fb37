"""What is asked of a connection's socket itself, past the event loop."""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from array import array

_AT_ONCE = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Close at once, and let the kernel drop what it would try for minutes to deliver."""
    with contextlib.suppress(OSError):
        plain = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


def count_unread(transport: asyncio.Transport) -> int:
    """Return how many bytes the client's machine has not taken yet."""
    unread = array("i", [0])
    with contextlib.suppress(OSError):
        # The kernel's own share, which it takes from us in pieces of a megabyte.
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, unread)
    return unread[0] + transport.get_write_buffer_size()
