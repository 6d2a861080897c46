"""How long to wait for what should happen, on a machine that may be slow or have other work.

While tests run, run.py times a fixed piece of work, in as many threads as tests run at a time,
and keeps in the file that $NEURANK_SLOWNESS names how many times longer that took, at the most,
than on a core of 2025 that is alone. All that tests wait for has that much more time: a limit
of 10 s means "10 s on a quiet machine". Limits are looked up again while something is waited
for, so that load that comes later counts.
"""
import hashlib
import math
import os
import threading
import time
import zlib

QUIET_S = 0.115  # of work() on a core that has nothing else to do
EVERY_S = 5
TEXT = hashlib.shake_128(b"neurank").digest(400000)


def slowness():
    """At least 1; 1 where nobody measures."""
    try:
        with open(os.environ["NEURANK_SLOWNESS"]) as f:
            return float(f.read())
    except KeyError:
        return 1.0


def patience(seconds):
    """What so many seconds of a quiet machine are here and now."""
    return seconds * slowness()


def whole_patience(seconds, most=math.inf):
    """The same for settings that are whole numbers, of at most so much."""
    return min(math.ceil(patience(seconds)), most)


def wait_for(what, seconds, condition, every=0.1):
    begin = time.monotonic()
    while True:
        # Before the question is asked: this process may stand still at any time, and what
        # has happened meanwhile did happen in time.
        late = time.monotonic() - begin > patience(seconds)
        if condition():
            return
        if late:
            raise TimeoutError(f"{what}: not after {time.monotonic() - begin:.0f} s, on a "
                               f"machine {slowness():.1f} times as slow as a quiet one")
        time.sleep(every)


# ---- measuring: run.py ----

def work():
    for _ in range(7):
        zlib.compress(TEXT)


def measured(threads):
    """How many times longer than alone that many at a time take; zlib lets go of Python's lock."""
    begin = time.monotonic()
    team = [threading.Thread(target=work) for _ in range(threads)]
    for t in team:
        t.start()
    for t in team:
        t.join()
    return (time.monotonic() - begin) / QUIET_S


class Watch:
    """Measures until it is closed, at once and then every few seconds."""

    def __init__(self, threads, path):
        self.threads, self.path = threads, path
        self.over = threading.Event()
        self.last = measured(threads)
        self.write(max(1.0, min(self.last, measured(threads))))
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def write(self, factor):
        self.factor = factor
        with open(f"{self.path}.tmp", "w") as f:
            f.write(f"{factor:.3f}\n")
        os.rename(f"{self.path}.tmp", self.path)

    def watch(self):
        while not self.over.wait(EVERY_S):
            now = measured(self.threads)
            # twice in a row: a machine that stood still once is not slow from then on
            factor = min(now, self.last)
            self.last = now
            if factor > self.factor:
                self.write(factor)

    def close(self):
        self.over.set()
        self.thread.join()
