"""Where a store lies: a folder, or a PostgreSQL address with a folder for the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from napari_cpam_stroke.annotations.store_errors import plain_file_errors
from napari_cpam_stroke.errors import StoreError
from napari_cpam_stroke.files import is_unfinished, make_folder

DATABASE_FILE, BLOB_FOLDER = "store.db", "blobs"

ADDRESSES = "give the folder of the store, or an address like postgresql://user@server/database?blobs=/shared/folder"

POSTGRES_DRIVER = "postgresql+psycopg"


@dataclass(frozen=True)
class Location:
    """Database address and blob folder of a store."""

    url: URL
    blobs: Path


def locate(address: str | Path, blobs: Path | None, *, create: bool) -> Location:
    """Find the parts of a store.

    Parameters
    ----------
    address
        A folder, or a `postgresql://` address; that one may carry its blob folder as `?blobs=/shared/folder`.
    blobs
        Folder for the pixels; by default inside the store's folder.
    create
        Whether a missing folder may be made.

    Raises
    ------
    StoreError
        If there is no store at that place and none may be made there.
    """
    if "://" in str(address):
        return _server(str(address), blobs)
    folder = Path(address).expanduser()
    _check_folder(folder, create=create)
    return Location(sqlite_url(folder / DATABASE_FILE), blobs or folder / BLOB_FOLDER)


def without_password(address: str) -> str:
    """Return a store's address as it may be kept: a password belongs into PostgreSQL's own password file."""
    if "://" not in address:
        return address
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return ""
    query = {key: value for key, value in url.query.items() if key != "password"}
    if url.password is None and len(query) == len(url.query):
        return address
    kept = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, query)
    return kept.render_as_string(hide_password=False)


def is_sqlite(url: URL) -> bool:
    """Whether the address is a file."""
    return url.get_backend_name() == "sqlite"


def sqlite_url(file: Path) -> URL:
    """Return the URL of an SQLite file."""
    return URL.create("sqlite", database=str(file))


def place_of(url: URL) -> str:
    """Return where a database lies, as it may be shown."""
    return str(url.database) if is_sqlite(url) else url.render_as_string(hide_password=True)


def _server(address: str, blobs: Path | None) -> Location:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            "The store's address cannot be read",
            got=address.partition(":")[0] or "nothing before ://",
            remedy=ADDRESSES,
        ) from error
    if url.get_backend_name() != "postgresql":
        raise StoreError(
            "This database is not supported",
            got=url.drivername,
            expected="a folder or a postgresql:// address",
            remedy=ADDRESSES,
        )
    named = url.query.get("blobs")
    folder = blobs or (Path(named) if isinstance(named, str) else None)
    if folder is None:
        raise StoreError(
            "A store on a server needs a folder for its pixels", remedy="add ?blobs=/shared/folder to the address"
        )
    return Location(url.difference_update_query(["blobs"]).set(drivername=POSTGRES_DRIVER), folder)


def _check_folder(folder: Path, *, create: bool) -> None:
    if (folder / DATABASE_FILE).is_file():
        return
    if folder.exists() and not folder.is_dir():
        raise StoreError("A store is a folder", got=f"the file {folder}", remedy="give a folder")
    if not create:
        raise StoreError(
            f"There is no annotation store at {folder}",
            expected=f"a folder with {DATABASE_FILE}",
            remedy="check the path",
        )
    if folder.is_dir() and not all(is_unfinished(path) for path in folder.iterdir()):
        raise StoreError(
            f"The folder {folder} holds other files and is no store", remedy="give a new or an empty folder"
        )
    with plain_file_errors(f"The folder {folder} cannot be made"):
        make_folder(folder, durable=True)
