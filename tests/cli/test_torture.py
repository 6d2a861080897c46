"""Ten runs stopped at random leave the bits of untouched ones (make torture: 200).
TEST: parallel timeout=300
"""
import torture

torture.play(10, seed=5)
