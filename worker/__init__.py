"""The processes around the application: web server, workers, beat, sandbox mailbox, embedded Redis, and who watches them.

`app` never imports this package; every process here starts from the environment alone.
"""
