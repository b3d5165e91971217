"""What a browser without scripts would submit of a page."""

from html.parser import HTMLParser

from django.http import QueryDict


class _Controls(HTMLParser):
    """Collects the successful controls of a page, as HTML's form rules say."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []
        self.attrs_of: dict[str, dict[str, str | None]] = {}
        self.labelled: set[str | None] = set()
        self.ids: list[str] = []
        self._textarea: str | None = None
        self._text: list[str] = []
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._templates = 0

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self._templates += tag == "template"
        if self._templates:
            return
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "label":
            self.labelled.add(known.get("for"))
        name = known.get("name")
        if name and tag in {"input", "textarea", "select"}:
            self.attrs_of[name] = known
        if tag == "input" and name:
            self._input(name, known)
        elif tag == "textarea":
            self._textarea, self._text = name, []
        elif tag == "select":
            self._select, self._options = name, []
        elif tag == "option":
            self._options.append((known["value"], "selected" in known))

    def _input(self, name, attrs):
        kind = attrs.get("type", "text")
        if kind in {"checkbox", "radio"} and "checked" not in attrs:
            return
        value = attrs.get("value", "")
        if kind in {"text", "number", "hidden"}:
            # Character references aside, parsers read every break as LF.
            value = value if kind == "hidden" else value.replace("\n", "")
        self.pairs.append((name, value))

    def handle_data(self, data):
        if self._textarea is not None:
            self._text.append(data)

    def handle_endtag(self, tag):
        self._templates -= tag == "template"
        if tag == "textarea" and self._textarea is not None:
            text = "".join(self._text).removeprefix("\n")
            self.pairs.append((self._textarea, text))
            self._textarea = None
        elif tag == "select" and self._select is not None and not self._templates:
            chosen = [value for value, is_chosen in self._options if is_chosen]
            if self._options:
                value = (chosen or [self._options[0][0]])[-1]
                self.pairs.append((self._select, value))
            self._select = None


def controls(html: str) -> _Controls:
    """Read a page; line breaks in it become LF, as when a browser parses it."""
    page = _Controls()
    page.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
    page.close()
    return page


def submitted(html: str) -> QueryDict:
    """What the page's controls send when nothing was changed."""
    data = QueryDict(mutable=True)
    for name, value in controls(html).pairs:
        broken = value.replace("\r\n", "\n").replace("\r", "\n")
        data.appendlist(name, broken.replace("\n", "\r\n"))
    return data
