"""Use cases of administration, the same behind command line, admin API and console; each writes the audit log."""
