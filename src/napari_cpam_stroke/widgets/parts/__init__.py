"""Parts of the room that know no case: work in the background, buttons, the slice strip, a window of text."""
