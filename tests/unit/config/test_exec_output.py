"""Reading the output of exec plugins: client-go's refresh matrix, and stderr without secrets."""

import json
import time
from datetime import UTC, datetime

import pytest

from kubeloop.config.exec_output import parse_exec_credential, without_secrets

V1 = "client.authentication.k8s.io/v1"


def printed(status=None, **changes):
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": status, **changes}).encode()


def test_reads_a_token_and_its_expiry():
    output = printed({"token": "abc", "expirationTimestamp": "2026-11-21T12:00:00Z"})
    credential, expires = parse_exec_credential(output, V1)
    assert credential.authorization == "Bearer abc"
    assert expires == datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("rest", ["", "---\n", "---\nkind: [SECRET\n"])
def test_reads_yaml_as_well(rest):
    """(E4) Go's decoder reads both."""
    output = f"""# from a shell script
kind: ExecCredential
apiVersion: {V1}
status:
  token: abc
  expirationTimestamp: 2026-11-21T12:00:00Z
{rest}"""
    credential, expires = parse_exec_credential(output.encode(), V1)
    assert credential.authorization == "Bearer abc"
    assert expires == datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_token_that_yaml_takes_for_a_number_is_none():
    """(E4) As in Go."""
    with pytest.raises(ValueError, match="the token is not a string"):
        parse_exec_credential(f"kind: ExecCredential\napiVersion: {V1}\nstatus: {{token: 0123}}".encode(), V1)


@pytest.mark.parametrize(
    "text", ["2026-11-21T12:00:00.123456789Z", "2026-11-21T13:00:00+01:00", "2026-11-21 12:00:00z"]
)
def test_an_expiry_is_read_as_all_times_are(text):
    """(E13)"""
    _, expires = parse_exec_credential(printed({"token": "abc", "expirationTimestamp": text}), V1)
    assert expires.replace(microsecond=0) == datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-21", "2026-11-21T12:00:00", "20261121T120000Z", "2026-W47-6T12:00:00Z", "2026-11-21T12:00Z"]
)
def test_other_times_of_iso_8601_are_none(text):
    """(E13) As in Go."""
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_exec_credential(printed({"token": "abc", "expirationTimestamp": text}), V1)


def test_a_credential_without_an_expiry_is_good_for_ever():
    assert parse_exec_credential(printed({"token": "abc"}), V1)[1] is None


def test_the_zero_time_of_go_is_no_expiry():
    assert (
        parse_exec_credential(printed({"token": "abc", "expirationTimestamp": "0001-01-01T00:00:00Z"}), V1)[1] is None
    )


def test_a_missing_kind_is_that_of_the_configured_type():
    """As in Go; a missing apiVersion is an error."""
    assert parse_exec_credential(printed({"token": "abc"}, kind=""), V1)[0].authorization == "Bearer abc"
    with pytest.raises(ValueError, match="another apiVersion"):
        parse_exec_credential(printed({"token": "abc"}, apiVersion=""), V1)


def test_bytes_that_are_not_utf_8_do_not_matter_outside_the_credential():
    output = printed({"token": "abc"}, more="X").replace(b'"X"', b'"\xfc"')
    assert parse_exec_credential(output, V1)[0].authorization == "Bearer abc"
    with pytest.raises(ValueError, match="a header cannot contain"):
        parse_exec_credential(printed({"token": "X"}).replace(b'"X"', b'"\xfc"'), V1)


def test_reads_a_client_certificate():
    credential, _ = parse_exec_credential(printed({"clientCertificateData": "C", "clientKeyData": "K"}), V1)
    assert credential.authorization is None
    assert credential.certificate.certificate == b"C"
    assert credential.certificate.key == b"K"


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (b"", "expected an ExecCredential, got nothing"),
        (b"SECRET garbage", "expected an ExecCredential, got 14 bytes that are not a JSON or YAML object"),
        (b"\xff\xfe\x00", "not a JSON or YAML object"),
        (b"[1]", "not a JSON or YAML object"),
        (b"[" * 100_000, "100000 bytes that are not a JSON"),
        (b"{a: " * 100_000, "400000 bytes that are not a JSON"),
        (printed({"token": "SECRET"}) + b"x", "not a JSON or YAML object"),
        (printed({"token": "SECRET"}) * 2, "not a JSON or YAML object"),
        (printed({"token": "SECRET"}).replace(b'"SECRET"', b"'SECRET'"), "not a JSON or YAML object"),
        (printed({"token": "SECRET"}, kind=["Pod"]), "another kind"),
        (printed({"token": "SECRET"}, kind=None), "another kind"),
        (printed({"token": "SECRET", "expirationTimestamp": ""}), "RFC 3339"),
        (printed({"token": "SECRET", "expirationTimestamp": 5}), "RFC 3339"),
        (b"token: [SECRET", "not a JSON or YAML object"),
        (b"--- \n---\nkind: ExecCredential", "not a JSON or YAML object"),
        (b"token: " + b"9" * 5000, "got another apiVersion"),
        (printed({"token": "SECRET"}, kind="Pod"), "another kind"),
        (printed({"token": "SECRET"}, apiVersion="client.authentication.k8s.io/v1beta1"), "another apiVersion"),
        (printed(None), "no status"),
        (printed({}), "neither a token nor a client certificate"),
        (printed({"clientCertificateData": "SECRET"}), "only one of"),
        (printed({"clientKeyData": "SECRET"}), "only one of"),
        (printed({"token": 12}), "token is not a string"),
        (printed({"token": "SECRET\nX-Evil: 1"}), "a header cannot contain"),
        (printed({"token": "SECRET", "expirationTimestamp": "soon"}), "RFC 3339"),
    ],
)
def test_says_what_is_wrong_and_quotes_nothing(output, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        parse_exec_credential(output, V1)
    assert "SECRET" not in str(caught.value)


def test_stderr_is_shown_without_what_may_be_a_secret():
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJl"
    text = f"""error: token=hunter2 expired; password: "s3same"; Authorization: Bearer {jwt}
    using --client-secret {"x" * 3}Y7f9Qk2LmN8pR4tV6wZ1 for correct-horse-battery and tr0ub4dor at login
    see https://example.com/docs/getting-started/authentication"""
    shown = without_secrets(text, ["get-token", "--password", "tr0ub4dor", "login"], ["correct-horse-battery"])
    for secret in ("hunter2", "s3same", jwt, "Y7f9Qk2LmN8pR4tV6wZ1", "correct-horse-battery", "tr0ub4dor"):
        assert secret not in shown
    assert "https://example.com/docs/getting-started/authentication" in shown
    assert "expired" in shown
    assert "at login" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("accessToken=abc", "accessToken=***"),
        ("my_token : abc", "my_token : ***"),
        ("password\tabc, next", "password\t***, next"),
        ("error: token=abc", "error: token=***"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("authorization=basic abc", "authorization=basic ***"),
        ("'client-secret': 'abc'", "'client-secret': ***"),
        ("no such token\nlog in again", "no such token\nlog in again"),
        ("login failed: code=7", "login failed: code=***"),
        ("""password: "two words", next""", "password: ***, next"),
        ("secret='it is', next", "secret=***, next"),
        ('token="open', "token=***"),
        ("PASSPHRASE=abc", "PASSPHRASE=***"),
        ("pass: abc, pw=def", "pass: ***, pw=***"),
        ("2 tests pass now, the session expired", "2 tests pass now, the session expired"),
        ("Set-Cookie: session=abc; next", "Set-Cookie: ***; next"),
        ("proxy http://me:abc@def@proxy:3128/x@y failed", "proxy http://***@proxy:3128/x@y failed"),
        ("-----BEGIN PRIVATE KEY-----\nabc\nde==\n-----END PRIVATE KEY-----\nnext", "***\nnext"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc\nde==", "***"),
    ],
)
def test_what_follows_the_name_of_a_secret_is_masked(text, shown):
    """(F11)"""
    assert without_secrets(text, [], []) == shown


@pytest.mark.parametrize(
    ("text", "args", "env_values", "shown"),
    [
        ("login as abcdef", [], ["abcdef"], "login as ***"),
        ("login as abcde", [], ["abcde"], "login as abcde"),
        ("login as abcdefghij", [], ["abcdef", "abcdefghij"], "login as ***"),
        ("in production", ["--profile", "production"], [], "in production"),
        ("in production", ["--secret", "production"], [], "in ***"),
        ("see folders/abcdefghijklm12", [], [], "see folders/abcdefghijklm12"),
        ("see folders/abcdefghijklm123", [], [], "see ***"),
        ("see folders-too/abcdefghijklm12", [], [], "see folders-too/abcdefghijklm12"),
        ("got abC1_dEfgh2ijkl-mnopq3rstu", [], [], "got ***"),
    ],
)
def test_what_is_masked_depends_on_its_length_and_origin(text, args, env_values, shown):
    assert without_secrets(text, args, env_values) == shown


def test_masking_takes_time_in_proportion_to_the_text():
    """(F11) Compares CPU time at n and 8n, best of three."""

    def seconds(text):
        def once():
            begin = time.process_time()
            without_secrets(text, ["--password", "tr0ub4dor"], ["hunter"])
            return time.process_time() - begin

        return min(once() for _ in range(3))

    for piece in (
        "token",
        "token ",
        "token = ",
        "a",
        "a.",
        "key=",
        "bearer ",
        "eyJ",
        " ",
        "=",
        '"',
        "\u00fc",
        "x-",
        "token='",
        "://",
        "://a@",
        "-----BEGIN PRIVATE KEY-----",
    ):
        small, large = piece * 5_000, piece * 40_000
        for start in ("", "token", "token:"):
            assert seconds(start + large + "!") < 16 * max(seconds(start + small + "!"), 0.001)


@pytest.mark.parametrize(("length", "shown"), [(799, 799), (800, 800), (801, 801), (802, 801)])
def test_up_to_800_characters_of_stderr_are_shown(length, shown):
    """Of a longer text, the end with a mark."""
    text = ("a b " * 300)[: length - 1] + "!"
    found = without_secrets(text, [], [])
    assert len(found) == shown
    assert found.startswith("…") is (length > 800)


def test_only_the_end_of_a_long_stderr_is_shown():
    shown = without_secrets("a b " * 1000 + "the end", [], [])
    assert shown.startswith("…")
    assert shown.endswith("the end")
    assert len(shown) < 900
