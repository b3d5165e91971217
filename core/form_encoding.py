"""Forms whose text is not UTF-8 are refused, before Django mends them.

Django puts U+FFFD in the place of bytes that are no text, and would read a whole
urlencoded body with such a byte as Latin-1. Either way something else than what
was sent would be saved, without a word.
"""

import codecs
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render

from core.api import problems

GetResponse = Callable[[HttpRequest], HttpResponse]

STRICT: Final = "utf-8-strict"
"""UTF-8 that raises, also where its caller asked for U+FFFD instead."""

_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_CHUNK: Final = 64 * 1024
_ESCAPE: Final = len(b"%E4")


def refuse_broken_text(get_response: GetResponse) -> GetResponse:
    """Answer forms that hold invalid UTF-8 with a page that says so.

    The API judges its own bodies. Nothing before may have read ``request.POST``.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and not problems.is_api(request):
            try:
                _check(request)
            except UnicodeDecodeError:
                return render(request, "core/form_encoding.html", status=400)
            except UnreadablePostError:
                # The caller went away; the view sees an empty form, as usual.
                pass
        return get_response(request)

    return handle


def is_utf8(body: bytes, /) -> bool:
    """Whether an urlencoded body is UTF-8 once its escapes are resolved.

    Read in pieces: an escape that is split off takes many times its own size.
    """
    try:
        _decode_escapes(body)
    except UnicodeDecodeError:
        return False
    return True


def _check(request: HttpRequest) -> None:
    _decode_escapes(request.META.get("QUERY_STRING", "").encode())
    if request.content_type == _URLENCODED:
        _decode_escapes(request.body)
    elif request.content_type == _MULTIPART:
        # Parts are decoded while the body streams by, files among them; another
        # encoding afterwards would drop what was read.
        request.encoding = STRICT
        request.POST  # noqa: B018


def _decode_escapes(body: bytes) -> None:
    # By itself too: an escape does not make half a character whole.
    body.decode("utf-8")
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = 0
    while start < len(body):
        end = start + _CHUNK
        split = body.rfind(b"%", end - _ESCAPE + 1, end)
        end = end if split < 0 else split
        decoder.decode(unquote_to_bytes(body[start:end]))
        start = end
    decoder.decode(b"", final=True)


def _decode_strictly(data: Any, errors: str = "strict", /) -> tuple[str, int]:
    return codecs.utf_8_decode(data, "strict", True)  # noqa: FBT003


def _find(name: str) -> codecs.CodecInfo | None:
    if name != STRICT.replace("-", "_"):
        return None
    return codecs.CodecInfo(codecs.utf_8_encode, _decode_strictly, name=STRICT)


codecs.register(_find)
