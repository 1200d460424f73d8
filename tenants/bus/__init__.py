"""Port: lanes for commands, outcomes back, notices."""
