"""What the messages of the protocol have in common (RFC 7644, 3.1): they say what they are."""

from schemas.scim.errors import InvalidSyntaxError


def check_schemas(schemas: object, message: str, *, strict: bool) -> None:
    """See that a message's ``schemas`` names it; where the reading is not strict they may be missing.

    Raises:
        InvalidSyntaxError: The message is, or says that it is, something else.
    """
    if schemas is None and not strict:
        return
    if not isinstance(schemas, list) or message.lower() not in [str(uri).lower() for uri in schemas]:
        raise InvalidSyntaxError(f"schemas must name {message}")
