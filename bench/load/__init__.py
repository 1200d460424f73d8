"""The load generator: pre-rendered requests over keep-alive connections, and what came back."""
