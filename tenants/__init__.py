"""What a tenant owns, and the ports to it. The only place that touches a database or a broker."""
