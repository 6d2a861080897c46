"""Every call on the store's files fails once (make test-long: in every way).
TEST: parallel timeout=600
"""
import faults

faults.play(everything=False)
