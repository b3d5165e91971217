"""Form controls made from pydantic models: ``SheetField`` and what it needs.

From the annotation to the page and back: ``schema`` turns pydantic's JSON
schema into shapes (``leaves``, ``nesting``, ``trees``); a shape fills controls
from a value or reads them from a submitted form (``posted``), makes nodes for
the templates, and says which value was meant. ``blueprint`` holds a shape
together with the pydantic model that judges the value, ``words`` explains its
errors, and ``widgets`` and ``fields`` are what Django's forms use.
"""

from core.sheet_forms.fields import SheetField, add_sheet_errors, sheet_fields
from core.sheet_forms.widgets import SheetWidget

__all__ = ["SheetField", "SheetWidget", "add_sheet_errors", "sheet_fields"]
