"""What crosses the bus: commands, outcomes, notices; and the events that reach the LMS."""
