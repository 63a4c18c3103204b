"""Certificates that the `openssl` command makes for one run of a test: an authority of its own, another one that
nobody named, and servers' certificates, good and bad. Everything is in files of one folder."""
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
        """A certificate of a kind: for localhost and signed by the authority, but for what the kind says."""
        if kind == "self-signed":
            self.openssl(
                "req", "-x509", *CURVE, "-keyout", f"{kind}.key", "-out", f"{kind}.pem", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            )  # fmt: skip
            return
        host = "localhost.test" if kind == "another-host" else "localhost"
        # A client that fell back to the name of the subject would take the certificate of another host.
        self.openssl("req", *CURVE, "-keyout", f"{kind}.key", "-out", f"{kind}.csr", "-subj", "/CN=localhost")
        with open(self.path(f"{kind}.names"), "w") as names:
            names.write(f"subjectAltName=DNS:{host}\n")
        self.openssl(
            "x509", "-req", "-in", f"{kind}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-CAcreateserial", "-days", "-1" if kind == "expired" else "2", "-extfile", f"{kind}.names",
            "-out", f"{kind}.pem",
        )  # fmt: skip

    def context(self, kind="good"):
        """What a server of TLS needs to show a certificate of a kind; `tls1.1` is a good one, shown in TLS 1.1 only."""
        name = "good" if kind == "tls1.1" else kind
        self.make(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        if kind == "tls1.1":
            # At its usual level OpenSSL does not speak it at all.
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context
