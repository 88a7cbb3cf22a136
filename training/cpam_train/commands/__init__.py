"""The commands of `cpam-train`; heavy imports happen inside them, so that help and errors come at once."""
