"""The bus over RabbitMQ: lanes as queues, outcomes over reply queues, notices over a fanout exchange."""

from tenants.bus.rabbitmq.opening import RabbitBus, open_rabbitmq

__all__ = ["RabbitBus", "open_rabbitmq"]
