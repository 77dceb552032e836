"""What is read in a certificate besides its key."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.tls.certificates import der, key_pair, needs_openssl
from tls_parts.der import CertificateContent, read_certificate


def content(expires: bytes) -> CertificateContent:
    begins = b"\x17\x0d700101000000Z"
    times = begins + expires
    return CertificateContent(b"", bytes([0x30, len(times)]) + times, b"", b"")


@pytest.mark.parametrize(
    ("field", "expires"),
    [
        (b"\x17\x0d260228120000Z", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (b"\x17\x0d491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (b"\x17\x0d500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (b"\x18\x0f99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_both_forms_of_a_date(field: bytes, expires: datetime) -> None:
    """With two digits of a year, from 1950 to 2049, and with four."""
    assert content(field).expires() == expires


@pytest.mark.parametrize("field", [b"", b"\x17\x0d26022812", b"\x17\x05hello", b"\x18\x02\xff\xff", b"\x17\x00"])
def test_a_date_that_is_none(field: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each has a reason of its own
        content(field).expires()


@needs_openssl
def test_who_signed_it(tmp_path: Path) -> None:
    """A certificate that signed itself is told from one that another key signed."""
    authority = key_pair("authority")
    request, signed = tmp_path / "request", tmp_path / "signed.crt"
    subject = ["-subj", "/CN=chat.example", "-key", str(key_pair().key), "-out", str(request)]
    subprocess.run(["openssl", "req", "-new", *subject], check=True, capture_output=True, timeout=20)
    by = ["-CA", str(authority.certificate), "-CAkey", str(authority.key), "-set_serial", "7", "-out", str(signed)]
    subprocess.run(["openssl", "x509", "-req", "-in", str(request), *by], check=True, capture_output=True, timeout=20)
    by_itself = read_certificate(der(key_pair()))
    by_other = read_certificate(der(key_pair()._replace(certificate=signed)))
    assert (by_itself.is_self_signed, by_other.is_self_signed) == (True, False)
    assert by_itself.public_key == by_other.public_key
