"""The language of Rollcall: SCIM values and the messages on the bus. Pure: no I/O, not even asyncio."""
