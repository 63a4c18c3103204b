import Base
import Postgres
import Testing

@Suite struct ConnectionStringTests {
    @Test(arguments: [
        "postgres://user:p%40ss@db.example.com:5433/name?sslmode=verify-full",
        "postgresql://user@[::1]:5432,[fe80::1%25eth0]/name", "postgres://user@a,b,c/name?target_session_attrs=primary",
        "postgres://user@%2Fvar%2Frun%2Fpostgresql/name", "host=/tmp port=6432 user=me dbname='with space'",
        "user=me host=a,b port=1,2 connect_timeout=3", "user=me hostaddr=10.0.0.1 host=db_1.internal",
        "user=me host=a,b target_session_attrs=prefer-standby",
    ])
    func `all of libpq's formats are accepted`(_ text: String) throws {
        _ = try ConnectionString(text)
    }

    @Test(arguments: [
        // Not a connection string.
        "s3cret", "mysql://me:s3cret@host/db", "postgres://me:s3cret@[::1/db", "user=me password=s3cret nonsense=1",
        "user=me password='s3cret", "user=me password=s3cret\0",
        // A password with characters that terminate it.
        "postgres://me:x@s3cret@host/db", "postgres://me:12/s3cret@host/db", "postgres://me:s3cret/x@host/db",
        "postgres://me:a:s3cret/@host/db", "postgres://user:x@a,s3cret!/db",
        // Lists of different lengths, and values that are not numbers.
        "user=me password=s3cret host=a,b,c port=1,2", "user=me password=s3cret host=a hostaddr=1.1.1.1,2.2.2.2",
        "user=me host=a port=s3cret", "user=me host=a connect_timeout=s3cret",
    ])
    func `an error does not repeat a possible password`(_ text: String) {
        let error = #expect(throws: PostgresError.self) { try ConnectionString(text) }
        #expect(error?.kind == .configuration)
        #expect(error?.description == "database configuration invalid")
        #expect(error?.debugDescription.contains("s3cret") == false)
    }

    @Test(arguments: ["host=localhost dbname=name", "postgres://localhost/name", ""])
    func `a user is required`(_ text: String) {
        let error = #expect(throws: PostgresError.self) { try ConnectionString(text) }
        #expect(error?.kind == .configuration)
        #expect(error?.debugDescription.contains("user") == true)
    }

    @Test func `printing a connection string reveals nothing of it`() throws {
        let string = try ConnectionString("postgres://me:s3cret@host/db")
        var dumped = ""
        dump(string, to: &dumped)
        #expect("\(string) \(String(reflecting: string)) \(dumped)".contains("s3cret") == false)
    }
}
