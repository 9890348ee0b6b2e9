"""The brand's form."""
