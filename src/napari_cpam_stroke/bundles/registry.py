"""The models of this machine by name and version; those that come with the program are `default` and `prompted`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_cpam_stroke.bundles.bundle import CARD_FILE, Bundle, copy_bundle, load_bundle
from napari_cpam_stroke.bundles.card import ModelCard, check_name, check_version
from napari_cpam_stroke.bundles.trust import Trust
from napari_cpam_stroke.errors import BundleError, nearest
from napari_cpam_stroke.files import read_json, write_whole
from napari_cpam_stroke.user_folder import application_home

DEFAULT, PROMPTED = "default", "prompted"
"""Names of the bundled models, which nothing else can be installed under: the one that finds by itself, and the one
that answers a reader's prompts."""

BUNDLED = {name: Path(__file__).parent / name for name in (DEFAULT, PROMPTED)}
"""Folder of each."""

STATE_FILE = "active.json"
"""Beside the versions of one name: which versions were in use, the last one now."""

CHOSEN_FILE = "chosen.json"
"""The name `use` was last called with."""

INSTALL_ATTEMPTS = 20
"""How often a version number taken meanwhile by another process is replaced by the next."""


@dataclass(frozen=True)
class ModelEntry:
    """One installed version.

    Attributes
    ----------
    active
        Whether its name alone leads to it.
    prompted
        Whether it answers prompts, and finds nothing by itself.
    """

    name: str
    version: str
    path: Path
    active: bool
    sha256: str
    prompted: bool = False


class Registry:
    """Installed models.

    Each version is a folder `models/<name>/<version>` in the program's home. A name alone means the version in use; it
    changes by `use`, `rollback` and `install` only.

    Parameters
    ----------
    home
        The program's own folder; None: `application_home()`.
    bundled
        Folders of the models that come with the program, by name.
    """

    def __init__(self, home: str | Path | None = None, *, bundled: Mapping[str, Path] = BUNDLED) -> None:
        self._models = (application_home() if home is None else Path(home)) / "models"
        self._bundled = bundled
        self.trust = Trust(self._models)

    @property
    def chosen(self) -> str:
        """Name of the model `use` was last called with; the bundled one before."""
        name = _read_json(self._models / CHOSEN_FILE)
        return name if isinstance(name, str) and name in self.names() else DEFAULT

    def names(self) -> list[str]:
        """Return the names that have a version."""
        cards = self._models.glob(f"*/*/{CARD_FILE}")
        installed = {card.parts[-3] for card in cards if not card.parts[-2].startswith(".")}
        bundled = [name for name, folder in self._bundled.items() if (folder / CARD_FILE).exists()]
        return bundled + sorted(installed - set(self._bundled))

    def list(self) -> list[ModelEntry]:
        """Return every readable version, the bundled models first; damaged cards are left out (see `verify`)."""
        entries = []
        for name in self.names():
            active = self._active(name)
            for version, path in self._versions(name).items():
                try:
                    card = load_bundle(path).card
                except BundleError:
                    continue
                entries.append(_entry_of(card, name, version, path, active=version == active))
        return entries

    def resolve(self, ref: str | Path = DEFAULT) -> Bundle:
        """Return the bundle of `default`, a name, a name@version or a folder.

        Raises
        ------
        BundleError
            If nothing, or more than one thing, answers to `ref`, or it is not let in (`Trust.admit`); what comes with
            the program always is.
        """
        bundle = self._found(ref)
        if bundle.path not in self._bundled.values():
            self.trust.admit(bundle)
        return bundle

    def _found(self, ref: str | Path) -> Bundle:
        folder = _folder_of(ref)
        name, _, version = str(ref).partition("@")
        known = name in self.names()
        if known and folder is not None:
            raise BundleError(
                f"{str(ref)!r} is both an installed model and a folder",
                remedy=f"write {name}@{self._active(name)} or .{os.sep}{ref}",
            )
        if folder is not None:
            return load_bundle(folder)
        if not known:
            raise self._unknown(str(ref), name)
        return load_bundle(self._version_path(name, version or self._active(name)))

    def install(self, bundle_dir: str | Path, name: str | None = None, *, activate: bool = True) -> ModelEntry:
        """Copy a bundle in as the next version (1.0, 2.0, ...) of a name; nothing is overwritten.

        Parameters
        ----------
        name
            None: the name in the card.
        activate
            Whether the name leads to the new version from now on; `rollback` takes that back.

        Raises
        ------
        BundleError
            If the bundle is damaged or not let in, or the name cannot be used.
        """
        source = load_bundle(bundle_dir)
        self.trust.admit(source)
        name = check_name(source.card.name if name is None else name)
        refuse_bundled(name)
        source.verify()
        version = self._place(source, name)
        if activate or len(self._versions(name)) == 1:
            self._remember(name, version)
        path = self._version_path(name, version)
        return _entry_of(source.card, name, version, path, active=version == self._active(name))

    def use(self, ref: str) -> ModelEntry:
        """Let a name lead to a version (name@version), or just choose the name; returns what is in use now.

        Raises
        ------
        BundleError
            If there is no such model or version, or its weights are damaged.
        """
        name, _, version = ref.partition("@")
        bundle = self.resolve(ref)
        bundle.verify()
        if name not in self.names():
            raise BundleError(f"{ref!r} is a folder", remedy="install it first, then use its name")
        if version and name not in self._bundled and version != self._active(name):
            self._remember(name, version)
        _write_json(self._models / CHOSEN_FILE, name)
        return self._entry(name)

    def rollback(self, name: str) -> ModelEntry:
        """Let a name lead to the version that was in use before.

        Raises
        ------
        BundleError
            If there is no such model or no earlier version.
        """
        if name not in self.names():
            raise self._unknown(name, name)
        history = self._history(name)
        if len(history) < 2:
            raise BundleError(f"{name!r} has no earlier version to go back to")
        _write_json(self._models / name / STATE_FILE, history[:-1])
        return self._entry(name)

    def verify(self, ref: str | Path = DEFAULT) -> Bundle:
        """Return the bundle after checking its weights against its card.

        Raises
        ------
        BundleError
            If they differ.
        """
        bundle = self.resolve(ref)
        bundle.verify()
        return bundle

    def _versions(self, name: str) -> dict[str, Path]:
        if name in self._bundled:
            folder = self._bundled[name]
            return {load_bundle(folder).card.version: folder}
        folders = [p.parent for p in (self._models / name).glob(f"*/{CARD_FILE}") if not p.parent.name.startswith(".")]
        return {p.name: p for p in sorted(folders, key=lambda p: _order(p.name))}

    def _version_path(self, name: str, version: str) -> Path:
        versions = self._versions(name)
        if check_version(version) not in versions:
            raise BundleError(f"{name!r} has no version {version}", expected=f"one of {', '.join(versions)}")
        return versions[version]

    def _active(self, name: str) -> str:
        versions = self._versions(name)
        return next((v for v in reversed(self._history(name)) if v in versions), list(versions)[-1])

    def _history(self, name: str) -> tuple[str, ...]:
        history = _read_json(self._models / name / STATE_FILE)
        return tuple(str(version) for version in history) if isinstance(history, Sequence) else ()

    def _remember(self, name: str, version: str) -> None:
        _write_json(self._models / name / STATE_FILE, [*self._history(name), version])

    def _entry(self, name: str) -> ModelEntry:
        version = self._active(name)
        path = self._version_path(name, version)
        return _entry_of(load_bundle(path).card, name, version, path, active=True)

    def _place(self, source: Bundle, name: str) -> str:
        """Copy a bundle to the next free version; two at once get two versions."""
        folder = self._models / name
        for _ in range(INSTALL_ATTEMPTS):
            version = f"{_next_major(folder)}.0"
            try:
                copy_bundle(source, replace(source.card, name=name, version=version), folder / version)
            except OSError as error:
                if (folder / version).exists():
                    continue
                raise BundleError(f"The model cannot be installed in {folder}", got=error.strerror) from error
            return version
        raise BundleError(f"The model cannot be installed in {folder}, other installations keep getting in the way")

    def _unknown(self, ref: str, name: str) -> BundleError:
        names = self.names()
        return BundleError(
            f"There is no model {ref!r}{nearest(name, names)}",
            expected=f"one of {', '.join(names)}, or a bundle folder" if names else "a bundle folder",
            remedy="see the installed ones with: cpam-stroke models list",
        )


def refuse_bundled(name: str) -> None:
    """Refuse a name for a new model where a bundled one has it.

    Raises
    ------
    BundleError
        If it is taken.
    """
    if name in BUNDLED:
        raise BundleError(f"{name!r} is a bundled model", remedy="choose another name")


def _entry_of(card: ModelCard, name: str, version: str, path: Path, *, active: bool) -> ModelEntry:
    return ModelEntry(name, version, path, active, card.weights_sha256, prompted=card.prompts is not None)


def _folder_of(ref: str | Path) -> Path | None:
    """Return the folder a reference means: what looks like a path, or a bundle of that name right here."""
    text, path = str(ref), Path(ref)
    looks_like_path = isinstance(ref, Path) or os.sep in text or "/" in text or text in {".", ".."}
    return path if looks_like_path or (path / CARD_FILE).is_file() else None


def _next_major(folder: Path) -> int:
    """Return one more than the highest version folder, whole or not."""
    return max((_order(path.name)[0] for path in folder.glob("[0-9]*")), default=0) + 1


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _read_json(path: Path) -> object:
    try:
        value: object = read_json(path)
    except (OSError, ValueError):
        return None
    return value


def _write_json(path: Path, value: object) -> None:
    write_whole(path, json.dumps(value), durable=True)
