"""A JSON column that keeps key order on every database."""

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

if TYPE_CHECKING:
    _Text = models.TextField[Any, Any]
else:
    _Text = models.TextField


class OrderedJSONField(_Text):
    """JSON stored as text, so that it comes back exactly as it was written.

    Postgres' ``jsonb`` sorts keys by length; prompts are compiled in the order
    their author chose, so the same draft would compile differently there.
    """

    description = "JSON whose keys keep their order"

    if TYPE_CHECKING:  # What the plugin of the type checker reads.
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValidationError(f"This is not JSON: {error}.") from error

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        # NaN and infinity are no JSON; one of them would break every reader.
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
            cls=DjangoJSONEncoder,
        )

    def value_to_string(self, obj: models.Model) -> Any:
        return self.value_from_object(obj)
