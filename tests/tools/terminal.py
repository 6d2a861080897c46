"""What the program writes on a terminal."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from harness import NEURANK, check

CODES = re.compile(r"\x1b\[\d+m")


def on_terminal(columns, *args, **env):
    """What the program writes on a terminal of so many columns."""
    keep = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "TERM")}
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    p = subprocess.Popen([NEURANK, *args], stdout=slave, env={**keep, "TERM": "xterm", **env})
    os.close(slave)
    out = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        out += part
    os.close(master)
    check(p.wait() == 0, "exit code")
    return out.decode().replace("\r\n", "\n")
