"""*S*: Rollcall's stack and batching with no SCIM work in it, the most that this stack has to give.

A gateway (aiohttp) and a worker, over RabbitMQ and MongoDB: commands that arrive while a publish is in flight travel
together; the worker writes what has arrived with bulk writes (majority, journal) and answers with one message; reads
are grouped finds that return stored bytes. No tokens, no schemas, no policies, no events.
"""
