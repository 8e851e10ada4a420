"""The protocol of a serializer: one wire format of objects, lists, watch events and Statuses.

A serializer is stateless and moves no bytes. Which one reads a response, and which one a client asks for, is decided by
`registry.Serializers`. What a body means for a request (a Status that reports a failure, an object of another kind) is
decided in `kubeloop.rest`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from kubeloop.models import meta_v1
    from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

__all__ = ["EventDecoder", "Framing", "ListReader", "Serializer"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ListReader(Protocol[T_co]):
    """Reads one LIST whose body arrives in pieces. What it accepts and refuses is what `Serializer.decode` does."""

    @property
    def body(self) -> bytes:
        """What is left of the body. Of a body that is no list, all of it."""
        ...

    def feed(self, data: bytes | memoryview) -> None:
        """Take some bytes of the body, at most 64 KiB, so that this takes a few milliseconds.

        Raises:
            DecodeError: The body is not such a list, whatever follows.
        """
        ...

    def finishing(self) -> Generator[None, None, T_co]:
        """Return the list, after the last byte, in steps of a few milliseconds.

        Raises:
            DecodeError: The body is not such a list.
        """
        ...


class Framing(Protocol):
    """Where one frame ends and the next begins, in the bytes of one stream, which arrive in any pieces."""

    def feed(self, data: bytes) -> Sequence[bytes]:
        """Take the bytes that have arrived and return the frames that they complete.

        Raises:
            BodyTooLarge: A frame is over the bound. The stream cannot be read any further.
        """
        ...

    def reframe(self, frames: Sequence[bytes]) -> Sequence[bytes] | None:
        """Take back the frames that were returned last, because the first of them is no event.

        Returns:
            The frames that the same bytes are if they are cut in the format's other way; None if there is none, so that
            the content is wrong.
        """
        ...

    def finish(self) -> Sequence[bytes] | None:
        """Return the frames that the end of the stream completes; None if it ended in the middle of a frame.

        It is called until it returns no more frames.
        """
        ...


class EventDecoder(Protocol[T]):
    """Reads the frames of a watch whose objects have one class."""

    def decode(self, frame: bytes) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        """Read one frame.

        Returns:
            The event. The object of an ERROR is a `meta_v1.Status`, which has what could be read of it. A change of an
            object that cannot be read, is of another kind or has no name is an `UnreadableEvent`; a BOOKMARK never is.

        Raises:
            DecodeError: The frame is no event.
        """
        ...


class Serializer(Protocol):
    """One wire format.

    The classes that `into` may be are those that `RESTClient` takes: a model or its list class, `Unstructured`,
    `UnstructuredList`, `dict`; None for whatever the body says that it is.
    """

    @property
    def media_types(self) -> Sequence[str]:
        """The media types of the format, without parameters. The first is asked for and sent; all of them are read."""
        ...

    def supports(self, cls: type[Any] | None) -> bool:
        """Return whether values of a class can be written and read; None asks for whatever a body says that it is."""
        ...

    def encode(self, value: object) -> bytes:
        """Write a value as a body: a model, a list, a Status, a draft, an Unstructured, a mapping or a sequence.

        Raises:
            EncodeError: The value has no form in this format; names the path.
        """
        ...

    def decode(self, data: bytes, into: type[T]) -> T:
        """Read a body as a class.

        Unknown fields are skipped. A body that names another kind than the class is refused. A LIST must prove to be
        one: it names its kind, and has items or a resourceVersion; its items that cannot be read are left out and are
        in its `unreadable`. A Status of `meta.k8s.io/v1` is read as one of `v1`.

        Raises:
            Unreadable: The body is the object, which says its name, but not as its class should be.
            DecodeError: The body is anything else.
        """
        ...

    def decode_any(self, data: bytes) -> Any:
        """Read a body as what it says that it is: `Unstructured`, `UnstructuredList`, or plain data.

        Raises:
            DecodeError: The body is not in this format.
        """
        ...

    def list_reader(self, into: type[T]) -> ListReader[T]:
        """Return the reader of one LIST whose body arrives in pieces.

        Args:
            into: The class of the list.
        """
        ...

    def status(self, data: bytes) -> Mapping[str, Any] | None:
        """Read the Status that a body is, of a success or a failure, under the field names of the API.

        This is what errors are made of, and the body may come from anybody: the memory that is taken must be a few
        times that of the texts in it. A member that cannot be read is left out.

        Returns:
            `status`, `code`, `reason`, `message`, `metadata` and `details`; None if the body is no Status.
        """
        ...

    def identity(self, data: bytes) -> Mapping[str, str]:
        """Read what identifies an object, whatever else of it cannot be read.

        Returns:
            Those of `api_version`, `kind`, `namespace`, `name`, `uid` and `resource_version` that can be read. Without
            the name if there is a namespace that cannot be read.
        """
        ...

    def plain_data(self, data: bytes) -> Any:
        """Read any body as plain data with the field names of the API: what is looked for in the texts of an error.

        Raises:
            DecodeError: The body is not in this format.
        """
        ...

    def framing(self) -> Framing:
        """Return the framing of one new stream of watch events."""
        ...

    def event_decoder(self, into: type[T]) -> EventDecoder[T]:
        """Return the decoder of the events of a watch whose objects are of this class."""
        ...

    def encode_event(self, event_type: str, obj: object) -> bytes:
        """Write one watch event as a whole frame.

        Args:
            event_type: `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
            obj: The object, or the Status of an ERROR.

        Raises:
            EncodeError: The object has no form in this format.
        """
        ...
