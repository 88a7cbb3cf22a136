"""Header text becomes harmless plain text."""

import pytest

from napari_cpam_stroke.dicom.headers.plain import decode_text, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("HEAD 5.0 H31s", "HEAD 5.0 H31s"),
        ("  a \x1b[31m b\r\n\tc ", "a [31m b c"),
        ("a \x00 b", "a"),
        ("<script>alert(1)</script>", "script alert(1) /script"),
        ("../../etc/passwd", "etc/passwd"),
        ("C:\\WINDOWS\\x", "WINDOWS\\x"),
        ("//server/share", "server/share"),
        ("\u202egnp.exe", "gnp.exe"),
        ("W/O CONTRAST", "W/O CONTRAST"),
        ("x" * 100, "x" * 63 + "…"),
        ("", ""),
    ],
)
def test_plain(text, plain):
    assert plain_text(text) == plain


@pytest.mark.parametrize("tag", [b"\x10\0\x10\0PN\x0e\0", b"\x10\0\x10\0\x0e\0\0\0", b"\0\x10\0\x10PN\0\x0e"])
def test_what_a_length_that_lies_brought_in_does_not_show(tag):
    swallowed = b"Phantom " + tag + b"Canarybird^Ada"
    assert plain_text(decode_text(swallowed, "")) == "Phantom"


def test_hidden_words_do_not_show_whatever_their_case():
    assert plain_text("CT of Ada Lovelace 4711", hide=["ada", "LOVELACE", "4711"]) == "CT of … … …"


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("Wörld".encode(), "ISO_IR 192", "Wörld"),
        ("王小东".encode("gb18030"), "GB18030", "王小东"),
        (b"\x1b$B;3ED\x1b(B", "\\ISO 2022 IR 87", "山田"),
        ("Люк".encode("iso8859_5"), "ISO_IR 144", "Люк"),
        (b"ASCII \0", "", "ASCII"),
    ],
)
def test_character_sets(raw, charset, text):
    assert decode_text(raw, charset) == text


@pytest.mark.parametrize("charset", ["KLINGON", "ISO_IR 192", "\\\\\\", "ISO 2022 IR 87\\GB18030", ""])
def test_wrong_labels_never_raise(charset):
    assert isinstance(decode_text(b"M\xfcller \x1b$B\xff\xfe", charset), str)
