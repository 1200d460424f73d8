"""What tests, bench and tools share: the services they need."""
