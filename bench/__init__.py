"""The benchmark: Rollcall's two shapes beside a bare skeleton of its own stack and a public peer.

``python -m bench`` starts everything on the loopback interface, loads it for a bounded time, stops it again and writes
``docs/performance.md``. Absolute figures depend on the machine; ratios inside one run are what counts.
"""
