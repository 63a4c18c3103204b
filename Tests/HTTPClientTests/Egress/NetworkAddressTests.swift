import HTTPClient
import Testing

/// Public addresses according to the registries of special addresses, at the edges of each range.
@Suite struct NetworkAddressTests {
    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "93.184.216.34", "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0",
        "203.0.112.255", "203.0.114.0", "223.255.255.255",
        "2000::", "2001:200::", "2001:4860:4860::8888", "2001:db7:ffff::", "2001:db9::", "2606:4700:4700::1111",
        "3ffe:ffff::", "3fff:1000::", "3fff:ffff::",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
    ])
    func `a globally reachable address is public`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).isPublic)
    }

    @Test(arguments: [
        // This network and loopback, also in short notations.
        "0.0.0.0", "0.0.0.1", "0.255.255.255", "127.0.0.1", "127.0.0.0", "127.255.255.255", "127.1.2.3",
        // Private, carrier-grade NAT, link-local and cloud metadata.
        "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255",
        "100.64.0.0", "100.100.100.200", "100.127.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255",
        "168.63.129.16",
        // Protocol assignments, documentation, benchmarks, relays.
        "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.0",
        "198.19.255.255", "192.88.99.1",
        // Multicast, reserved, broadcast.
        "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",
        // IPv6: unspecified, loopback, compatible, discard.
        "::", "::1", "::2", "::8.8.8.8", "::127.0.0.1", "100::1", "fe80::1", "fe80::", "febf:ffff::1", "fec0::1",
        "fc00::", "fd00:ec2::254", "fdff:ffff::1", "ff00::", "ff02::1", "ffff::1",
        // Protocol assignments, Teredo, benchmarks, ORCHID, documentation, segment routing, and unassigned.
        "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:1ff:ffff::", "2001:db8::1", "2001:db8:ffff::",
        "3fff::1", "3fff:fff:ffff::", "5f00::1", "1fff:ffff::1", "4000::1",
        // Forms that embed an IPv4 address.
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
        "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::192.168.1.1",
        "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1",
    ])
    func `a special-purpose address is not public`(text: String) throws {
        #expect(try !#require(NetworkAddress(text)).isPublic)
    }

    @Test(arguments: [
        "", "localhost", "127.1", "127.0.0.1.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.256",
        "127.0.0.1 ", " 127.0.0.1", "127.0.0.1\0", "::1\0", "[::1]", "fe80::1%lo", "1::2::3", "::1/128", "12345::",
        "::ffff:127.0.0", "١٢٧.0.0.1",
    ])
    func `a notation that only some programs accept is rejected`(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test func `an address has 4 or 16 bytes`() throws {
        #expect(try #require(NetworkAddress("1.2.3.4")).bytes == [1, 2, 3, 4])
        let zeros = [UInt8](repeating: 0, count: 11)
        #expect(try #require(NetworkAddress("102:304::ff")).bytes == [1, 2, 3, 4] + zeros + [255])
        #expect(NetworkAddress(bytes: [1, 2, 3, 4]) == NetworkAddress("1.2.3.4"))
        for count in [0, 3, 5, 15, 17] {
            #expect(NetworkAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
    }
}
