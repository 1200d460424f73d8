"""The commands of ``rollcall``, one module a subject; thin clients of the administration's use cases."""
