import Base

extension Timestamp {
    /// The moment as the value of a `Date` header (RFC 5322, section 3.3): `Sun, 22 Nov 2026 17:05:56 +0000`.
    var inMail: String {
        // 2026-11-22T17:05:56.123456Z
        let text = description
        let (year, month, day) = (text.prefix(4), text.dropFirst(5).prefix(2), text.dropFirst(8).prefix(2))
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        // The clock began on a Thursday, and no mail is older.
        let weekday = days[Int(max(secondsSince1970, 0) / 86_400 % 7)]
        let name = Int(month).map { months[$0 - 1] } ?? ""
        return "\(weekday), \(day) \(name) \(year) \(text.dropFirst(11).prefix(8)) +0000"
    }
}
