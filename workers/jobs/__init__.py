"""Jobs: driven by whichever worker has the lease, one command on the tenant's lane after another."""
