"""Two hundred runs stopped at random leave the bits of untouched ones.
TEST: timeout=3600
"""
import os
import random
import sys

import torture

seed = int(os.environ.get("NEURANK_SEED", random.randrange(10**6)))
print(f"seed {seed} (NEURANK_SEED)", flush=True)
told = torture.play(int(os.environ.get("NEURANK_KILLS", 200)), seed)
print(told, file=sys.stderr)
