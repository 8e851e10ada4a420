"""What the exec plugins of vendors print, as their documentation and source describe it.

These texts were written for this test and were not recorded from a run, because these plugins need an account, except
that of aws-iam-authenticator. Tests run the AWS CLI (`tests/integration/test_vendor_plugins.py`) and kubelogin of Azure
(`tests/integration/test_oidc.py`).
"""

from datetime import UTC, datetime

import pytest

from kubeloop.config.exec_output import parse_exec_credential
from tests.support.exec_plugins import V1

BETA = f"{V1}beta1"
PEM = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\\nMHcC\\n-----END EC PRIVATE KEY-----\\n"
EXPIRES = datetime(2026, 11, 29, 7, 10, 46, tzinfo=UTC)

GKE = """{
    "kind": "ExecCredential",
    "apiVersion": "client.authentication.k8s.io/v1beta1",
    "spec": {
        "interactive": false
    },
    "status": {
        "expirationTimestamp": "2026-11-29T07:10:46Z",
        "token": "ya29.A0Example"
    }
}"""

# Recorded from v0.6.13, with another time and a shorter token. Building this plugin takes minutes, so no test runs it.
IAM_AUTHENTICATOR = (
    '{"kind":"ExecCredential","apiVersion":"VERSION","spec":{"interactive":false},'
    '"status":{"expirationTimestamp":"2026-11-29T07:10:46Z","token":"k8s-aws-v1.aHR0cHM6Ly9zdHM"}}\n'
)

# Go's encoding of the type, on one line.
TELEPORT = (
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},'
    '"status":{"expirationTimestamp":"2026-11-29T07:10:46Z",'
    f'"clientCertificateData":"{PEM}","clientKeyData":"{KEY}"}}}}\n\n'
)

DIGITAL_OCEAN = (
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{},'
    '"status":{"expirationTimestamp":"2026-11-29T07:10:46Z","token":"dop_v1_example"}}\n'
)

# Python's encoding, with the token a signed URL in base64.
ORACLE = (
    '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", '
    '"status": {"token": "aHR0cHM6Ly9jb250YWluZXJlbmdpbmU=", "expirationTimestamp": "2026-11-29T07:10:46Z"}}\n'
)

# The example of the Kubernetes documentation, where a certificate and a token are returned together.
KUBERNETES = f"""{{
  "apiVersion": "client.authentication.k8s.io/v1",
  "kind": "ExecCredential",
  "status": {{
    "token": "my-bearer-token",
    "clientCertificateData": "{PEM}",
    "clientKeyData": "{KEY}",
    "expirationTimestamp": "2026-11-29T08:10:46+01:00"
  }}
}}
"""


@pytest.mark.parametrize(
    ("output", "version", "token", "has_certificate"),
    [
        pytest.param(GKE, BETA, "ya29.A0Example", False, id="gke-gcloud-auth-plugin"),
        pytest.param(IAM_AUTHENTICATOR.replace("VERSION", V1), V1, "k8s-aws-v1.aHR0cHM6Ly9zdHM", False, id="aws-iam"),
        pytest.param(TELEPORT, BETA, None, True, id="tsh"),
        pytest.param(DIGITAL_OCEAN, BETA, "dop_v1_example", False, id="doctl"),
        pytest.param(ORACLE, BETA, "aHR0cHM6Ly9jb250YWluZXJlbmdpbmU=", False, id="oci"),
        pytest.param(KUBERNETES, V1, "my-bearer-token", True, id="kubernetes-documentation"),
    ],
)
def test_the_documented_output_of_vendors_is_read(output, version, token, has_certificate):
    credential, expires = parse_exec_credential(output.encode(), version)
    assert credential.authorization == (token and f"Bearer {token}")
    assert (credential.certificate is not None) is has_certificate
    assert expires == EXPIRES
