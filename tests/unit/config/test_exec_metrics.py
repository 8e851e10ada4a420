"""What the runs of exec plugins report to `Config.metrics`."""

from contextlib import suppress
from datetime import timedelta

import pytest
from cryptography import x509

from kubeloop.config import Config
from kubeloop.errors import CredentialError
from tests.support.certificates import authority
from tests.support.exec_plugins import MeasuredPlugins, plugin_maker


@pytest.fixture
def make(tmp_path):
    return plugin_maker(tmp_path)


@pytest.mark.parametrize(
    ("script", "settings", "expected"),
    [
        ("give(token='t')", {}, (0, "no_error")),
        ("print('no credential')", {}, (0, "no_error")),
        ("sys.exit(3)", {}, (3, "plugin_execution_error")),
        ("os.kill(os.getpid(), 9)", {}, (-1, "plugin_execution_error")),
        ("", {"command": "/missing/plugin"}, (1, "plugin_not_found_error")),
        ("", {"command": "/"}, (1, "plugin_not_found_error")),
        ("time.sleep(600)", {"timeout": 0.01}, (1, "client_internal_error")),
    ],
)
async def test_a_run_is_counted_by_exit_code_and_result(make, script, settings, expected):
    """As client-go's plugin/pkg/client/auth/exec/metrics_test.go, TestCallsMetric."""
    recorder = MeasuredPlugins()
    _, source = make(script, config=Config(host="https://a", metrics=recorder), **settings)
    with suppress(CredentialError):
        await source.fetch()
    assert recorder.runs == [expected]


async def test_the_expiry_and_the_age_of_certificates_are_reported(make, tmp_path):
    """As client-go's metrics_test.go, TestCertificateExpirationTracker, and exec_test.go, TestTLSCredentials."""
    recorder = MeasuredPlugins()
    pairs = [authority().sign("me"), authority().sign("me")]
    dates = [x509.load_pem_x509_certificate(pair.certificate) for pair in pairs]
    for number, pair in enumerate(pairs, start=1):
        (tmp_path / f"{number}.pem").write_bytes(pair.certificate)
    now = dates[0].not_valid_before_utc + timedelta(hours=1)
    config = Config(host="https://a", metrics=recorder)
    pem = "open(here + '/%d.pem' % n).read()"
    script = f"give(token='t', **(dict(clientCertificateData={pem}, clientKeyData='k') if n < 3 else {{}}))"
    _, source = make(script, config=config, now=lambda: now)
    source.reject(await source.fetch())
    assert (recorder.expiries, recorder.ages) == ([dates[0].not_valid_after_utc], [])
    source.reject(await source.fetch())
    assert recorder.expiries == [each.not_valid_after_utc for each in dates]
    assert recorder.ages == [3600.0]
    await source.fetch()
    assert recorder.expiries[2:] == [None]
