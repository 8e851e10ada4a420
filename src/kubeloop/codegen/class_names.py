"""The names of the classes of a group version: those that an earlier run gave stay, and new ones are short.

A type in one place is named after its path, or after the end of the path if that is long. A class that several places
share is named after the words that the last field names of these places have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from kubeloop.codegen.given_names import PLACES, ModuleRecord
from kubeloop.codegen.python_names import camel, type_name, unique, words
from kubeloop.codegen.schema import Module

__all__ = ["ClassNames"]

_LONG = 40
"""The length in letters above which the name of a type in one place is shortened."""


class ClassNames:
    """Names the classes of a module.

    Args:
        module: The module as it was read: one type per place.
        places: The place of each type and enum, see `StructuralReader.places`.
        record: The names that an earlier run gave.
        kinds: The types that are kinds.

    Attributes:
        final: The final names, by the names that the reader gave.
        places: The places of each class that the next run must know.
    """

    def __init__(
        self, module: Module, places: Mapping[str, str], record: ModuleRecord, kinds: AbstractSet[str]
    ) -> None:
        self._fields = {name: {field.wire for field in one.fields} for name, one in module.structs.items()}
        self._attributes = record.attributes
        self.final: dict[str, str] = {}
        self.places: dict[str, Sequence[str]] = {}
        self._places = places
        self._kinds = kinds
        self._taken = {*record.classes, *record.enums}

    def give(self, groups: Iterable[Sequence[str]], recorded: Mapping[str, Sequence[str]]) -> list[Sequence[str]]:
        """Name groups of equal types: as recorded, then kinds, then what is in one place, then what is shared.

        Returns:
            One group per name: types that have become equal and have two recorded names stay two.
        """
        owners = {place: name for name, places in recorded.items() for place in places}
        claims: dict[str, list[Sequence[str]]] = {}
        pending: list[Sequence[str]] = []
        for group in groups:
            for owner, members in self._divided(group, owners).items():
                if owner:
                    claims.setdefault(owner, []).append(members)
                else:
                    pending.append(members)
        kept: dict[str, Sequence[str]] = {}
        for owner, parts in claims.items():
            # Of types that are no longer equal, the one in most of the places keeps the name, or the one as before.
            parts.sort(key=lambda part: self._strength(part, owner, recorded[owner]), reverse=True)
            kept[owner] = parts[0]
            pending += parts[1:]
        for owner, members in kept.items():
            self._set(members, owner)
        pending.sort(key=lambda group: (group[0] not in self._kinds, len(group) > 1))
        for group in pending:
            wanted = list(self._wanted(group)) if len(group) > 1 else [*self._short(group[0]), group[0]]
            free = next((name for name in wanted if name not in self._taken), wanted[-1])
            self._set(group, unique(free, self._taken))
        return [*kept.values(), *pending]

    def _divided(self, group: Sequence[str], owners: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        """Return the members by recorded name; those without one join the first name, or the empty text."""
        named = {name: owners[place] for name in group if (place := self._place(name)) in owners}
        first = next(iter(named.values()), "")
        found: dict[str, list[str]] = {}
        for name in group:
            found.setdefault(named.get(name, first), []).append(name)
        return found

    def _strength(self, members: Sequence[str], owner: str, places: Sequence[str]) -> tuple[int, bool]:
        fields = self._fields.get(members[0])
        given = self._attributes.get(owner, {}).keys()
        return sum(self._place(name) in places for name in members), fields is not None and fields == given

    def _place(self, name: str) -> str:
        return self._places.get(name, name)

    def _set(self, group: Sequence[str], final: str) -> None:
        self.places[final] = [self._place(name) for name in group[:PLACES]]
        for name in group:
            self.final[name] = final

    def _short(self, name: str) -> Iterator[str]:
        """Yield shorter names for the long name of a type in one place: endings of its path, the preferred first."""
        if name in self._kinds or len(name) <= _LONG:
            return
        steps = _steps(self._place(name))
        endings = [type_name(camel("-".join(steps[-length:]))) for length in range(1, len(steps))]
        first = max((number for number, one in enumerate(endings) if len(one) <= _LONG), default=0)
        # The name of another type in one place stays with that type.
        yield from (one for one in endings[first:] if one not in self._places)

    def _wanted(self, group: Sequence[str]) -> Iterator[str]:
        """Yield the names of a shared type, the shortest first: what the last field names have in common, then more."""
        steps = [_steps(self._place(name)) for name in group]
        ending = _common_ending([words(one[-1]) or [one[-1]] for one in steps])
        yield type_name("".join(word[:1].upper() + word[1:] for word in ending))
        shortest = steps[0]
        for length in range(1, len(shortest) + 1):
            yield type_name(camel("-".join(shortest[-length:])))


def _common_ending(lists: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the words that all lists end with."""
    length = 0
    for last in zip(*(reversed(one) for one in lists), strict=False):
        if len({word.lower() for word in last}) > 1:
            break
        length += 1
    return lists[0][len(lists[0]) - length :]


def _steps(place: str) -> list[str]:
    return place.split(".")
