"""Every call on the store's files fails in every way, once and from then on.
TEST: timeout=3600
"""
import faults

print(faults.play(everything=True))
