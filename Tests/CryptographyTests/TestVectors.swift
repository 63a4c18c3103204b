/// Keys and tokens that were generated once with the `openssl` command.
///
/// The private keys were discarded.
///
/// The tokens' claims are those of ``TestTokens/claims``.
enum TestVectors {
    /// The modulus of an RSA key of 2048 bits; the exponent is 65537.
    static let rsaModulus = """
        kb0--CD9iZKkRIU3iIpahg6luhp6UvKsCsjG5M48aMxFQ9HIbeaG4rZ2f64jZCNSdO0QLHYceoviWafFvhsaoeHlVm0PnGOr_yz6\
        KuXYLn0EArYExYziH8xCjpS7O9QUDNFGVr9OuSmy5ZEQB-Gq3NoE_W6JCexKqNFQ73j0uCyUAjJQmUfVcCT-P8qdUovsr7a18hcH\
        MWnkFe844LxL-fkxQK5ANSebRCm3q-e5xJXbzr-lPfq88gsMH4BDoB-u0YRXNL4Kum5gy-rO3F0megWDFlk1KFhu4T5-kH37f5-B\
        ELBOnPfPUsFkqys7W8aSFoueT29P63BLht1eK6eKYw
        """

    /// The modulus of an RSA key of 1024 bits.
    static let smallRSAModulus = """
        x1ZN-cvsHF6vQ-G4tBzn_rBdDXTqmDgCfUY6DzUGNJyo73ydvrPn8BlQ1zUjnyvR9EJFPnTZCuTzjjsij-zPVpOH7376DVW8mZfy\
        6yp9u_eEaei3bfCZPPfL4m2ci9c4KfAwLK6URmd0R3HfO0lDgtVeJBqkDf7hXBYGYUUViXU
        """

    /// The RSA key as a key set contains it.
    static let rsaPEM = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkb0++CD9iZKkRIU3iIpa
        hg6luhp6UvKsCsjG5M48aMxFQ9HIbeaG4rZ2f64jZCNSdO0QLHYceoviWafFvhsa
        oeHlVm0PnGOr/yz6KuXYLn0EArYExYziH8xCjpS7O9QUDNFGVr9OuSmy5ZEQB+Gq
        3NoE/W6JCexKqNFQ73j0uCyUAjJQmUfVcCT+P8qdUovsr7a18hcHMWnkFe844LxL
        +fkxQK5ANSebRCm3q+e5xJXbzr+lPfq88gsMH4BDoB+u0YRXNL4Kum5gy+rO3F0m
        egWDFlk1KFhu4T5+kH37f5+BELBOnPfPUsFkqys7W8aSFoueT29P63BLht1eK6eK
        YwIDAQAB
        -----END PUBLIC KEY-----

        """

    /// The x coordinate of a P-256 key.
    static let p256X = "AWEyfTIZgI2U1PlgAqUtOmphKpFH6jv4tEo4yx6kWec"

    /// The y coordinate of the P-256 key.
    static let p256Y = "0zUtvvHS0c7g-hT3IH0eFvc3ok7jejk4_CcdD_8D7IU"

    /// An Ed25519 key.
    static let ed25519X = "TtLv97AOggnV7defKwtGw_PBz7PyrUKVC_9DtEBZUQU"

    /// RS256, kid "rsa".
    static let rs256 = """
        eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXV\
        kIjoibm9meCIsInN1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXh\
        wIjoxNzAwMDAzNjAwfQ.dHwKl7Dq9mFzCMEQG535Nb4ptMu-eXl5cLsFKhKkc19bdAFKqDEOmrOL7cqhm2PEX1yO_jbIaHXMPoqA\
        tKKYsYc39u9veKHnxYAc3_UhSd8IQYW0_rBmcaZKZbTwxu-BiMBcEBWw4SBfqKMYwuBYEKEzdIfH-phi4oLm4tcp6GE0MffE0Gz9\
        LyG8rbuZ5n1foRFSP4FgT9lp1kXu2FVGWY7kZlVB3IDSGrgJY9noAAu-zGTAd7_93ZPXNE7WA19ZkLNgg_zi2dN0O_bwbZtHIWzW\
        CK9mCkf8qewI0u6Btr8__aQkdF4XDMUrpmcsHtN9NMzOOJFZ9KWSxjubtBZ5BQ
        """

    /// Its header says RS256, kid "rsa", but the padding is that of PS256.
    static let rs256WithPSS = """
        eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXV\
        kIjoibm9meCIsInN1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXh\
        wIjoxNzAwMDAzNjAwfQ.aoOsyv1YEbfdlj_5ATSU2xKA43FCh0jn25g3ZywkPEiek1hsruMuS7HL4MKOsEPXYb6PBnj-qwVx9ITa\
        pSf-tcus0lLKfKOSG1rjeISaR3Kp1RVb6EXpJXmSCRpluffbAQr7O3xD7bdhCxTaz0XwbpEGyA27kPcV0CoRW0RWMjApCIiBtCcA\
        DFBOu6Zkw7LyyPuKsWBZFKByMz9B1SRINOPIS4KbZtAT3u9bilNjV2y5GpVxZfNyUVPks1uRXZMRY257T5yDdeMRb4Ee9w-r4r21\
        pWCrs7UmNb-p2_fHqSk1jKIPIvVGkFKbiWzfFRZhBI3Z17jHkNu8Br0eG0xdDQ
        """

    /// Its header says RS256, kid "rsa", but the hash is that of RS512.
    static let rs256WithSHA512 = """
        eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXV\
        kIjoibm9meCIsInN1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXh\
        wIjoxNzAwMDAzNjAwfQ.bPnCPmGBZyURayrimZjqLdm1YntwsTIEzcIL8a9wGoi7q-ZAiLVe4n6cgmrmdZ5ldUp-vciheq3paCdp\
        anVUSVI6TWDCc8HiwWZ4CfsfaS9yLRKsSSbqaAq32V2KV-rEO3DLqYi2jW-yAt-JPr41Jijs2IkumcsR5pPmxi4Q15KLchTq7Msb\
        wzGASZmkkc3KhSOnSqFTC2ivmUUCU9aqvC4F7hci0gssilMBP6R_iAB6l0y34a4PyDOBenlM0ZrJIanRh4kFsrbktz3hsrqHkwCn\
        74-cZCfIIBv1oiqMPz98U3plySbZlZLL9AymEyvbzgWSEx8jukOg-19XzMacvQ
        """

    /// RS256 without kid.
    static let rs256Unnamed = """
        eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoibm9meCIsInN\
        1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjA\
        wfQ.YEpDrS6nr10lJzoHgqA5p897-PK8Kk0zyWDIETVkBe_vH3UB-Lp2JxBdUBPEoAeamM-F06C7gorc-_QdgoOEfmvzIihHkrZv\
        nbFbOVT6qw-0f8o-v34TgJTej_OAredRoFrrg3KS4ZmKcdB-PkvL1tTTgXsm4312pXppd4Z_UGNZ87o3SANBQj4KbcdMRwmlIiqH\
        hq2Q7bzo3URtA03uNCcV-BD8XnCyK9LcE_F2x1rnE__Do756BNDo03hBWt021TDLnF4S_wQNokd-8f3P1siy_SImfc8EX_Xw45Ev\
        -6bh9ysQx61KjgZCB0bsRFIdfWnJQh3j2xFwaUh9rFIQ6A
        """

    /// ES256, kid "ec".
    static let es256 = """
        eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImVjIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVk\
        Ijoibm9meCIsInN1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhw\
        IjoxNzAwMDAzNjAwfQ.YDTM9dNYmow3xq9u7tdiNIWa1kaod5Q-KIhGMCL16_AK9QisYyGNU6Vct28E4Rk5J7gsMGIjO651x5M7a\
        J7EdQ
        """

    /// ES256 without kid.
    static let es256Unnamed = """
        eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoibm9meCIsInN\
        1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjA\
        wfQ.6IphLJAOK6C_7ohmcj3CBsFhYKXYImA3OpfZ7oKeX1IjRJ3RtG5zjvSZVNKkDBHEv0CW-_OZns3tTUSkLCfmUA
        """

    /// EdDSA, kid "ed".
    static let edDSA = """
        eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVk\
        Ijoibm9meCIsInN1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhw\
        IjoxNzAwMDAzNjAwfQ.SZ5XvTn2n-lkWOnD5k8vDKEqUS3PJFIOSNBSf0G6TAuEqlc4O2wQb-33mBhOkGFFBZkh8W_qpwrPFtlX7\
        nCzBw
        """

    /// EdDSA without kid.
    static let edDSAUnnamed = """
        eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoibm9meCIsInN\
        1YiI6IjAxOTBhNWQyLTdjMWUtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjA\
        wfQ.6yHhxxgJQeC18vyHOS-nBG4E7D0_vVT5PSpaX0uhzhS645R_A6JYxe-kF5Jn7MV5nrv0qkuLbLfX4v5lJe4lAA
        """
}
