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

/// An endpoint: one file in `Functions/<name>`, one executable.
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
    function("aiHealth", uses: ["System"]),
    function("aiUsage", uses: ["Teams"]),
    function("approveGate", uses: ["Runs"]),
    function("cancelInvite", uses: ["Teams"]),
    function("cancelRun", uses: ["Runs"]),
    function("createApiKey", uses: ["Teams"]),
    function("createTeam", uses: ["Teams"]),
    function("createWebhook", uses: ["System", "Teams"]),
    function("deleteTeam", uses: ["Teams"]),
    function("deleteWebhook", uses: ["Teams"]),
    function("deliverOutbox", uses: ["System", "Teams"]),
    function("getArtifact", uses: ["Runs"]),
    function("getRun", uses: ["Runs"]),
    function("getTeam", uses: ["Teams"]),
    function("inviteMember", uses: ["Teams"]),
    function("leaveTeam", uses: ["Teams"]),
    function("listActivity", uses: ["Teams"]),
    function("listApiKeys", uses: ["Teams"]),
    function("listDeadLetters", uses: []),
    function("listGates", uses: ["Runs"]),
    function("listInvites", uses: ["Teams"]),
    function("listMembers", uses: ["Teams"]),
    function("listRuns", uses: ["Runs"]),
    function("listSecurityEvents", uses: ["Teams"]),
    function("listTeams", uses: ["Teams"]),
    function("listWebhooks", uses: ["Teams"]),
    function("migrate", uses: ["Migrations"]),
    function("previewRun", uses: ["Runs"]),
    function("purge", uses: ["Teams"]),
    function("queueStats", uses: []),
    function("redriveDeadLetters", uses: []),
    function("removeMember", uses: ["Teams"]),
    function("rerunRun", uses: ["Runs"]),
    function("resetBreaker", uses: ["System"]),
    function("restoreTeam", uses: ["Teams"]),
    function("retryStep", uses: ["Runs"]),
    function("revokeApiKey", uses: ["Teams"]),
    function("runTimeline", uses: ["Runs"]),
    function("runWorker", uses: ["System", "Worker"]),
    function("setAiBudget", uses: ["Teams"]),
    function("setToolPolicy", uses: ["Runs"]),
    function("startRun", uses: ["Runs"]),
    function("transferOwnership", uses: ["Teams"]),
    function("updateMemberRole", uses: ["Teams"]),
    function("updateTeam", uses: ["Teams"]),
    function("waiveGate", uses: ["Runs"]),
]

// MARK: - Package

let package = Package(
    name: "nofx",
    targets: functions + [
        tool("ask", uses: ["AI", "Base", "Core", "FunctionRuntime", "System"]),
        tool("benchBreaker", uses: ["Base", "Core", "Postgres", "System"]),
        tool("benchQueue", uses: ["Base", "Core", "Postgres", "Runs", "System", "Worker"]),
        tool("issueToken", uses: ["Base", "Cryptography", "System"]),

        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystem"),

        wrapper("System", of: "CSystem"),
        module("Base", uses: ["System"]),
        wrapper("Postgres", of: "CPostgres", uses: ["Base", "System"]),
        wrapper("HTTPClient", of: "CCurl", uses: ["Base", "System"]),
        wrapper("Cryptography", of: "CCrypto", uses: ["Base", "System"]),
        module("Core", uses: ["Base", "Cryptography", "Postgres", "System"]),
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
                .embedInCode("functions/circuits.sql"),
                .embedInCode("functions/gates.sql"),
                .embedInCode("functions/operations.sql"),
                .embedInCode("functions/queue.sql"),
                .embedInCode("functions/roles.sql"),
                .embedInCode("functions/runs.sql"),
                .embedInCode("functions/steps.sql"),
                .embedInCode("functions/teams.sql"),
                .embedInCode("functions/usage.sql"),
                .embedInCode("functions/webhooks.sql"),
                .embedInCode("functions/worker.sql"),
                .embedInCode("policies.sql"),
                .embedInCode("grants.sql"),
            ],
            swiftSettings: settings + [.strictMemorySafety()]
        ),
        module("AI", uses: ["Base", "Core", "HTTPClient", "System"]),
        module("Mail", uses: ["Base", "HTTPClient", "System"]),
        module("Teams", uses: ["Base", "Core", "Cryptography", "HTTPClient", "Mail", "Postgres", "System"]),
        module("Runs", uses: ["Base", "Core", "Cryptography", "Postgres", "System"]),
        module("Worker", uses: ["AI", "Base", "Core", "Cryptography", "HTTPClient", "Postgres", "Runs", "System"]),
        module("FunctionRuntime", uses: ["Base", "Core", "Cryptography", "HTTPClient", "Postgres", "System"]),
        module(
            "TestSupport",
            uses: ["Base", "Core", "Cryptography", "FunctionRuntime", "HTTPClient", "Migrations", "Postgres", "System"]
        ),

        tests("BaseTests", of: ["Base"], data: ["JSONTestSuite"]),
        tests("AITests", of: ["AI", "Base", "Core", "HTTPClient", "Postgres", "System"]),
        tests("CryptographyTests", of: ["Base", "Cryptography"]),
        tests("PostgresTests", of: ["Base", "Postgres", "System"]),
        tests("HTTPClientTests", of: ["Base", "HTTPClient", "System"]),
        tests("MailTests", of: ["Base", "Mail", "System"]),
        tests("RunsTests", of: ["Base", "Core", "Postgres", "Runs", "System"]),
        tests(
            "WorkerTests",
            of: ["AI", "Base", "Core", "Cryptography", "HTTPClient", "Postgres", "Runs", "System", "Worker"]
        ),
        tests("CoreTests", of: ["Base", "Core", "Cryptography", "Postgres", "System"]),
        tests(
            "FunctionRuntimeTests",
            of: ["Base", "Core", "Cryptography", "FunctionRuntime", "HTTPClient", "Postgres", "System"]
        ),
        tests(
            "FunctionTests",
            of: ["Base", "Core", "FunctionRuntime", "Mail", "Migrations", "Postgres", "Runs", "System", "Teams"]
                + functions.map { .target(name: $0.name) }
        ),
        tests("EndToEndTests", of: ["Base", "Core", "Cryptography", "Postgres", "System"]),
    ],
    swiftLanguageModes: [.v6]
)
