"""MJML to HTML, by the rules of the reference compiler (mjml 4.18 on npm): what authors see in its tools is what goes out.

What each component draws follows mjml's own source (MIT, see LICENSE-mjml.md). `parse` reads the source, `head` what applies to all of it, `element` and the components draw the body, `document` puts a page around it.
"""

from app.render.mjml.document import Compiled, compile_mjml

__all__ = ["Compiled", "compile_mjml"]
