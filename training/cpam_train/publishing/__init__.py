"""From a run to a bundle: the card and the gate."""
