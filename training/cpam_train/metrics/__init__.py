"""How results are judged: counts once, everything else pure functions of them."""
