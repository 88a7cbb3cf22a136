"""Keys of a viewer as actions of napari, so that its Preferences > Shortcuts shows and changes them.

napari keeps one table of actions for the whole program and writes changed keys into its own settings, where a later
start would look in vain for actions of a room that is not open yet. So what concerns ours is taken out there again and
kept by whoever added them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psygnal import Signal

from napari_cpam_stroke.widgets.viewer.compat import unwrapped

if TYPE_CHECKING:
    from napari.components import ViewerModel

PREFIX = "napari-cpam-stroke:"
"""napari names actions package:name."""

FUNCTION_KEY = r"`([A-Za-z]+\+)*F\d+` does not seem to be a valid shortcut Key"
"""napari binds function keys, and warns of each whenever it writes one."""

NO_KEY = "unknown"
"""What napari makes of a name that is none of a key."""

Keys = tuple[str, ...]


@dataclass(frozen=True)
class ViewerAction:
    """What a key does in one viewer; `keys` until a person chooses others, modifiers joined with '-'."""

    name: str
    does: str
    keys: str
    run: Callable[[], object]


class ViewerActions:
    """The actions of all viewers that have some: one key does the same in each.

    No Qt object: it outlives the application, whose windows give their keys back while it ends.

    Signals
    -------
    changed
        A person chose other keys.
    """

    changed = Signal()

    def __init__(self) -> None:
        self._of_viewer: WeakKeyDictionary[ViewerModel, dict[str, Callable[[], object]]] = WeakKeyDictionary()
        self._given: dict[str, Keys] = {}

    @property
    def keys(self) -> dict[str, Keys]:
        """The keys of each action as they are now, as napari writes them."""
        return {name: _bound(name) for name in self._given}

    @property
    def chosen(self) -> dict[str, Keys]:
        """Those that are not what they were given."""
        return {name: keys for name, keys in self.keys.items() if keys != self._given[name]}

    def add(self, viewer: ViewerModel, actions: Sequence[ViewerAction], chosen: Mapping[str, Keys]) -> None:
        """Give a viewer its actions.

        Parameters
        ----------
        chosen
            Keys a person chose before, by name of the action; what names no key, in a file from elsewhere, is not used.
        """
        if self._given and not self._of_viewer:
            self._uninstall()  # viewers that went without a word
        if not self._given:
            self._install(actions, chosen)
        self._of_viewer[unwrapped(viewer)] = {action.name: action.run for action in actions}

    def remove(self, viewer: ViewerModel) -> bool:
        """Take the actions of a viewer away and return whether it had any; the last one frees the keys."""
        had = self._of_viewer.pop(unwrapped(viewer), None) is not None
        if had and not self._of_viewer:
            self._uninstall()
        return had

    def _install(self, actions: Sequence[ViewerAction], chosen: Mapping[str, Keys]) -> None:
        from napari.components import ViewerModel
        from napari.settings import get_settings
        from napari.utils.action_manager import action_manager

        warnings.filterwarnings("ignore", message=FUNCTION_KEY, category=UserWarning)
        for action in actions:
            self._given[action.name] = (_normal(action.keys),)
            action_manager.register_action(PREFIX + action.name, self._pressed(action.name), action.does, ViewerModel)
            wanted = chosen.get(action.name, self._given[action.name])
            for keys in wanted if all(map(_is_key, wanted)) else self._given[action.name]:
                action_manager.bind_shortcut(PREFIX + action.name, keys)
        get_settings().shortcuts.events.shortcuts.connect(self._on_preferences)

    def _uninstall(self) -> None:
        from napari.settings import get_settings
        from napari.utils.action_manager import action_manager

        get_settings().shortcuts.events.shortcuts.disconnect(self._on_preferences)
        for name in self._given:
            action_manager.unbind_shortcut(PREFIX + name)
            action_manager._actions.pop(PREFIX + name)  # noqa: SLF001 - napari has no other way to forget one
        self._given = {}

    def _pressed(self, name: str) -> Callable[[Any], None]:
        def pressed(viewer: Any) -> None:
            self._of_viewer.get(unwrapped(viewer), {}).get(name, _nothing)()

        return pressed

    def _on_preferences(self, _event: object = None) -> None:
        from napari.settings import get_settings

        settings = get_settings()
        ours = [name for name in settings.shortcuts.shortcuts if name.startswith(PREFIX)]
        if not ours:
            return
        for name in ours:
            del settings.shortcuts.shortcuts[name]
        if settings.config_path is not None:
            settings.save()
        self.changed.emit()


def _bound(name: str) -> Keys:
    from napari.utils.action_manager import action_manager

    return tuple(_normal(keys) for keys in action_manager._shortcuts.get(PREFIX + name, ()))  # noqa: SLF001 - see above


def _normal(keys: object) -> str:
    from napari.utils.key_bindings import coerce_keybinding

    return str(coerce_keybinding(keys))


def _is_key(name: str) -> bool:
    from napari.utils.key_bindings import coerce_keybinding

    parts = coerce_keybinding(name).parts
    return bool(parts) and all(str(part.key) != NO_KEY for part in parts)


def _nothing() -> None:
    """Do what a key does in a viewer that has no such action."""


viewer_actions = ViewerActions()
"""napari's table is one for the whole program, and so is this."""
