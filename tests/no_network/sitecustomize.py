"""Python imports this in every program that a test starts: it is watched as the test itself is."""

from network_watch import watch

watch()
