"""Workers: take commands from the lanes, apply policies, write, report."""
