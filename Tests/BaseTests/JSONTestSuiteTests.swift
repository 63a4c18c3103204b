import Base
import Testing

struct JSONTestSuiteTests {
    /// Documents that RFC 8259 allows but the reader rejects, because they would be ambiguous or not storable.
    static let exceptions: [String: JSONSyntaxError.Reason] = [
        "y_object_duplicated_key.json": .duplicateKey,
        "y_object_duplicated_key_and_value.json": .duplicateKey,
        "y_object_escaped_null_in_key.json": .nulCharacter,
        "y_string_null_escape.json": .nulCharacter,
    ]

    /// Documents that RFC 8259 leaves to the implementation: nil for accepted ones.
    static let choices: [String: JSONSyntaxError.Reason?] = [
        "i_number_double_huge_neg_exp": nil,
        "i_number_huge_exp": nil,
        "i_number_neg_int_huge_exp": nil,
        "i_number_pos_double_huge_exp": nil,
        "i_number_real_neg_overflow": nil,
        "i_number_real_pos_overflow": nil,
        "i_number_real_underflow": nil,
        "i_number_too_big_neg_int": nil,
        "i_number_too_big_pos_int": nil,
        "i_number_very_big_negative_int": nil,
        "i_object_key_lone_2nd_surrogate": .loneSurrogate,
        "i_string_1st_surrogate_but_2nd_missing": .loneSurrogate,
        "i_string_1st_valid_surrogate_2nd_invalid": .loneSurrogate,
        "i_string_UTF-16LE_with_BOM": .notUTF8,
        "i_string_UTF-8_invalid_sequence": .notUTF8,
        "i_string_UTF8_surrogate_U+D800": .notUTF8,
        "i_string_incomplete_surrogate_and_escape_valid": .loneSurrogate,
        "i_string_incomplete_surrogate_pair": .loneSurrogate,
        "i_string_incomplete_surrogates_escape_valid": .loneSurrogate,
        "i_string_invalid_lonely_surrogate": .loneSurrogate,
        "i_string_invalid_surrogate": .loneSurrogate,
        "i_string_invalid_utf-8": .notUTF8,
        "i_string_inverted_surrogates_U+1D11E": .loneSurrogate,
        "i_string_iso_latin_1": .notUTF8,
        "i_string_lone_second_surrogate": .loneSurrogate,
        "i_string_lone_utf8_continuation_byte": .notUTF8,
        "i_string_not_in_unicode_range": .notUTF8,
        "i_string_overlong_sequence_2_bytes": .notUTF8,
        "i_string_overlong_sequence_6_bytes": .notUTF8,
        "i_string_overlong_sequence_6_bytes_null": .notUTF8,
        "i_string_truncated-utf-8": .notUTF8,
        "i_string_utf16BE_no_BOM": .unexpectedByte,
        "i_string_utf16LE_no_BOM": .unexpectedByte,
        "i_structure_500_nested_arrays": .tooDeep,
        "i_structure_UTF-8_BOM_empty_object": .byteOrderMark,
    ]

    @Test func `the suite is complete`() throws {
        #expect(try JSONTestSuiteFiles.names("y_").count == 95)
        #expect(try JSONTestSuiteFiles.names("n_").count == 189)
        #expect(try JSONTestSuiteFiles.names("i_").count == 35)
    }

    @Test func `all valid documents are accepted, except listed ones`() throws {
        for name in try JSONTestSuiteFiles.names("y_") {
            #expect(try fault(name) == Self.exceptions[name], "\(name)")
        }
    }

    @Test func `all invalid documents are rejected`() throws {
        for name in try JSONTestSuiteFiles.names("n_") {
            #expect(try fault(name) != nil, "\(name)")
        }
    }

    @Test func `documents that the standard leaves open have the listed result`() throws {
        let faults = try JSONTestSuiteFiles.names("i_").map { (String($0.dropLast(".json".count)), try fault($0)) }

        #expect(Dictionary(uniqueKeysWithValues: faults) == Self.choices)
    }

    @Test func `accepted documents are written back unchanged`() throws {
        for name in try JSONTestSuiteFiles.names("y_") where Self.exceptions[name] == nil {
            let bytes = try JSONTestSuiteFiles.read(name)
            let text = try JSONDocument(parsing: bytes).root.text.bytes

            #expect(String(decoding: bytes, as: UTF8.self).contains(String(decoding: text, as: UTF8.self)), "\(name)")
            #expect(try JSONDocument(parsing: text).root.text.bytes == text, "\(name)")
        }
    }

    @Test(.enabled(if: JSONPython.isAvailable, "python3 is not installed"))
    func `Python reads the same values`() throws {
        let documents = try ["y_", "n_", "i_"].flatMap { try JSONTestSuiteFiles.names($0) }
            .map { try JSONTestSuiteFiles.read($0) }

        #expect(try JSONPython.compare(documents) == ["101 accepted, 218 refused"])
    }

    private func fault(_ name: String) throws -> JSONSyntaxError.Reason? {
        let bytes = try JSONTestSuiteFiles.read(name)
        do {
            _ = try JSONDocument(parsing: bytes)
            return nil
        } catch {
            return error.reason
        }
    }
}
