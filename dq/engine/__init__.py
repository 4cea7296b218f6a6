"""Where the pure steps run: here on one machine, in as many parts as memory asks for.

Nothing is imported here: a command loads the rooms that it enters.
"""
