import Base
import Core
import Testing
import AI

struct USDollarsTests {
    @Test(arguments: [
        ("0", 0), ("12", 12_000_000_000), ("12.5", 12_500_000_000), ("0.000000001", 1), ("00.10", 100_000_000),
        ("1000000000", 1_000_000_000_000_000_000), ("9.999999999", 9_999_999_999),
    ])
    func `an amount is read to the billionth of a dollar`(text: String, amount: Int64) {
        #expect(USDollars(text)?.rawValue == amount)
    }

    @Test(arguments: [
        "", ".", "1.", ".5", "-1", "+1", "1e3", "0x10", "1,5", "1 ", " 1", "1.0000000001", "1000000000.000000001",
        "NaN",
        "99999999999", "1.2.3", "1_000", "٣",
    ])
    func `an invalid amount is rejected`(text: String) {
        #expect(USDollars(text) == nil)
    }

    @Test(arguments: [
        (0, "0"), (1, "0.000000001"), (1_000_000_000, "1"), (12_500_000_000, "12.5"), (-1_500_000_000, "-1.5"),
        (Int64.max, "9223372036.854775807"), (Int64.min, "-9223372036.854775808"), (100, "0.0000001"),
    ])
    func `an amount is printed exactly and without trailing zeros`(amount: Int64, text: String) {
        #expect(USDollars(rawValue: amount).description == text)
    }

    @Test func `an amount in JSON must be a string, because a number would lose precision`() throws {
        let document = try JSONDocument(parsing: Array(#"["0.1",0.1,1,null]"#.utf8))
        let values = document.root.elements.map { try? USDollars(input: $0).rawValue }
        #expect(values == [100_000_000, nil, nil, nil])
    }
}
