"""Certificates made by the `openssl` command for one test run: an authority, an unrelated authority, and valid and
invalid server certificates. All files are in one folder."""
import os
import ssl
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        for name in ("authority", "stranger"):
            self.openssl(
                "req", "-x509", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
                "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
            )  # fmt: skip

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, stderr=subprocess.DEVNULL)

    def make(self, kind):
        """A certificate for localhost, signed by the authority, with the defect that the kind names."""
        if kind == "self-signed":
            self.openssl(
                "req", "-x509", *CURVE, "-keyout", f"{kind}.key", "-out", f"{kind}.pem", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            )  # fmt: skip
            return
        host = "localhost.test" if kind == "another-host" else "localhost"
        # The subject stays localhost: a client that falls back to the subject's name would wrongly accept the
        # certificate.
        self.openssl("req", *CURVE, "-keyout", f"{kind}.key", "-out", f"{kind}.csr", "-subj", "/CN=localhost")
        with open(self.path(f"{kind}.names"), "w") as names:
            names.write(f"subjectAltName=DNS:{host}\n")
        self.openssl(
            "x509", "-req", "-in", f"{kind}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-CAcreateserial", "-days", "-1" if kind == "expired" else "2", "-extfile", f"{kind}.names",
            "-out", f"{kind}.pem",
        )  # fmt: skip

    def context(self, kind="good"):
        """The files that a TLS server needs for a kind of certificate; `tls1.1` is a valid one over TLS 1.1 only."""
        name = "good" if kind == "tls1.1" else kind
        self.make(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        if kind == "tls1.1":
            # At its default security level, OpenSSL does not offer TLS 1.1.
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context
