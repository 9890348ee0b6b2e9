"""A kit's files, from a folder or a zip, with everything refused that a file name or an archive can hide.

Caps hold on count, single size, whole size and compression ratio before anything is unpacked, and again while it is.
"""

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from app.errors import Invalid

MAX_FILES = 500
MAX_FILE = 20 * 1024 * 1024
MAX_TOTAL = 60 * 1024 * 1024
MAX_RATIO = 200
_MAX_ENTRIES = 4 * MAX_FILES  # with folders and what computers add by themselves
_MAX_DIRECTORY = 1024 * 1024  # bytes of the zip's own list of contents
_NAME = re.compile(r"[\w][\w .@()+,-]*", re.UNICODE)
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])( *\..*)?")
_LEFT_BY_COMPUTERS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst", ".jar")
_OFFICE = (".docx", ".pptx", ".xlsx", ".odt", ".odp", ".ods", ".epub")  # zips by their nature
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_UNIX_EXTRAS = (
    0x000D,
    0x756E,
)  # APPNOTE 4.5.7 and the ASi extra field: where a zip names the target of a link
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of the others one block may unpack to any size


class KitError(Invalid):
    """A kit that can't be read. `file` and `line` say where (line 0: the whole file), `mend` what to do."""

    def __init__(
        self, message: str, file: str = "", line: int = 0, mend: str = "", rule: str = "kit"
    ) -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{where}{message} {mend}".strip())
        self.plain, self.file, self.line, self.mend, self.rule = message, file, line, mend, rule


def _refused(message: str, file: str = "", mend: str = "Zip the kit’s folder again.") -> KitError:
    return KitError(message, "".join(c if c.isprintable() else "?" for c in file[:80]), 0, mend, "archive")


def safe_path(name: str) -> str:
    """The path inside the kit in one spelling (NFC: a Mac writes é as two characters), or KitError for one that leads out of it or
    can't be written everywhere.
    """
    name = unicodedata.normalize("NFC", name)
    path = PurePosixPath(name)
    parts = name.split("/")
    outside = path.is_absolute() or ".." in parts or "\\" in name or "\0" in name or ":" in name
    odd = any(
        not _NAME.fullmatch(part) or _WINDOWS.fullmatch(part) or part.endswith((".", " ")) for part in parts
    )
    if outside or odd or len(name) > 200:
        raise _refused("This file name can’t be used.", name, "Use plain names inside the kit’s folder.")
    return str(path)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file below the folder by its path; hidden files are left out, links refused."""
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part.startswith(".") or part == "__pycache__" for part in relative.parts):
            continue
        if path.is_symlink():
            raise _refused("A link can’t be part of a kit.", relative.as_posix(), "Copy the file.")
        if not path.is_file():
            continue
        name = safe_path(relative.as_posix())
        total += path.stat().st_size
        _limits(name, path.stat().st_size, total, len(files) + 1)
        files[name] = path.read_bytes()
    return _checked(files)


def read_zip(data: bytes) -> dict[str, bytes]:
    """Every file of a zipped kit; a single folder around all of it is taken off. Raises KitError with file and reason."""
    _look_at_the_list(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _checked(_without_wrapper(_members(archive)))
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        RuntimeError,
        ValueError,
        struct.error,
        OSError,
    ):
        raise _refused("This is no zip that can be read.") from None


def _look_at_the_list(data: bytes) -> None:
    """What can be told without reading a zip's list of contents, which itself may be made to fill the memory."""
    if not data.startswith((_ZIP, _EMPTY_ZIP)):
        raise _refused("This is no zip that can be read.")
    end = _end(data)
    if end < 0:
        raise _refused("This is no zip that can be read: its end is missing.")
    entries, size = struct.unpack_from("<HL", data, end + 10)
    if data[max(end - 20, 0) : end].startswith(b"PK\x06\x07"):
        mend = "Zip the folder again with your computer’s own program."
        raise _refused("This zip is made for files far larger than a kit’s.", "", mend)
    if entries > _MAX_ENTRIES or size > _MAX_DIRECTORY:
        raise _too_many()


def _end(data: bytes) -> int:
    """Where the record at a zip's end begins, found as zipfile finds it; −1 for none."""
    last = len(data) - 22
    if last >= 0 and data[last : last + 4] == _EMPTY_ZIP and data[-2:] == b"\0\0":
        return last
    found = data.rfind(_EMPTY_ZIP, max(len(data) - 22 - 65_535, 0))
    return found if 0 <= found <= last else -1


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for info in archive.infolist():
        name = info.orig_filename  # as it stands there: zipfile cuts it at a NUL
        _kind(info, name)
        if info.is_dir():
            safe_path(name.removesuffix("/"))
            continue
        if name.startswith(_LEFT_BY_COMPUTERS[0]) or name.rpartition("/")[2] in _LEFT_BY_COMPUTERS:
            continue
        name = safe_path(name)
        if name in files:
            raise _refused("This file is in the zip twice.", name)
        total += info.file_size
        _limits(name, info.file_size, total, len(files) + 1)
        if info.file_size > 100_000 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise _refused("This file is packed suspiciously tight.", name, "Add it unpacked.")
        files[name] = _unpacked(archive, info, name)
    return files


def _kind(info: zipfile.ZipInfo, name: str) -> None:
    """Refuse what is no plain file or folder, and what can't be read without a password or an unbounded unpacker."""
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode) or _names_a_target(info.extra):
        raise _refused("A link can’t be part of a kit.", name, "Add the file itself.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused("This is a device or a pipe, no file.", name, "Leave it out.")
    if info.flag_bits & 0x1:
        raise _refused("This file is locked with a password.", name, "Zip the folder without a password.")
    if info.compress_type not in _READABLE:
        raise _refused("This file is packed in an unusual way.", name)


def _names_a_target(extra: bytes) -> bool:
    """Whether the extra fields name the target of a link, as Unix tools write hard and symbolic ones."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        if kind == _UNIX_EXTRAS[0] and size > 12:  # times, uid and gid; then the target
            return True
        if kind == _UNIX_EXTRAS[1] and size >= 10 and struct.unpack_from("<L", field, 6)[0]:
            return True
        at += 4 + size
    return False


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise _refused("This file is damaged in the zip.", name) from None
    if len(data) != info.file_size:
        raise _refused("This file is not as large as the zip says.", name)
    return data


def _too_many() -> KitError:
    return _refused(f"A kit holds {MAX_FILES} files at most.", "", "Leave out what nobody needs.")


def _limits(name: str, size: int, total: int, count: int) -> None:
    if count > MAX_FILES:
        raise _too_many()
    if size > MAX_FILE:
        raise _refused("This file is larger than 20 MB.", name, "Make it smaller.")
    if total > MAX_TOTAL:
        raise _refused("A kit holds 60 MB at most.", name, "Make pictures smaller.")


def _checked(files: dict[str, bytes]) -> dict[str, bytes]:
    _one_of_each(files)
    for name, data in files.items():
        hidden = data.startswith(_ZIP) and not name.lower().endswith(_OFFICE)
        if name.lower().endswith(_PACKED) or hidden:
            raise _refused("An archive can’t be part of a kit.", name, "Add the files that are in it.")
    return files


def _one_of_each(names: Iterable[str]) -> None:
    """Refuse names that are one file on some computers, and a file where another's folder is."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(_folded(name), name)
        if other != name:
            raise _refused(f"Differs from {other} only in capitals or accents.", name, "Rename one.")
    for name in seen.values():
        for folder in PurePosixPath(name).parents:
            if _folded(str(folder)) in seen:
                raise _refused(f"{folder} can’t be a file and a folder.", name, "Rename one.")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", name).casefold())


def _without_wrapper(files: dict[str, bytes]) -> dict[str, bytes]:
    if "kit.toml" in files:
        return files
    tops = {name.partition("/")[0] for name in files}
    if len(tops) == 1 and f"{next(iter(tops))}/kit.toml" in files:
        return {name.partition("/")[2]: data for name, data in files.items()}
    return files
