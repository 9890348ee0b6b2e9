"""The rules by which a carousel's hidden switches show one picture, its arrows and its thumbnails."""


def sheet(name: str, count: int, icon_width: str, selected: str, hovered: str) -> str:
    """The styles of one carousel of `count` pictures; all of it hangs on which radio button is checked."""
    numbers = range(1, count + 1)
    base = f".mj-carousel-{name}"

    def checked(at: int, target: str) -> str:
        return f"{base}-radio-{at}:checked {'+ * ' * (count - at)}+ .mj-carousel-content {target}"

    def every(target: str) -> str:
        return ",".join(checked(at, target.format(at=at)) for at in numbers)

    def hovering(which: str, target: str) -> str:
        return ",".join(
            f"{base}-thumbnail{which.format(at=at)}:hover {'+ * ' * (count - at)}+ .mj-carousel-main {target.format(at=at)}"
            for at in numbers
        )

    others = ",".join(
        f"{base}-radio:checked {'+ * ' * at}+ .mj-carousel-content .mj-carousel-image" for at in range(count)
    )
    onward = ",".join(checked(at, f".mj-carousel-next-{at % count + 1}") for at in numbers)
    back = ",".join(checked(at, f".mj-carousel-previous-{(at - 2) % count + 1}") for at in numbers)
    return f""".mj-carousel {{ -webkit-user-select: none; -moz-user-select: none; user-select: none; }}
{base}-icons-cell {{ display: table-cell !important; width: {icon_width} !important; }}
.mj-carousel-radio, .mj-carousel-next, .mj-carousel-previous {{ display: none !important; }}
.mj-carousel-thumbnail, .mj-carousel-next, .mj-carousel-previous {{ touch-action: manipulation; }}
{others} {{ display: none !important; }}
{every(".mj-carousel-image-{at}")} {{ display: block !important; }}
.mj-carousel-previous-icons, .mj-carousel-next-icons, {onward}, {back} {{ display: block !important; }}
{every(base + "-thumbnail-{at}")} {{ border-color: {selected} !important; }}
{every(base + "-thumbnail")} {{ display: inline-block !important; }}
.mj-carousel-image img + div, .mj-carousel-thumbnail img + div {{ display: none !important; }}
{hovering("", ".mj-carousel-image")} {{ display: none !important; }}
.mj-carousel-thumbnail:hover {{ border-color: {hovered} !important; }}
{hovering("-{at}", ".mj-carousel-image-{at}")} {{ display: block !important; }}
.mj-carousel noinput {{ display:block !important; }}
.mj-carousel noinput .mj-carousel-image-1 {{ display: block !important; }}
.mj-carousel noinput .mj-carousel-arrows, .mj-carousel noinput .mj-carousel-thumbnails {{ display: none !important; }}
[owa] .mj-carousel-thumbnail {{ display: none !important; }}
@media screen yahoo {{
{base}-icons-cell, .mj-carousel-previous-icons, .mj-carousel-next-icons {{ display: none !important; }}
{checked(1, f"{base}-thumbnail-1")} {{ border-color: transparent; }}
}}"""
