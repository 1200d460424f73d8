"""Port: events waiting to be delivered, and the feed."""
