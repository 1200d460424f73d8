"""Strategies of hypothesis, shared by tests."""
