"""
A registry's objects in a bucket: S3, Google Cloud Storage, Azure Blob Storage, and their likes.

An object is created by one request that the store refuses if the name is taken. What makes that
safe here is what is done about answers that say too little: a lost answer may be of a request
that did its work, and S3 answers "conflict" to a request that met another one and did nothing.
After either, only what is read back counts.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from dialform.errors import RegistryError, RegistryUnreachable
from dialform.registry.clouds import Patience, opened
from dialform.registry.location import SCHEMES
from dialform.registry.refusals import Refusal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from obstore.store import ObjectStore

    from dialform.registry.location import Bucket

_T = TypeVar("_T")

_PAGE = 1000


class BucketStore:
    """A `Remote` store in a bucket, below a prefix. Opening it touches nothing."""

    def __init__(
        self,
        bucket: Bucket,
        *,
        patience: Patience | None = None,
        environ: Mapping[str, str] | None = None,
        store: ObjectStore | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``store`` is one that is open already, else it is opened when it is first needed."""
        self._bucket = bucket
        self._patience = patience or Patience()
        self._environ = os.environ if environ is None else environ
        self._store = store
        self._sleep = sleep
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        return self._bucket.url

    @property
    def origin(self) -> BucketStore:
        """Itself: it keeps nothing."""
        return self

    @property
    def store(self) -> ObjectStore:
        """
        The bucket, as obstore has it.

        Raises:
            SettingError: if it can't be opened with what is installed and set.

        """
        with self._lock:
            if self._store is None:
                self._store = opened(self._bucket, self._patience, self._environ)
            return self._store

    def present(self) -> bool:
        """Whether the store says that there is such a bucket, and that it may be listed."""
        import obstore  # noqa: PLC0415  # an extra

        try:
            self._ask("list", "", lambda: obstore.list_with_delimiter(self.store))
        except _NoBucket:
            return False
        return True

    def read(self, key: str) -> bytes | None:
        """The object's bytes; None if the store says that the bucket has no such key."""
        import obstore  # noqa: PLC0415

        def get() -> bytes:
            answer = obstore.get(self.store, key)
            data = bytes(answer.bytes())
            if len(data) != answer.meta["size"]:
                raise _Short(len(data), answer.meta["size"])
            return data

        try:
            return self._ask("read", key, get)
        except FileNotFoundError:
            return None

    def names(self, prefix: str) -> list[str]:
        """The last parts of the keys and of the common prefixes directly under ``prefix``."""
        import obstore  # noqa: PLC0415

        def pages() -> set[str]:
            found = obstore.list_with_delimiter(self.store, prefix or None)
            paths = [*found["common_prefixes"], *(one["path"] for one in found["objects"])]
            return {path.rpartition("/")[2] for path in paths}

        return sorted(self._ask("list", prefix, pages) - {""})

    def keys(self, prefix: str) -> list[str]:
        """All keys below ``prefix``, page by page."""
        import obstore  # noqa: PLC0415

        def pages() -> list[str]:
            found = obstore.list(self.store, prefix or None, chunk_size=_PAGE)
            return sorted(one["path"] for page in found for one in page)

        return self._ask("list", prefix, pages)

    def create(self, key: str, data: bytes) -> bool:
        """Put it where nothing is; after an unclear answer, look."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError, BaseError  # noqa: PLC0415

        doubt: Refusal | None = None
        """Why an attempt may have created it."""
        conflict: Refusal | None = None
        for pause in self._patience.pauses():
            if pause:
                self._sleep(pause)
            try:
                obstore.put(self.store, key, data, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                conflict = refusal(error)
                found = self.read(key)
                if found is not None:
                    # A repeated attempt that is refused may have met the one before it.
                    return doubt is not None and found == data
            except (BaseError, OSError) as error:
                why = refusal(error)
                if not why.certain:
                    doubt = why
                elif doubt is None:
                    return self._refused(key, why)
                else:
                    break
            else:
                return True
        found = self.read(key)
        if found is not None:
            return doubt is not None and found == data
        raise self._uncertain(key, doubt or conflict)

    def _refused(self, key: str, why: Refusal) -> bool:
        """What a certain "no" to a creation means: False where the name is taken."""
        # Who may create and not overwrite is told "forbidden", on some stores, by a taken name.
        if why.forbidden and self._is_there(key):
            return False
        if why.no_bucket:
            what = f"there is no such {SCHEMES[self._bucket.scheme]}: correct the URL or create it"
        elif why.forbidden:
            what = (
                "these credentials may not create objects there: use a publisher's "
                "(docs/registry.md has its grants)"
            )
        else:
            what = "the store does not take it: `dialform registry doctor` says what it can"
        raise RegistryError(
            f"can't create {self._at(key)}: {why.words}; nothing of it was kept: {what}"
        )

    def _is_there(self, key: str) -> bool:
        try:
            return self.read(key) is not None
        except RegistryUnreachable:
            return False

    def _uncertain(self, key: str, why: Refusal | None) -> RegistryUnreachable:
        words = why.words if why else "no answer"
        return RegistryUnreachable(
            f"can't create {self._at(key)}: {words}; whether it was kept is not known: make the "
            "store reachable, then run it again, which completes it"
        )

    # What `registry doctor` tries

    def overwrite(self, key: str, data: bytes) -> bool:
        """Put ``data`` whatever is there; whether that was allowed."""
        import obstore  # noqa: PLC0415

        return self._allowed(
            "overwrite", key, lambda: obstore.put(self.store, key, data, use_multipart=False)
        )

    def remove(self, key: str) -> bool:
        """Delete the object; whether that was allowed."""
        import obstore  # noqa: PLC0415

        return self._allowed("delete", key, lambda: obstore.delete(self.store, key))

    def _allowed(self, doing: str, key: str, call: Callable[[], Any]) -> bool:
        try:
            self._ask(doing, key, call)
        except _Forbidden:
            return False
        return True

    # Asking

    def _ask(self, doing: str, key: str, call: Callable[[], _T]) -> _T:
        """
        What ``call`` returns, which changes nothing and is repeated while nobody answers.

        Raises:
            FileNotFoundError: the store answered that there is no such key.
            RegistryUnreachable: in any doubt.

        """
        from obstore.exceptions import BaseError  # noqa: PLC0415

        why = Refusal(None, None, "no answer")
        for pause in self._patience.pauses():
            if pause:
                self._sleep(pause)
            try:
                return call()
            except FileNotFoundError as error:
                why = refusal(error)
                if why.no_bucket:
                    raise self._unreachable(doing, key, why) from None
                raise
            except (BaseError, OSError) as error:
                why = refusal(error)
                if why.certain:
                    break
            except _Short as error:
                why = Refusal(None, None, f"its answer broke off, {error}")
        raise self._unreachable(doing, key, why) from None

    def _unreachable(self, doing: str, key: str, why: Refusal) -> RegistryUnreachable:
        kind = RegistryUnreachable
        if why.no_bucket:
            kind = _NoBucket
            what = f"there is no such {SCHEMES[self._bucket.scheme]}: correct the URL"
        elif why.forbidden:
            kind = _Forbidden
            what = (
                f"set credentials that may {doing} there (docs/registry.md has the grants; "
                "S3 also says this of a key that is absent to who may not list the bucket)"
            )
        elif why.certain:
            what = "correct the URL or the store's settings in the environment"
        else:
            what = "make the store reachable, then run it again"
        return kind(
            f"can't {doing} {self._at(key)}: {why.words}; this says nothing about what is in the "
            f"registry: {what}"
        )

    def _at(self, key: str) -> str:
        return f"{self.url}/{key}"


class _NoBucket(RegistryUnreachable):
    """The store answered that there is no such bucket."""


class _Forbidden(RegistryUnreachable):
    """The store answered that these credentials may not."""


class _Short(Exception):
    """Fewer bytes, or more, than the answer had promised."""

    def __init__(self, found: int, promised: int) -> None:
        super().__init__(f"{found} bytes of {promised}")
