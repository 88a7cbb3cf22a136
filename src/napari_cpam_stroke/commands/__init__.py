"""What the commands of `cpam-stroke` do; `cli` holds their options."""
