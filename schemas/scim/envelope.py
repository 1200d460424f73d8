"""What bodies have in common (RFC 7644, 3.1): they say in ``schemas`` what they are."""

from collections.abc import Mapping
from typing import Any

from schemas.scim.errors import InvalidSyntaxError


def check_schemas(schemas: object, message: str, *, strict: bool) -> None:
    """See that a message's ``schemas`` names it; where the reading is not strict they may be missing.

    Raises:
        InvalidSyntaxError: The message is, or says that it is, something else.
    """
    if schemas is None and not strict:
        return
    check_texts(schemas)
    if not isinstance(schemas, list) or message.lower() not in [uri.lower() for uri in schemas]:
        raise InvalidSyntaxError(f"schemas must name {message}")


def schemas_of(body: Mapping[str, Any]) -> object:
    """Return what the body says that it is, under the name in any case; None where it says nothing."""
    if "schemas" in body:
        return body["schemas"]
    return next((value for name, value in body.items() if name.lower() == "schemas"), None)


def are_texts(schemas: object) -> bool:
    """Tell whether ``schemas`` have the form that they must have, whatever they name; there may be none."""
    return schemas is None or (isinstance(schemas, list) and all(isinstance(uri, str) for uri in schemas))


def check_texts(schemas: object) -> None:
    """See that ``schemas`` have their form.

    Raises:
        InvalidSyntaxError: They are something else than an array of texts.
    """
    if not are_texts(schemas):
        raise InvalidSyntaxError("schemas must be an array of URIs")
