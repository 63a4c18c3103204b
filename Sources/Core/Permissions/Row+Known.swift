public import Postgres

extension Row {
    /// The values of a stored list that this program knows; nil where the column is NULL.
    ///
    /// A value that only another version of the program knows is left out, so that it does not make the whole row
    /// unreadable. It grants nothing here.
    ///
    /// - Throws: `PostgresError` when there is no such column or it is not a list of texts.
    public func known<Value: RawRepresentable<String>>(
        _ column: String,
        _: Value.Type = Value.self
    ) throws(PostgresError) -> [Value]? {
        (try self[column] as [String]?)?.compactMap(Value.init)
    }
}
