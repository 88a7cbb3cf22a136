"""Files to series: which belong together, in what order, and what may be done with them."""
