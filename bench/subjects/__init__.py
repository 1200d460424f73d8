"""What can be measured: each opens as a running server with targets and process numbers, and closes again."""
