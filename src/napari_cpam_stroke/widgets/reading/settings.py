"""What the reading room remembers between starts: one small JSON file in the program's own folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from napari_cpam_stroke.annotations.location import without_password
from napari_cpam_stroke.errors import ConfigError, CpamError
from napari_cpam_stroke.files import read_json, write_whole
from napari_cpam_stroke.retraining import Preset
from napari_cpam_stroke.user_folder import application_home

FILE_NAME = "room.json"
PRIVATE = 0o600
"""Nobody else on the machine needs to know what a reader chose."""

Device = Literal["auto", "cpu", "cuda", "mps"]
"""Where models run; auto: the graphics card where there is one, else the processor."""


@dataclass(frozen=True)
class RoomSettings:
    """Choices of the reader; every one can be changed in the room."""

    author: str = "reader"
    """Name kept with each revision; never taken from the computer's account without being typed."""
    store: str = ""
    """Folder or PostgreSQL URL of the annotation store; empty: `annotations` in the program's own folder."""
    model: str = "default"
    device: str = "auto"
    """One of `Device`, or one of several graphics cards, such as `cuda:1`."""
    blinded: bool = False
    """First read without the AI: its results stay hidden until revealed."""
    run_on_open: bool = False
    """Run the model as soon as a case is open."""
    train_preset: Preset = "quick"
    train_name: str = "mine"
    """What a model trained from the room is called."""
    train_settings: str = ""
    """Further settings of a training, as `a.b=value`, parted by spaces."""
    window: str = "brain"
    last_folder: str = ""
    mask_opacity: float = Field(default=0.35, ge=0.05, le=1)
    mask_style: Literal["fill", "contour"] = "fill"
    brush_hu: tuple[int, int] = (50, 90)
    """Range of the HU-limited brush; fresh blood by default."""
    brush_limited: bool = False
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys chosen in napari's preferences instead of those of the room, by action."""
    worklist_columns: tuple[str, ...] = ()
    """Columns of the worklist that are shown; empty: as many as there is room for."""
    window_state: str = ""
    """Size of the window, and Qt's own description of where the docks stood in it."""

    @property
    def store_location(self) -> str:
        """Where revisions are kept."""
        return self.store or str(application_home() / "annotations")


class SettingsFile:
    """The settings as they are on disk; a damaged or foreign file gives the defaults and is left alone until a change.

    Parameters
    ----------
    path
        Left out: `room.json` in the program's own folder.
    trouble
        Told once where they cannot be kept, until they can be again; left out: `change` raises it.
    """

    def __init__(self, path: Path | None = None, *, trouble: Callable[[CpamError], object] | None = None) -> None:
        self.path = path or application_home() / FILE_NAME
        self._trouble, self._told = trouble, False
        self.values = self._read()

    def change(self, **changes: Any) -> RoomSettings:
        """Change some settings, keep them on disk and return them all.

        Raises
        ------
        ConfigError
            If they cannot be kept, and nobody is to be told; they count all the same.
        """
        changed = TypeAdapter(RoomSettings).validate_python(asdict(replace(self.values, **changes)))
        if changed != self.values:
            self.values = changed
            self._keep(changed)
        return changed

    def _keep(self, values: RoomSettings) -> None:
        try:
            self._write(values)
        except OSError as error:
            trouble = ConfigError(
                "The settings of the room cannot be kept, and count until the window closes",
                got=error.strerror or str(error),
                remedy=f"see that there is space on the disk and that {self.path} is a file that may be written",
            )
            if self._trouble is None:
                raise trouble from error
            if not self._told:
                self._trouble(trouble)
            self._told = True
        else:
            self._told = False

    def _read(self) -> RoomSettings:
        try:
            found = read_json(self.path)
            known = {key: value for key, value in found.items() if key in RoomSettings.__dataclass_fields__}
            read = TypeAdapter(RoomSettings).validate_python(known)
        except (OSError, ValueError, AttributeError, ValidationError):
            return RoomSettings()
        kept = replace(read, store=without_password(read.store))
        if kept != read:
            with suppress(OSError):
                self._write(kept)
        return kept

    def _write(self, values: RoomSettings) -> None:
        write_whole(self.path, json.dumps(asdict(values), indent=1), durable=True, mode=PRIVATE)
