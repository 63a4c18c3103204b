/// The object identifier of a built-in Postgres type (`pg_type.dat` in the Postgres sources).
public struct PostgresType: RawRepresentable, Hashable, Sendable {
    /// The number in `pg_type.oid`.
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    static var bool: Self { Self(rawValue: 16) }
    static var bytea: Self { Self(rawValue: 17) }
    static var char: Self { Self(rawValue: 18) }
    static var name: Self { Self(rawValue: 19) }
    static var int8: Self { Self(rawValue: 20) }
    static var int2: Self { Self(rawValue: 21) }
    static var int4: Self { Self(rawValue: 23) }
    static var text: Self { Self(rawValue: 25) }
    static var json: Self { Self(rawValue: 114) }
    static var bpchar: Self { Self(rawValue: 1042) }
    static var varchar: Self { Self(rawValue: 1043) }
    static var timestamptz: Self { Self(rawValue: 1184) }
    static var interval: Self { Self(rawValue: 1186) }
    static var uuid: Self { Self(rawValue: 2950) }
    static var jsonb: Self { Self(rawValue: 3802) }
    static var unknown: Self { Self(rawValue: 705) }

    static var boolArray: Self { Self(rawValue: 1000) }
    static var byteaArray: Self { Self(rawValue: 1001) }
    static var nameArray: Self { Self(rawValue: 1003) }
    static var int8Array: Self { Self(rawValue: 1016) }
    static var textArray: Self { Self(rawValue: 1009) }
    static var varcharArray: Self { Self(rawValue: 1015) }
    static var bpcharArray: Self { Self(rawValue: 1014) }
    static var timestamptzArray: Self { Self(rawValue: 1185) }
    static var uuidArray: Self { Self(rawValue: 2951) }
}
