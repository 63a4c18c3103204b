internal import CCrypto

/// The part of OpenSSL that needs initialization: everything except plain hashes and big numbers.
enum OpenSSL {
    /// Runs OpenSSL code and discards the errors that it leaves in OpenSSL's queue.
    ///
    /// OpenSSL keeps a queue of errors for each thread. Its TLS code would mistake a leftover error for a failure of
    /// the connection. The first call initializes OpenSSL without its configuration file, because the validity of a
    /// signature must not depend on files of the machine.
    static func isolatingErrors(_ work: () -> Bool) -> Bool {
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
        ERR_set_mark()
        defer { ERR_pop_to_mark() }
        return work()
    }
}

/// A public key in OpenSSL's memory.
struct OpenSSLPublicKey: ~Copyable {
    private let pointer: OpaquePointer

    init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        self.init(nofx_rsa_public_key(modulus, Int32(modulus.count), exponent, Int32(exponent.count)))
    }

    /// Creates a key from 0x04 and both coordinates.
    ///
    /// Returns nil if the point is not on the curve.
    init?(p256Point point: [UInt8]) {
        self.init(nofx_p256_public_key(point, point.count))
    }

    init?(ed25519 bytes: [UInt8]) {
        self.init(EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count))
    }

    private init?(_ pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}

extension OpenSSLPublicKey {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    borrowing func isValidPKCS1(signature: [UInt8], for message: [UInt8]) -> Bool {
        verify(signature, message, digest: "SHA256") { EVP_PKEY_CTX_set_rsa_padding($0, RSA_PKCS1_PADDING) == 1 }
    }

    /// ECDSA with SHA-256.
    ///
    /// The signature is in DER format.
    borrowing func isValidECDSA(signature: [UInt8], for message: [UInt8]) -> Bool {
        verify(signature, message, digest: "SHA256")
    }

    /// EdDSA, which includes its own hash function.
    borrowing func isValidEdDSA(signature: [UInt8], for message: [UInt8]) -> Bool {
        verify(signature, message, digest: nil)
    }

    private borrowing func verify(
        _ signature: [UInt8],
        _ message: [UInt8],
        digest: String?,
        configure: (OpaquePointer?) -> Bool = { _ in true }
    ) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        var options: OpaquePointer?
        return EVP_DigestVerifyInit_ex(context, &options, digest, nil, nil, pointer, nil) == 1
            && configure(options)
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
