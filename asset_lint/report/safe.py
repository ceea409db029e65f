"""Text of the user's project made fit to print.

Names, messages and source lines come from the code under check. Nothing in them may move the cursor, colour the
terminal, reorder what is read, or speak to the service whose log they end in.
"""

from __future__ import annotations

_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_HIDDEN = [
    *range(0x80, 0xA0),
    0x061C,
    0x200E,
    0x200F,
    0x2028,
    0x2029,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
]
_VISIBLE = _PICTURES | dict.fromkeys(_HIDDEN, 0xFFFD)


def visible(text: str) -> str:
    """``text`` on one line, with a picture in the place of each control character; as many characters as before.

    Only the logging commands of build services, which count wherever they stand in a line, get one more: a word joiner.
    """
    if not text.isascii() or not text.isprintable():
        text = encodable(text.translate(_VISIBLE))
    return text.replace("##", "#\u2060#") if "##[" in text or "##vso[" in text else text


def visible_path(path: str) -> str:
    """A path fit to open a line: `::` there would start a workflow command."""
    shown = visible(path)
    return f"./{shown}" if shown.lstrip().startswith("::") else shown


def encodable(text: str) -> str:
    """``text`` as UTF-8 can hold it: what stands for bytes of a file name that are no text is replaced."""
    return text if text.isascii() else "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


def width(text: str) -> int:
    """How many cells of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) or char in "\u200b\u200c\u200d\u2060" else 2 if wide else 1
        for char in text
        for wide in [unicodedata.east_asian_width(char) in "WF"]
    )
