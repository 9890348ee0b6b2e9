"""Files in a bucket of S3, or of a store that speaks its language: encrypted at rest if asked, with few and short tries."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import quote

import structlog

from app.assets.errors import MISCONFIGURED, TROUBLE, FileGone, StoreFailed, StoreMisconfigured
from app.assets.store import PUBLIC, Stored, UploadForm, attachment, check_key, check_public
from app.lazy import lazy

boto3, botocore_config, refusals = lazy("boto3"), lazy("botocore.config"), lazy("botocore.exceptions")
transfer = lazy("boto3.exceptions")

log = structlog.get_logger(__name__)

TRIES = 3
CONNECT_SECONDS = 3.0
READ_SECONDS = 15.0
FOR_GOOD = "public, max-age=31536000, immutable"
_GONE = frozenset({"NoSuchKey", "404", "NotFound"})
_FOR_GOOD_WRONG = frozenset(
    {
        "NoSuchBucket", "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidBucketName",
        "PermanentRedirect", "AuthorizationHeaderMalformed", "KMS.NotFoundException", "KMS.DisabledException", "InvalidArgument", "403",
    }
)  # fmt: skip


class S3Store:
    """A bucket. Credentials as boto3 finds them; `encryption` is AES256 or aws:kms (with `kms_key`), `public` the address of the bucket for the world."""

    direct = True

    def __init__(
        self,
        bucket: str,
        region: str | None = None,
        endpoint: str | None = None,
        encryption: str | None = None,
        kms_key: str | None = None,
        public: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.bucket = bucket
        self._public = public.rstrip("/") if public else None
        self._encryption = _encryption(encryption, kms_key)
        checksums = {} if endpoint is None else {"request_checksum_calculation": "when_required"}
        config = botocore_config.Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            signature_version="s3v4",
            **checksums,  # stores that only speak S3's language may not know the newer ones
        )
        self.client: Any = boto3.client(
            "s3", region_name=region or "us-east-1", endpoint_url=endpoint, config=config
        )

    def put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        """See Store; a stream goes up in parts, so that memory stays flat."""
        extra = {"ContentType": content_type, **self._encryption}
        if check_key(key).startswith(PUBLIC):
            extra["CacheControl"] = FOR_GOOD
        with _errors():
            stream = io.BytesIO(data) if isinstance(data, bytes) else data
            self.client.upload_fileobj(_Unclosed(stream), self.bucket, key, ExtraArgs=extra)

    def get(self, key: str) -> bytes:
        """See Store."""
        with _errors(), self.open(key) as file:
            return file.read()

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """See Store."""
        with _errors():
            where = {"Bucket": self.bucket, "Key": check_key(key)}
            try:
                part = {"Range": f"bytes={start}-"} if start else {}
                body = self.client.get_object(**where, **part)["Body"]
            except refusals.ClientError as error:
                if _code(error) != "InvalidRange":
                    raise
                return io.BytesIO()  # at or past the end, where a file on disk reads empty too
            return io.BufferedReader(body, 256 * 1024)

    def delete(self, key: str) -> None:
        """See Store."""
        with _errors():
            self.client.delete_object(Bucket=self.bucket, Key=check_key(key))

    def exists(self, key: str) -> bool:
        """See Store."""
        try:
            self.find(key)
        except FileGone:
            return False
        return True

    def find(self, key: str) -> Stored:
        """See Store."""
        with _errors():
            facts = self.client.head_object(Bucket=self.bucket, Key=check_key(key))
        return Stored(key, facts["LastModified"], int(facts["ContentLength"]))

    def files(self, prefix: str) -> Iterator[Stored]:
        """See Store."""
        check_key(prefix.removesuffix("/"))
        with _errors():
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            ):
                for item in page.get("Contents", ()):
                    yield Stored(item["Key"], item["LastModified"], int(item["Size"]))

    def link(self, key: str, seconds: int, name: str, content_type: str) -> str:
        """See Store: presigned, so that the bytes don't pass through us."""
        values = {
            "Bucket": self.bucket,
            "Key": check_key(key),
            "ResponseContentDisposition": attachment(name),
            "ResponseContentType": content_type,
            "ResponseCacheControl": "private, no-store",
        }
        with _errors():
            made: str = self.client.generate_presigned_url("get_object", Params=values, ExpiresIn=seconds)
        return made

    def public_url(self, key: str) -> str | None:
        """See Store."""
        check_public(key)
        return f"{self._public}/{quote(key)}" if self._public else None

    def upload_form(self, key: str, content_type: str, most: int, seconds: int) -> UploadForm | None:
        """See Store: a POST policy that names key, type, size and encryption, each exactly."""
        fields = {"Content-Type": content_type, "success_action_status": "201"}
        headers = {
            "ServerSideEncryption": "x-amz-server-side-encryption",
            "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
        }
        fields |= {headers[name]: value for name, value in self._encryption.items()}
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", 1, most])
        with _errors():
            made = self.client.generate_presigned_post(
                self.bucket, check_key(key), Fields=fields, Conditions=conditions, ExpiresIn=seconds
            )
        return UploadForm(made["url"], made["fields"])


class _Unclosed:
    """A stream that upload_fileobj may read but not close: it belongs to the caller."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read = stream.read


def _encryption(kind: str | None, kms_key: str | None) -> dict[str, str]:
    if not kind:
        return {}
    return {"ServerSideEncryption": kind, **({"SSEKMSKeyId": kms_key} if kms_key else {})}


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except refusals.ClientError as error:
        raise _told(_code(error)) from error
    except transfer.S3UploadFailedError as error:
        cause = error.__context__
        raise _told(
            _code(cause) if isinstance(cause, refusals.ClientError) else type(cause).__name__
        ) from error
    except (refusals.NoCredentialsError, refusals.PartialCredentialsError) as error:
        raise _refused(type(error).__name__) from error
    except (refusals.BotoCoreError, OSError) as error:
        raise StoreFailed(TROUBLE, code=type(error).__name__) from error


def _told(code: str) -> FileGone | StoreFailed:
    if code in _GONE:
        return FileGone()
    return _refused(code) if code in _FOR_GOOD_WRONG else StoreFailed(TROUBLE, code=code)


def _refused(code: str) -> StoreMisconfigured:
    log.error("store.misconfigured", code=code)  # whoever runs the installation must mend it
    return StoreMisconfigured(MISCONFIGURED, code=code)
