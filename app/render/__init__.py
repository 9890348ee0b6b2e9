"""Rendering: from a kit's pieces and a partner's words to mails and pages. Pure: it knows no tables and no settings.

Phase one (template, email, mime.build) runs once per campaign and variant; phase two (Segments.splice) once per recipient.
"""
