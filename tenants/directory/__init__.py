"""Port: resources, memberships, accounts and cohorts."""
