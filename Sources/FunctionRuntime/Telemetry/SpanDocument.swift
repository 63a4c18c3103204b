import Base

/// Spans in the format of OTLP/HTTP with JSON (OpenTelemetry Protocol 1.x).
enum SpanDocument {
    /// How many characters of a text are kept.
    private static let longestText = 256

    /// Encodes spans.
    ///
    /// - Parameters:
    ///   - spans: The spans.
    ///   - resource: What they say of the process.
    /// - Returns: The body of a request.
    static func encode(_ spans: [Span], of resource: [(name: String, value: Span.Value)]) -> [UInt8] {
        var json = JSONWriter(reserving: spans.count * 600 + 512)
        json.object { json in
            json.onlyElement("resourceSpans") { json in
                json.member("resource") { json in
                    json.object { $0.attributes(resource) }
                }
                json.onlyElement("scopeSpans") { json in
                    json.member("scope") { json in
                        json.object { json in
                            json.member("name", "nofx")
                            json.member("version", Version.product)
                        }
                    }
                    json.member("spans") { json in
                        json.array { json in
                            for span in spans { json.object { encode(span, to: &$0) } }
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    private static func encode(_ span: Span, to json: inout JSONWriter) {
        json.place(span.context)
        if let parent = span.parent { json.member("parentSpanId", parent) }
        if !span.context.state.isEmpty { json.member("traceState", span.context.state) }
        json.member("name", cut(span.name))
        json.member("kind", span.kind.rawValue)
        let end = span.start + max(span.duration.wholeMicroseconds, 0)
        json.member("startTimeUnixNano", "\(span.start)000")
        json.member("endTimeUnixNano", "\(end)000")
        json.attributes(span.attributes + (span.error.map { [("error.type", .text($0))] } ?? []))
        if !span.links.isEmpty {
            json.member("links") { json in
                json.array { json in
                    for link in span.links { json.object { $0.place(link) } }
                }
            }
        }
        if span.error != nil {
            json.member("status") { json in
                json.object { $0.member("code", 2) }
            }
        }
    }

    fileprivate static func cut(_ text: String) -> String {
        text.unicodeScalars.count <= longestText
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(longestText)))
    }
}

extension JSONWriter {
    /// Writes a member that is an array of one object.
    fileprivate mutating func onlyElement(_ name: String, _ body: (inout JSONWriter) -> Void) {
        member(name) { json in
            json.array { json in
                json.object(body)
            }
        }
    }

    fileprivate mutating func place(_ context: TraceContext) {
        member("traceId", context.traceID)
        member("spanId", context.spanID)
    }

    fileprivate mutating func attributes(_ attributes: [(name: String, value: Span.Value)]) {
        member("attributes") { json in
            json.array { json in
                for (name, value) in attributes {
                    json.object { json in
                        json.member("key", name)
                        json.member("value") { json in
                            json.object { json in
                                switch value {
                                case .text(let text): json.member("stringValue", SpanDocument.cut(text))
                                // 64-bit numbers are strings in JSON (Protocol Buffers, "JSON Mapping").
                                case .number(let number): json.member("intValue", "\(number)")
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
