/// The version of the database's schema that this program was written for.
public enum SchemaVersion {
    /// The newest migration that a statement of this program relies on.
    public static let required: Int32 = 7
}
