"""A kit's files, from a folder or a zip, with everything refused that a file name or an archive can hide.

Caps hold on count, single size, whole size and compression ratio before anything is unpacked, and again while it is.
"""

import io
import re
import stat
import zipfile
from pathlib import Path, PurePosixPath

from app.errors import Invalid

MAX_FILES = 500
MAX_FILE = 20 * 1024 * 1024
MAX_TOTAL = 60 * 1024 * 1024
MAX_RATIO = 200
_NAME = re.compile(r"[\w][\w .@()+,-]*", re.UNICODE)
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class KitError(Invalid):
    """A kit that can't be read. `file` and `line` say where (line 0: the whole file), `mend` what to do."""

    def __init__(
        self, message: str, file: str = "", line: int = 0, mend: str = "", rule: str = "kit"
    ) -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{where}{message} {mend}".strip())
        self.plain, self.file, self.line, self.mend, self.rule = message, file, line, mend, rule


def safe_path(name: str) -> str:
    """The path inside the kit, or KitError for one that leads out of it or can't be written everywhere."""
    path = PurePosixPath(name)
    parts = name.split("/")
    outside = path.is_absolute() or ".." in parts or "\\" in name or "\0" in name or ":" in name
    odd = any(
        not _NAME.fullmatch(part) or _WINDOWS.fullmatch(part) or part.endswith((".", " ")) for part in parts
    )
    if outside or odd or len(name) > 200:
        raise KitError(
            "This file name can’t be used.",
            name[:80],
            mend="Use plain names inside the kit’s folder.",
            rule="archive",
        )
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
            raise KitError(
                "A link can’t be part of a kit.", relative.as_posix(), mend="Copy the file.", rule="archive"
            )
        if not path.is_file():
            continue
        name = safe_path(relative.as_posix())
        total += path.stat().st_size
        _limits(name, path.stat().st_size, total, len(files) + 1)
        files[name] = path.read_bytes()
    return _one_of_each(files)


def read_zip(data: bytes) -> dict[str, bytes]:
    """Every file of a zipped kit; a single folder around all of it is taken off."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _without_wrapper(_one_of_each(_members(archive)))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise KitError(
            "This is no zip that can be read.", mend="Zip the kit’s folder again.", rule="archive"
        ) from error


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for info in archive.infolist():
        if stat.S_ISLNK(info.external_attr >> 16):
            raise KitError(
                "A link can’t be part of a kit.",
                info.filename[:80],
                mend="Add the file itself.",
                rule="archive",
            )
        if info.is_dir() or info.filename.startswith("__MACOSX/") or info.filename.endswith(".DS_Store"):
            safe_path(info.filename.rstrip("/")) if info.is_dir() else None
            continue
        name = safe_path(info.filename)
        if name in files:
            raise KitError(
                "This file is in the zip twice.", name, mend="Zip the folder again.", rule="archive"
            )
        total += info.file_size
        _limits(name, info.file_size, total, len(files) + 1)
        if info.file_size > 100_000 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise KitError(
                "This file is packed suspiciously tight.", name, mend="Add it unpacked.", rule="archive"
            )
        files[name] = _unpacked(archive, info, name)
    return files


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    with archive.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise KitError(
            "This file is larger than the zip says.", name, mend="Zip the folder again.", rule="archive"
        )
    return data


def _limits(name: str, size: int, total: int, count: int) -> None:
    if count > MAX_FILES:
        raise KitError(
            f"A kit holds {MAX_FILES} files at most.", mend="Leave out what nobody needs.", rule="archive"
        )
    if size > MAX_FILE:
        raise KitError("This file is larger than 20 MB.", name, mend="Make it smaller.", rule="archive")
    if total > MAX_TOTAL:
        raise KitError("A kit holds 60 MB at most.", name, mend="Make pictures smaller.", rule="archive")


def _one_of_each(files: dict[str, bytes]) -> dict[str, bytes]:
    seen: dict[str, str] = {}
    for name in files:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise KitError(
                f"Differs from {other} only in capitals.", name, mend="Rename one.", rule="archive"
            )
    return files


def _without_wrapper(files: dict[str, bytes]) -> dict[str, bytes]:
    if "kit.toml" in files:
        return files
    tops = {name.partition("/")[0] for name in files}
    if len(tops) == 1 and f"{next(iter(tops))}/kit.toml" in files:
        return {name.partition("/")[2]: data for name, data in files.items()}
    return files
