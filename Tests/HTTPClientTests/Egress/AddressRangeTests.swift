import Base
import HTTPClient
import System
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.1.0.0/16", ["10.1.0.0", "10.1.255.255"], ["10.0.255.255", "10.2.0.0", "::ffff:10.1.0.0"]),
        ("10.1.2.3", ["10.1.2.3"], ["10.1.2.2", "10.1.2.4"]),
        ("10.1.2.3/32", ["10.1.2.3"], ["10.1.2.2"]),
        ("172.16.0.0/12", ["172.16.0.0", "172.31.255.255"], ["172.15.255.255", "172.32.0.0"]),
        ("192.168.1.128/25", ["192.168.1.128", "192.168.1.255"], ["192.168.1.127"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::"]),
        ("::/0", ["::", "ffff::"], ["0.0.0.0"]),
        ("fc00::/7", ["fc00::", "fdff::1"], ["fbff::", "fe00::"]),
        ("fd00:1::/33", ["fd00:1:7fff::"], ["fd00:1:8000::"]),
        ("::1", ["::1"], ["::", "::2"]),
    ])
    func `a range contains the addresses with its prefix`(text: String, inside: [String], outside: [String]) throws {
        let range = try #require(AddressRange(text))
        for address in inside { #expect(try range.contains(#require(NetworkAddress(address))), "\(address)") }
        for address in outside { #expect(try !range.contains(#require(NetworkAddress(address))), "\(address)") }
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/0008",
        "10.0.0.0/ 8", "::/129", "10.0.0.1/8", "10.1.0.0/15", "fd00::1/64", "example.com/8", "10/8",
    ])
    func `an invalid range is rejected`(text: String) {
        #expect(AddressRange(text) == nil)
    }
}

@Suite struct EgressPolicyTests {
    private func egress(_ value: String?) throws(ConfigurationError) -> EgressPolicy {
        try EgressPolicy(Environment(value.map { [("NOFX_HTTP_ALLOW", $0)] } ?? []))
    }

    private func allows(_ egress: EgressPolicy, _ address: String) throws -> Bool {
        egress.allows(try #require(NetworkAddress(address)))
    }

    @Test func `the range of everything contains all addresses`() throws {
        for address in ["127.0.0.1", "169.254.169.254", "::1", "8.8.8.8"] {
            #expect(try allows(.anywhere, address))
        }
    }

    @Test func `without exceptions only public addresses are allowed`() throws {
        #expect(try egress(nil) == .publicOnly())
        #expect(try egress("") == .publicOnly())
        #expect(try allows(egress(nil), "8.8.8.8"))
        #expect(try !allows(egress(nil), "127.0.0.1"))
    }

    @Test func `an exception allows exactly one range`() throws {
        let egress = try egress("127.0.0.0/8, 10.1.0.0/16,fd00::/8")
        for address in ["127.0.0.1", "10.1.255.255", "fd12::1", "8.8.8.8"] {
            #expect(try allows(egress, address), "\(address)")
        }
        for address in ["10.2.0.0", "192.168.0.1", "169.254.169.254", "::1", "fc00::1"] {
            #expect(try !allows(egress, address), "\(address)")
        }
    }

    @Test func `an exception applies to all notations of an address`() throws {
        let egress = try egress("10.1.0.0/16")
        #expect(try allows(egress, "::ffff:10.1.2.3"))
        #expect(try allows(egress, "64:ff9b::10.1.2.3"))
        #expect(try allows(egress, "2002:a01:203::1"))
        #expect(try !allows(egress, "::ffff:10.2.2.3"))
    }

    @Test(arguments: [",", "10.0.0.0/8,", "10.0.0.0/8,,::1", "localhost", "10.0.0.0/8;::1", "10.1.2.3/8", "*"])
    func `an invalid list of ranges is rejected without being shown`(value: String) {
        let rule = "must be ranges of addresses such as 127.0.0.0/8,fd00::/8"
        #expect(throws: ConfigurationError("NOFX_HTTP_ALLOW", rule)) {
            try egress(value)
        }
    }
}
