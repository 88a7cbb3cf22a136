"""What the manifest names: commands, reader, writer."""
