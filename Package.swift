// swift-tools-version: 6.2
import PackageDescription

// MARK: - Kinds of targets

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A module in plain, memory-safe Swift.
func module(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings + [.strictMemorySafety()])
}

/// A module that wraps a C library, the only kind that may touch a pointer.
func wrapper(_ name: String, of library: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: [.byName(name: library)] + dependencies, swiftSettings: settings)
}

/// An endpoint: its type and a main.swift in `Functions/<name>`, one executable.
func function(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["FunctionRuntime", "Core", "Base"] + dependencies,
        path: "Functions/\(name)",
        swiftSettings: settings + [.strictMemorySafety()]
    )
}

/// A program for developers, never part of a bundle.
func tool(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: "Tools/\(name)",
        swiftSettings: settings + [.strictMemorySafety()]
    )
}

func tests(_ name: String, of dependencies: [Target.Dependency], data: [String] = []) -> Target {
    // Data is found by path: as a resource it would come with an accessor that imports Foundation.
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: data, swiftSettings: settings)
}

// MARK: - Endpoints

let functions = [
    function("acceptInvite", uses: ["Teams"]),
    function("aiHealth", uses: ["Operations", "Reliability", "System"]),
    function("aiUsage", uses: ["AI"]),
    function("approveGate", uses: ["Runs"]),
    function("cancelInvite", uses: ["Teams"]),
    function("cancelRun", uses: ["Runs"]),
    function("createApiKey", uses: ["Teams"]),
    function("createOperatorKey", uses: ["Teams"]),
    function("createTeam", uses: ["Teams"]),
    function("createWebhook", uses: ["Notifications", "System"]),
    function("deleteTeam", uses: ["Teams"]),
    function("deleteWebhook", uses: ["Notifications"]),
    function("deliverOutbox", uses: ["Notifications", "System"]),
    function("getArtifact", uses: ["Runs"]),
    function("getRun", uses: ["Runs"]),
    function("getTeam", uses: ["Teams"]),
    function("inviteMember", uses: ["Teams"]),
    function("leaveTeam", uses: ["Teams"]),
    function("listActivity", uses: ["Teams"]),
    function("listApiKeys", uses: ["Teams"]),
    function("listDeadLetters", uses: ["Operations"]),
    function("listGates", uses: ["Runs"]),
    function("listInvites", uses: ["Teams"]),
    function("listMembers", uses: ["Teams"]),
    function("listRuns", uses: ["Runs"]),
    function("listSecurityEvents", uses: ["Teams"]),
    function("listTeams", uses: ["Teams"]),
    function("listWebhooks", uses: ["Notifications"]),
    function("migrate", uses: ["Migrations"]),
    function("previewRun", uses: ["Runs", "System"]),
    function("purge", uses: ["Operations", "System"]),
    function("queueStats", uses: ["Operations"]),
    function("redriveDeadLetters", uses: ["Operations"]),
    function("removeMember", uses: ["Teams"]),
    function("rerunRun", uses: ["Runs", "System"]),
    function("resetBreaker", uses: ["Operations", "Reliability", "System"]),
    function("restoreTeam", uses: ["Teams"]),
    function("retryStep", uses: ["Runs"]),
    function("revokeApiKey", uses: ["Teams"]),
    function("runTimeline", uses: ["Runs"]),
    function("runWorker", uses: ["System", "Worker"]),
    function("setAiBudget", uses: ["Operations"]),
    function("setToolPolicy", uses: ["Operations", "Runs"]),
    function("startRun", uses: ["Runs", "System"]),
    function("transferOwnership", uses: ["Teams"]),
    function("updateMemberRole", uses: ["Teams"]),
    function("updateTeam", uses: ["Teams"]),
    function("waiveGate", uses: ["Runs"]),
]

// MARK: - Package

let package = Package(
    name: "nofx",
    products: [
        // Usable without Postgres; Examples/reliability shows it.
        .library(name: "Reliability", targets: ["Base", "Queue", "Reliability"])
    ],
    targets: functions + [
        // All endpoints in one program: its folder Endpoints has links to the files of their types.
        .executableTarget(
            name: "nofx",
            dependencies: [
                "AI", "Base", "Core", "FunctionRuntime", "Migrations", "Notifications", "Operations", "Reliability",
                "Runs",
                "System", "Teams", "Worker",
            ],
            swiftSettings: settings + [.strictMemorySafety()]
        ),

        tool("ask", uses: ["AI", "Base", "Core", "FunctionRuntime", "Reliability", "System"]),
        tool("benchBreaker", uses: ["AI", "Base", "Core", "Postgres", "Reliability", "System"]),
        tool("benchQueue", uses: ["Base", "Core", "Postgres", "Queue", "Runs", "System", "Worker"]),
        tool("issueToken", uses: ["Base", "Cryptography", "System"]),

        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystem"),

        wrapper("System", of: "CSystem"),
        module("Base", uses: ["System"]),
        wrapper("Postgres", of: "CPostgres", uses: ["Base", "System"]),
        wrapper("HTTPClient", of: "CCurl", uses: ["Base", "System"]),
        module("Compression", uses: ["Base", "HTTPClient"]),
        wrapper("Cryptography", of: "CCrypto", uses: ["Base", "System"]),
        module("Reliability", uses: ["Base", "System"]),
        .target(
            name: "Queue",
            dependencies: ["Base", "System"],
            exclude: ["Postgres"],
            swiftSettings: settings + [.strictMemorySafety()]
        ),
        module("Core", uses: ["Base", "Cryptography", "Postgres", "System"]),
        .target(
            name: "PostgresQueue",
            dependencies: ["Base", "Core", "Postgres", "Queue", "System"],
            path: "Sources/Queue/Postgres",
            swiftSettings: settings + [.strictMemorySafety()]
        ),
        .target(
            name: "Migrations",
            dependencies: ["Base", "Core", "Cryptography", "Postgres"],
            path: "Database",
            exclude: ["privileges.txt"],
            resources: [
                .embedInCode("migrations/0001_schema.sql"),
                .embedInCode("migrations/0002_teams.sql"),
                .embedInCode("migrations/0003_calls.sql"),
                .embedInCode("migrations/0004_reliability.sql"),
                .embedInCode("migrations/0005_queue.sql"),
                .embedInCode("migrations/0006_runs.sql"),
                .embedInCode("migrations/0007_notifications.sql"),
                .embedInCode("functions/access.sql"),
                .embedInCode("functions/audit.sql"),
                .embedInCode("functions/calls.sql"),
                .embedInCode("functions/circuit_rows.sql"),
                .embedInCode("functions/circuits.sql"),
                .embedInCode("functions/circuit_chains.sql"),
                .embedInCode("functions/gates.sql"),
                .embedInCode("functions/operations.sql"),
                .embedInCode("functions/queue.sql"),
                .embedInCode("functions/retention.sql"),
                .embedInCode("functions/roles.sql"),
                .embedInCode("functions/runs.sql"),
                .embedInCode("functions/steps.sql"),
                .embedInCode("functions/sweeps.sql"),
                .embedInCode("functions/teams.sql"),
                .embedInCode("functions/usage.sql"),
                .embedInCode("functions/storage.sql"),
                .embedInCode("functions/users.sql"),
                .embedInCode("functions/webhooks.sql"),
                .embedInCode("functions/worker.sql"),
                .embedInCode("policies.sql"),
                .embedInCode("grants.sql"),
            ],
            swiftSettings: settings + [.strictMemorySafety()]
        ),
        module(
            "AI",
            uses: [
                "Base", "Compression", "Core", "Cryptography", "HTTPClient", "Postgres", "Reliability", "System",
                "Teams",
            ]
        ),
        module("Teams", uses: ["Base", "Core", "Cryptography", "Postgres", "System"]),
        module(
            "Notifications",
            uses: [
                "Base", "Core", "Cryptography", "HTTPClient", "Postgres", "PostgresQueue", "Queue", "Reliability",
                "System", "Teams",
            ]
        ),
        module("Runs", uses: ["Base", "Core", "Postgres", "Queue", "Reliability", "System"]),
        module(
            "Worker",
            uses: [
                "AI", "Base", "Compression", "Core", "Cryptography", "HTTPClient", "Postgres", "Queue", "Reliability",
                "Runs",
                "System",
            ]
        ),
        module(
            "Operations",
            uses: ["AI", "Base", "Core", "Postgres", "Queue", "Reliability", "Runs", "System", "Teams"]
        ),
        module("FunctionRuntime", uses: ["Base", "Core", "Cryptography", "HTTPClient", "Postgres", "System"]),
        module(
            "TestSupport",
            uses: ["Base", "Core", "Cryptography", "FunctionRuntime", "HTTPClient", "Migrations", "Postgres", "System"]
        ),

        tests("BaseTests", of: ["Base"], data: ["JSONTestSuite"]),
        tests("AITests", of: ["AI", "Base", "Core", "HTTPClient", "Postgres", "Reliability", "System"]),
        tests("CryptographyTests", of: ["Base", "Cryptography"]),
        tests("PostgresTests", of: ["Base", "Postgres", "System"]),
        tests("HTTPClientTests", of: ["Base", "Compression", "HTTPClient", "System"]),
        tests("NotificationsTests", of: ["Base", "Notifications", "System"]),
        tests("ReliabilityTests", of: ["AI", "Base", "Core", "Postgres", "Reliability", "System"]),
        tests("QueueTests", of: ["Base", "Core", "Postgres", "PostgresQueue", "Queue"]),
        tests("RunsTests", of: ["Base", "Core", "Postgres", "Queue", "Runs", "System"]),
        tests(
            "WorkerTests",
            of: [
                "AI", "Base", "Core", "Cryptography", "HTTPClient", "Postgres", "Queue", "Reliability", "Runs",
                "System",
                "Worker",
            ]
        ),
        tests("CoreTests", of: ["Base", "Core", "Cryptography", "Postgres", "System"]),
        tests(
            "FunctionRuntimeTests",
            of: ["Base", "Core", "Cryptography", "FunctionRuntime", "HTTPClient", "Postgres", "System"]
        ),
        tests(
            "FunctionTests",
            of: [
                "AI", "Base", "Core", "FunctionRuntime", "Migrations", "Notifications", "Operations", "Postgres",
                "Queue", "Reliability", "Runs", "System", "Teams", "nofx",
            ]
        ),
        // The programs that these tests run are built with them.
        tests(
            "EndToEndTests",
            of: ["Base", "Core", "Cryptography", "HTTPClient", "Postgres", "System", "ask", "issueToken", "nofx"]
        ),
    ],
    swiftLanguageModes: [.v6]
)
