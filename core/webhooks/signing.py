"""Messages as Standard Webhooks has them: headers, signatures, secrets."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook as Signer

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """Random; as receivers give it to their libraries."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def signed_headers(
    body: bytes, *, message_id: str, secrets: Iterable[str], now: datetime
) -> dict[str, str]:
    """The headers of one attempt; one signature per secret, the newest first.

    ``now`` is the time of the attempt, in UTC: receivers refuse what is older
    than five minutes.
    """
    text = body.decode("utf-8")
    signatures = [Signer(secret).sign(message_id, now, text) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Dramatis-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
