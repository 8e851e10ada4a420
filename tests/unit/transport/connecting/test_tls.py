"""TLS contexts: what they trust, which certificate they present, when they are renewed; no file stays on disk."""

import logging
import os
import ssl
import sys
from datetime import timedelta

import pytest
from cryptography import x509

import kubeloop
from kubeloop.config import Config
from kubeloop.config.credential import ClientCertificate
from kubeloop.errors import ConfigError, CredentialError
from kubeloop.transport.connecting.tls import TLSContexts
from tests.support.certificates import authority


def subjects(context):
    return {dict(pair[0] for pair in each["subject"])["commonName"] for each in context.get_ca_certs()}


def test_verifies_unless_it_is_disabled():
    context = TLSContexts(Config(host="https://a", ca_data=authority().certificate)).current(0)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert subjects(context) == {"test authority"}
    insecure = TLSContexts(Config(host="https://a", insecure_skip_tls_verify=True)).current(0)
    assert insecure.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("settings", [{}, {"ca_data": authority().certificate}, {"insecure_skip_tls_verify": True}])
def test_a_common_name_never_counts(settings):
    """(F12)"""
    assert TLSContexts(Config(host="https://a", **settings)).current(0).hostname_checks_common_name is False


def test_trusts_the_systems_authorities_only_without_one_of_its_own(monkeypatch):
    loaded = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda self, *_: loaded.append(self))
    TLSContexts(Config(host="https://a", ca_data=authority().certificate))
    assert not loaded
    TLSContexts(Config(host="https://a"))
    assert loaded


def test_reads_its_files_again_after_five_minutes_and_only_then(tmp_path, caplog):
    path = tmp_path / "ca.crt"
    path.write_bytes(authority().certificate)
    contexts = TLSContexts(Config(host="https://a", ca_file=str(path)))
    first = contexts.current(1000)
    path.write_bytes(authority("other").certificate)
    assert contexts.current(1299) is first
    second = contexts.current(1300)
    assert subjects(second) == {"other"}
    path.write_bytes(authority().certificate)
    assert contexts.current(1599) is second
    third = contexts.current(1600)
    assert subjects(third) == {"test authority"}
    assert contexts.current(1900) is third
    for broken in (b"", b"nonsense"):
        path.write_bytes(broken)
        contexts.distrust()
        with caplog.at_level(logging.WARNING):
            assert contexts.current(1901) is third
    path.unlink()
    contexts.distrust()
    assert contexts.current(1902) is third
    assert "stay in use" in caplog.text


class Files:
    """The files of a config in a folder, and the context of the config."""

    def __init__(self, folder, **settings):
        pair = authority().sign("client")
        self.folder = folder
        self.write(ca_file=authority().certificate, cert_file=pair.certificate, key_file=pair.key)
        self.metrics = kubeloop.Metrics()
        names = {name: str(folder / name) for name in ("ca_file", "cert_file", "key_file")}
        self.contexts = TLSContexts(Config(host="https://a", metrics=self.metrics, **names, **settings))
        self.first = self.contexts.current(0)

    def write(self, **contents):
        for name, data in contents.items():
            (self.folder / name).write_bytes(data)

    def counts(self):
        """Return the samples of the metric of reloads."""
        families = {family.name: family for family in self.metrics.collect()}
        samples = families["rest_client_transport_ca_reload_total"].samples
        return {tuple(value for _, value in sample.labels): sample.value for sample in samples}


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (authority().certificate, ("success", "unchanged")),
        (authority("other").certificate, ("success", "updated")),
        (None, ("failure", "read_error")),
        (b"", ("failure", "empty")),
        (b"nonsense", ("failure", "ca_parse_error")),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ("failure", "ca_parse_error")),
    ],
)
def test_each_check_of_the_authorities_is_counted_and_only_usable_ones_are_used(tmp_path, content, result):
    files = Files(tmp_path)
    assert files.counts() == {}
    files.write(ca_file=content) if content is not None else (tmp_path / "ca_file").unlink()
    assert files.contexts.current(299) is files.first
    assert files.counts() == {}
    context = files.contexts.current(300)
    assert files.counts() == {result: 1.0}
    assert (context is files.first) is (result != ("success", "updated"))
    assert files.contexts.current(599) is context
    assert files.counts() == {result: 1.0}, "also after a failure, the next check is five minutes later"
    files.contexts.current(600)
    assert sum(files.counts().values()) == 2


def test_authorities_that_can_be_used_again_are_used(tmp_path):
    files = Files(tmp_path)
    files.write(ca_file=b"")
    assert files.contexts.current(300) is files.first
    files.write(ca_file=authority("other").certificate)
    assert subjects(files.contexts.current(600)) == {"other"}
    assert files.counts() == {("failure", "empty"): 1.0, ("success", "updated"): 1.0}


@pytest.mark.parametrize("settings", [{}, {"ca_data": authority().certificate}])
def test_authorities_without_a_file_are_not_checked(settings):
    metrics = kubeloop.Metrics()
    contexts = TLSContexts(Config(host="https://a", metrics=metrics, **settings))
    first = contexts.current(0)
    assert contexts.current(300) is first
    assert metrics.value("rest_client_transport_ca_reload_total", result="success", reason="unchanged") == 0


def test_authorities_given_as_data_take_precedence_over_their_file(tmp_path):
    (tmp_path / "ca").write_bytes(authority("other").certificate)
    settings = {"ca_data": authority().certificate, "ca_file": str(tmp_path / "ca")}
    contexts = TLSContexts(Config(host="https://a", **settings))
    assert subjects(contexts.current(0)) == {"test authority"}
    contexts.distrust()
    assert subjects(contexts.current(1)) == {"test authority"}


def test_a_client_certificate_given_as_data_is_never_renewed(caplog):
    contexts = contexts_that_show(authority().sign("client"))
    first, certificate = contexts.current(0), contexts.client_certificate
    for now in (300, 600, 610):
        assert contexts.current(now) is first
    contexts.distrust()
    assert contexts.current(611) is first
    assert contexts.client_certificate is certificate
    assert not caplog.records


def test_data_take_precedence_over_files_that_do_not_exist():
    """As client-go's TestNew, cases of data over bad files."""
    pair = authority().sign("client")
    nowhere = dict.fromkeys(("ca_file", "cert_file", "key_file"), "/does/not/exist")
    data = {"ca_data": authority().certificate, "cert_data": pair.certificate, "key_data": pair.key}
    contexts = TLSContexts(Config(host="https://a", **nowhere, **data))
    assert contexts.client_certificate == ClientCertificate(pair.certificate, pair.key)
    assert subjects(contexts.current(0)) == {"test authority"}
    for missing in ("cert_data", "key_data", "ca_data"):
        with pytest.raises(ConfigError, match=r"cannot read .* /does/not/exist: No such file"):
            TLSContexts(Config(host="https://a", **nowhere, **{**data, missing: None}))


class Failing(kubeloop.Metrics):
    def certificate_authority_reloaded(self, result, reason, /):
        raise LookupError


def test_a_metrics_object_that_fails_costs_no_reload(tmp_path, caplog):
    path = tmp_path / "ca"
    path.write_bytes(authority().certificate)
    contexts = TLSContexts(Config(host="https://a", ca_file=str(path), metrics=Failing()))
    contexts.current(0)
    path.write_bytes(authority("other").certificate)
    assert subjects(contexts.current(300)) == {"other"}
    assert "the metrics sink failed" in caplog.text


def test_a_changed_client_certificate_is_another_object_and_an_equal_one_is_not(tmp_path):
    files = Files(tmp_path)
    before = files.contexts.client_certificate
    assert files.contexts.current(300) is files.first
    assert files.contexts.client_certificate is before
    pair = authority().sign("other")
    files.write(cert_file=pair.certificate, key_file=pair.key)
    assert files.contexts.current(599) is files.first
    assert files.contexts.current(600) is not files.first
    assert files.contexts.client_certificate == ClientCertificate(pair.certificate, pair.key)


def test_new_authorities_change_no_client_certificate(tmp_path):
    files = Files(tmp_path)
    before = files.contexts.client_certificate
    files.write(ca_file=authority("other").certificate)
    assert files.contexts.current(300) is not files.first
    assert files.contexts.client_certificate is before


def test_a_key_that_is_written_after_its_certificate_is_found_ten_seconds_later(tmp_path, caplog):
    files = Files(tmp_path)
    pair = authority().sign("other")
    files.write(cert_file=pair.certificate)
    assert files.contexts.current(300) is files.first
    files.write(key_file=pair.key)
    assert files.contexts.current(309) is files.first
    assert files.contexts.current(310) is not files.first
    assert files.contexts.client_certificate == ClientCertificate(pair.certificate, pair.key)
    assert len(caplog.records) == 1
    assert files.counts() == {("success", "unchanged"): 1.0}, "the authorities are not read more often"


def test_broken_files_of_one_kind_do_not_hold_up_the_other(tmp_path):
    files = Files(tmp_path)
    pair = authority().sign("other")
    files.write(ca_file=b"", cert_file=pair.certificate, key_file=pair.key)
    context = files.contexts.current(300)
    assert files.contexts.client_certificate == ClientCertificate(pair.certificate, pair.key)
    assert subjects(context) == {"test authority"}
    files.write(ca_file=authority("other").certificate, key_file=b"")
    context = files.contexts.current(600)
    assert files.contexts.client_certificate == ClientCertificate(pair.certificate, pair.key)
    assert subjects(context) == {"other"}


def test_each_cause_is_logged_once_until_the_files_can_be_used(tmp_path, caplog):
    files = Files(tmp_path)
    key = (tmp_path / "key_file").read_bytes()
    files.write(ca_file=b"", key_file=b"")
    for now in range(300, 3000, 10):
        files.contexts.current(now)
    assert [text.partition(":")[0] for text in caplog.messages] == [
        f"certificate-authority {tmp_path / 'ca_file'} is empty; the files loaded before stay in use",
        "the client certificate and its key cannot be used together",
    ]
    caplog.clear()
    (tmp_path / "key_file").unlink()
    files.contexts.current(3000)
    assert [record.levelname for record in caplog.records] == ["WARNING"], "another cause"
    files.write(key_file=key)
    files.contexts.current(3010)
    caplog.clear()
    (tmp_path / "key_file").unlink()
    files.contexts.current(3310)
    assert len(caplog.records) == 1


def test_the_certificate_of_a_plugin_is_used_with_new_authorities(tmp_path):
    path = tmp_path / "ca"
    path.write_bytes(authority().certificate)
    contexts = TLSContexts(Config(host="https://a", ca_file=str(path)))
    contexts.current(0)
    pair = authority().sign("client")
    given = ClientCertificate(pair.certificate, pair.key)
    contexts.use_client_certificate(given)
    assert contexts.client_certificate is given
    path.write_bytes(authority("other").certificate)
    assert subjects(contexts.current(300)) == {"other"}
    assert contexts.client_certificate is given
    contexts.use_client_certificate(None)
    assert contexts.client_certificate is None


def test_looks_at_its_files_at_once_after_a_failed_handshake(tmp_path):
    path = tmp_path / "ca.crt"
    path.write_bytes(authority().certificate)
    contexts = TLSContexts(Config(host="https://a", ca_file=str(path)))
    first = contexts.current(1000)
    path.write_bytes(authority("other").certificate)
    contexts.distrust()
    assert contexts.current(1001) is not first


def test_loads_a_key_that_is_data_without_leaving_a_file(tmp_path, monkeypatch):
    pair = authority().sign("client")
    config = Config(host="https://a", cert_data=pair.certificate, key_data=pair.key, ca_data=authority().certificate)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    TLSContexts(config)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delattr("os.memfd_create", raising=False)
    TLSContexts(config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory files are Linux's")
def test_a_key_that_is_data_never_touches_the_disk(monkeypatch):
    pair = authority().sign("client")
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: pytest.fail("wrote a file"))
    TLSContexts(
        Config(host="https://a", cert_data=pair.certificate, key_data=pair.key, ca_data=authority().certificate)
    )


@pytest.mark.parametrize(
    ("certificate", "key", "complaint"),
    [
        (authority().sign("a").certificate, authority().sign("b").key, "cannot be used together: .*mismatch"),
        (b"SECRET", authority().sign("b").key, "cannot be used together"),
        (authority().sign("a").certificate, b"SECRET", "cannot be used together"),
        (authority().sign("a").certificate, authority().sign("a").encrypted_key(b"pw"), "is encrypted"),
    ],
)
def test_says_what_is_wrong_with_a_client_certificate_and_does_not_show_it(certificate, key, complaint):
    config = Config(host="https://a", cert_data=certificate, key_data=key, ca_data=authority().certificate)
    with pytest.raises(CredentialError, match=complaint) as caught:
        TLSContexts(config)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("empty", ["cert_file", "key_file"])
def test_an_empty_client_certificate_is_not_taken_for_none(tmp_path, caplog, empty):
    """An empty file, as when it is being written, must not make the client anonymous."""
    pair = authority().sign("client")
    files = {"ca_file": authority().certificate, "cert_file": pair.certificate, "key_file": pair.key}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    config = Config(host="https://a", **{name: str(tmp_path / name) for name in files})
    contexts = TLSContexts(config)
    first = contexts.current(0)
    (tmp_path / empty).write_bytes(b"")
    with pytest.raises(CredentialError, match="cannot be used together"):
        TLSContexts(config)
    contexts.distrust()
    assert contexts.current(1) is first
    assert "stay in use" in caplog.text


def test_names_an_authority_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="certificate-authority-data contains no PEM certificate"):
        TLSContexts(Config(host="https://a", ca_data=b"nonsense"))
    path = tmp_path / "ca.crt"
    with pytest.raises(ConfigError, match=f"cannot read certificate-authority {path}"):
        TLSContexts(Config(host="https://a", ca_file=str(path)))
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(ConfigError, match=rf"{path} contains no certificate that can be parsed: certificate 1 of 1 \("):
        TLSContexts(Config(host="https://a", ca_file=str(path)))


BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
UNENDED = b"-----BEGIN CERTIFICATE-----\nAAAA\n"


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (BROKEN, b"", "certificate 1 of 3 ("),
        (b"", BROKEN, "certificate 3 of 3 ("),
        (UNENDED, b"", "certificate 1 of 3 (not PEM)"),
        (b"", UNENDED, "certificate 3 of 3 (not PEM)"),
        (UNENDED, BROKEN, "certificate 1 of 4 (not PEM), certificate 4 of 4 ("),
    ],
)
def test_skips_an_authority_that_cannot_be_read_and_says_which(tmp_path, caplog, before, after, named):
    """(B6)"""
    path = tmp_path / "ca.crt"
    path.write_bytes(before + authority().certificate + authority("other").certificate + after)
    with caplog.at_level(logging.WARNING):
        context = TLSContexts(Config(host="https://a", ca_file=str(path))).current(0)
    assert subjects(context) == {"test authority", "other"}
    (record,) = caplog.records
    assert f"{path}: cannot read, and so does not trust {named}" in record.getMessage()


def test_trusts_an_authority_that_is_indented_or_stands_twice(caplog):
    """(B6)"""
    pem = authority().certificate
    indented = b"".join(b"    " + line + b"\n" for line in pem.splitlines())
    with caplog.at_level(logging.WARNING):
        context = TLSContexts(Config(host="https://a", ca_data=indented + pem)).current(0)
    assert subjects(context) == {"test authority"}
    assert not caplog.records


def test_a_message_without_a_source_begins_with_what_is_wrong(caplog):
    """(E6)"""
    pair, expired = authority().sign("a"), authority().sign("b", expired=True)
    for key, complaint in ((b"x", "^the client certificate and"), (pair.encrypted_key(b"pw"), "^the client key is")):
        with pytest.raises(CredentialError, match=complaint):
            TLSContexts(Config(host="https://a", cert_data=pair.certificate, key_data=key))
    TLSContexts(Config(host="https://a", cert_data=expired.certificate, key_data=expired.key)).distrust()
    assert caplog.messages[0].startswith("the client certificate expired on")
    TLSContexts(Config(host="https://a", ca_data=BROKEN + pair.certificate))
    assert caplog.messages[1].startswith("certificate-authority-data: cannot read")


@pytest.mark.parametrize("setting", ["ca_file", "cert_file", "key_file"])
def test_reads_regular_files_only(tmp_path, setting):
    """(F21)"""
    pair = authority().sign("client")
    files = {"ca_file": authority().certificate, "cert_file": pair.certificate, "key_file": pair.key}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    settings = {name: str(tmp_path / name) for name in files}
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe")):
        with pytest.raises(ConfigError, match=f"cannot read .* {path}: not a regular file"):
            TLSContexts(Config(host="https://a", **{**settings, setting: path}))


def contexts_that_show(pair, **options):
    config = Config(host="https://a", cert_data=pair.certificate, key_data=pair.key, ca_data=authority().certificate)
    return TLSContexts(config, **options)


def test_warns_once_of_an_expired_client_certificate_that_the_server_refused(caplog):
    contexts = contexts_that_show(authority().sign("client", expired=True))
    contexts.current(0)
    assert not caplog.records, "only a refusal is a reason to read the files"
    contexts.distrust()
    contexts.distrust()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "the client certificate expired on" in record.getMessage()


def test_warns_of_each_expired_certificate_that_a_plugin_supplies(caplog):
    contexts = TLSContexts(Config(host="https://a", ca_data=authority().certificate))
    contexts.distrust()
    for _ in range(2):
        pair = authority().sign("client", expired=True)
        contexts.use_client_certificate(ClientCertificate(pair.certificate, pair.key))
        contexts.distrust()
    assert len(caplog.records) == 2


def test_a_client_certificate_is_valid_until_the_end_of_its_last_second(caplog):
    pair = authority().sign("client")
    end = x509.load_pem_x509_certificate(pair.certificate).not_valid_after_utc
    contexts_that_show(pair, now=lambda: end).distrust()
    assert not caplog.records
    contexts_that_show(pair, now=lambda: end + timedelta(seconds=1)).distrust()
    assert f"expired on {end.isoformat()}" in caplog.text


def test_does_without_the_date_where_cryptography_is_not_installed(caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    contexts_that_show(authority().sign("client", expired=True)).distrust()
    assert not caplog.records


def test_does_without_the_date_where_cryptography_cannot_tell_it(caplog, monkeypatch):
    """Versions before 42 have no `not_valid_after_utc`, and of a certificate of an unknown version none is read."""
    contexts = contexts_that_show(authority().sign("client", expired=True))

    def refuse(_pem):
        raise AttributeError("not_valid_after_utc")

    monkeypatch.setattr(x509, "load_pem_x509_certificate", refuse)
    contexts.distrust()
    assert not caplog.records


def test_a_key_file_that_somebody_else_has_removed_is_no_failure(monkeypatch):
    pair = authority().sign("client")
    load = ssl.SSLContext.load_cert_chain

    def load_and_remove(context, path, **options):
        load(context, path, **options)
        os.unlink(path)

    monkeypatch.delattr("os.memfd_create", raising=False)
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load_and_remove)
    TLSContexts(Config(host="https://a", cert_data=pair.certificate, key_data=pair.key))


def test_shows_the_certificate_that_a_plugin_gives_from_then_on():
    contexts = TLSContexts(Config(host="https://a", ca_data=authority().certificate))
    first = contexts.current(0)
    pair = authority().sign("client")
    contexts.use_client_certificate(ClientCertificate(pair.certificate, pair.key))
    second = contexts.current(0)
    assert second is not first
    contexts.use_client_certificate(ClientCertificate(pair.certificate, pair.key))
    assert contexts.current(0) is second
    with pytest.raises(CredentialError):
        contexts.use_client_certificate(ClientCertificate(b"x", b"y"))
    assert contexts.current(0) is second
    contexts.use_client_certificate(None)
    assert contexts.current(0) is not second
