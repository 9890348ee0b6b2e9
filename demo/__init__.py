"""The players of `make demo`: people who use the product through its pages and the mail it sent, and nothing else."""
