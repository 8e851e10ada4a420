"""Reader: what a client and an informer's store have in common for a function that only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kubeloop.errors import Unreadable
    from kubeloop.labels import LabelSelection

__all__ = ["ObjectList", "Reader"]

T_co = TypeVar("T_co", covariant=True)


class ObjectList(Protocol[T_co]):
    """Objects that were read together: the list of a model, an `UnstructuredList`, or a `CachedList`."""

    def __iter__(self) -> Iterator[T_co]:
        """Iterate over the objects."""
        ...

    def __len__(self) -> int:
        """Return the number of objects."""
        ...

    @property
    def items(self) -> Sequence[T_co]:
        """The objects."""
        ...

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """Why objects that exist could not be read, by key; `items` lacks them."""
        ...


class Reader(Protocol[T_co]):
    """Reads the objects of one namespace, or of a resource without namespaces.

    A function that takes a `Reader[Pod]` runs with a client, which asks the server, and with an informer's store:

        async def ready(pods: Reader[Pod]) -> int:
            return sum(is_ready(pod) for pod in await pods.list(label_selector="app=web"))

        await ready(clientset.core_v1.pods("default"))
        await ready(informer.lister.reader("default"))

    Where the namespace is known later, pass the function that returns readers: `clientset.core_v1.pods` and
    `informer.lister.reader` are both a `Callable[[str], Reader[Pod]]`.

    Both raise `NotFound` for an object that does not exist. A client may raise whatever a request may; a store raises
    `Unreadable` for an object of which no state could be read.

    Reference: controller-runtime `client.Reader`.
    """

    async def get(self, name: str) -> T_co:
        """Return one object by its name.

        Raises:
            NotFound: There is no object of this name.
            ValueError: The text cannot be a name.
        """
        ...

    async def list(self, *, label_selector: LabelSelection | None = None) -> ObjectList[T_co]:
        """Return the objects whose labels match, all of them without a selector.

        Args:
            label_selector: Text, for instance `"app=web,tier in (a,b)"`, the labels that an object must have, or a
                selector of `kubeloop.labels`.

        Raises:
            ValueError: The text is no label selector.
        """
        ...
