"""The headers that a config adds to a request: credentials, impersonation, and the user of an authenticating proxy."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_KEYS = [
    "first", "second", "alph4num3r1c", "percent%20encoded", "almost%zzpercent%xxencoded", "example.com/a",
    "example.com/percent%20encoded", "example.com/ᛒᚥᛏᛖᚥᚢとロビン", "abc123!#$+.-_*\\^`~|'", "@=:", "a b", "%", "%25",
    "😀", "a\tb", "{}", '"', "(,)", "<a>", "[a]", "?", "a/b/c", "é", "&",
]  # fmt: skip
_LOGINS: list[Case] = [
    {}, {"token": "t"}, {"token": "a.b-c"}, {"username": "me", "password": "pw"}, {"username": "me"},
    {"password": "pw"}, {"username": "ä:ö", "password": "p:w☃"}, {"token": "t", "username": "me"},
    {"token": "t", "password": "pw"},
]  # fmt: skip
_HEADERS: list[list[list[str]]] = [
    [], [["Accept", "a"]], [["Accept", "a"], ["Accept", "b"]], [["Authorization", "Bearer own"]],
    [["authorization", "own"]], [["Impersonate-User", "own"]], [["impersonate-user", "own"]],
    [["Impersonate-Group", "own"]], [["X-Remote-User", "own"]], [["x-remote-group", "a"], ["X-Remote-Group", "b"]],
    [["X-Remote-Extra-Scopes", "own"], ["x-remote-extra-a", "own"], ["X-Remote-Uid", "0"], ["X-Remote-Other", "own"]],
]  # fmt: skip


def headers(random: Random) -> Iterator[Case]:
    """Yield a login, a user to act as, a user of a proxy, and headers of the request."""
    for login in _LOGINS:
        for own in _HEADERS:
            yield {**login, "headers": own}
    users: list[Case] = [{"name": "jane", "extra": {key: ["a", "b"]}} for key in _KEYS]
    users += [
        {"name": "jane"},
        {"name": "jane", "uid": "u1"},
        {"name": "jane", "groups": ["one", "two"]},
        {"name": "jane", "groups": []},
        {"name": "jane", "groups": [""]},
        {"name": "ä", "uid": "%41", "groups": ["ö", "a b"], "extra": {"a": [], "b": [""], "c": ["x%20y"]}},
        {"name": "", "uid": "u1"},
    ]
    for user in users:
        yield {"impersonate": user, "headers": []}
        yield {"auth_proxy": user, "headers": []}
    for own in _HEADERS:
        yield {"token": "t", "impersonate": users[0], "auth_proxy": users[1], "headers": own}
    for _ in range(150):
        yield _case(random)


def _case(random: Random) -> Case:
    case: Case = {**random.choice(_LOGINS), "headers": random.choice(_HEADERS)}
    for who in ("impersonate", "auth_proxy"):
        if random.random() < 0.6:
            case[who] = _user(random)
    return case


def _user(random: Random) -> Case:
    keys = random.sample(_KEYS, random.randrange(4))
    return {
        "name": random.choice(["jane", "system:admin", "ä"]),
        "uid": random.choice(["", "u1"]),
        "groups": random.choices(["dev", "ops", "system:masters"], k=random.randrange(3)),
        "extra": {key: random.choices(["x", "y z", "%"], k=random.randrange(1, 3)) for key in keys},
    }
