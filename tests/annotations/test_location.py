import pytest

from napari_cpam_stroke.annotations.location import without_password


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("postgresql://ada:hunter2@server/stroke?blobs=/p", "postgresql://ada@server/stroke?blobs=%2Fp"),
        ("postgresql://server/stroke?password=hunter2&blobs=/p", "postgresql://server/stroke?blobs=%2Fp"),
        ("postgresql+psycopg://ada:hun%40ter2@server/stroke", "postgresql+psycopg://ada@server/stroke"),
        ("postgresql://ada@server/stroke?blobs=/p", "postgresql://ada@server/stroke?blobs=/p"),
        ("/data/store:1", "/data/store:1"),
        ("", ""),
        ("://hunter2", ""),
    ],
)
def test_an_address_is_kept_without_its_password(address, kept):
    assert without_password(address) == kept
