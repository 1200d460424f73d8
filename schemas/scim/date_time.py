"""dateTime values (RFC 7643, 2.3.5): checked, and brought to one form that compares as text."""

import re
from datetime import UTC, datetime

_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?", re.ASCII | re.IGNORECASE
)


def normal_date_time(text: str) -> str:
    """Return the moment in UTC with six fraction digits and ``Z``; without a time zone it is taken as UTC.

    Raises:
        ValueError: The text is no xsd:dateTime, or outside the years 1 to 9999.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("no dateTime")
    seconds, fraction, zone = match.groups()
    microseconds = f"{fraction or '':0<6}"[:6]
    offset = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{seconds.upper()}.{microseconds}{offset}").astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no dateTime") from error
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
