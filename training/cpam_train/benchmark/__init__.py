"""The source paper's tables on any data: every system under one recipe, beside the paper's own figures."""
