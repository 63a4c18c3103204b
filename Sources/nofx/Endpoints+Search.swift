import FunctionRuntime

extension Endpoints {
    /// The endpoint of that name.
    static func named(_ name: String) -> (any Function.Type)? {
        all.first { $0.name == name }
    }

    /// The name that was probably meant by another one, if there is one that differs by few letters.
    static func nearest(to word: String) -> String? {
        let nearest = all.map { (name: $0.name, distance: distance(word, $0.name)) }.min { $0.distance < $1.distance }
        return nearest.flatMap { $0.distance <= 3 ? $0.name : nil }
    }

    /// How many letters to insert, remove or replace to get from one word to the other; capitals do not matter.
    private static func distance(_ one: String, _ other: String) -> Int {
        // A word that is much longer than every name is near to none.
        guard one.utf8.count <= 40 else { return .max }
        let letters = other.utf8.map { $0 | 0x20 }
        var row = Array(0...letters.count)
        for (line, letter) in one.utf8.map({ $0 | 0x20 }).enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in letters.indices {
                let replaced = diagonal + (letters[column] == letter ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[letters.count]
    }
}
