"""RabbitMQ and MongoDB for tests, bench and tools: found, or started and stopped again.

    with start_services(say=print) as services:
        connect(services.amqp_url, services.mongodb_url)

Each service comes from the first place that has it: a URL in the environment (``ROLLCALL_TEST_AMQP_URL``,
``ROLLCALL_TEST_MONGODB_URL``), Docker, or a private process on this machine, whose program is installed when it is
missing. A service that cannot be had is an error, never a skipped test.
"""

from tests.support.services.finding import BOTH, MONGODB, RABBITMQ, Services, intention, start_service, start_services
from tests.support.services.service import ExternalService, Service, ServiceUnavailableError

__all__ = [
    "BOTH",
    "MONGODB",
    "RABBITMQ",
    "ExternalService",
    "Service",
    "ServiceUnavailableError",
    "Services",
    "intention",
    "start_service",
    "start_services",
]
