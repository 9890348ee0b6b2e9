"""The web room: pages' frame, components, formats, the two origins, errors, and the boundary that commits.

Rooms bring their views; this room sees to it that they all look, speak and fail alike.
"""

from flask import Flask

from app.web import boundary, components, errors, filters, hosts, navigation, security


def register(app: Flask) -> None:
    """Put all of it on the application. Hosts come first: nothing else runs for a host that isn't ours."""
    hosts.register(app)
    security.register(app)
    boundary.register(app)
    errors.register(app)
    filters.register(app)
    navigation.register(app)
    components.register(app)
