import TestSupport
import Testing

/// What `deploy.sh` writes for platforms that are not on this machine, judged by their own validators.
@Suite struct DeployFilesTests {
    private func deploy(_ words: String...) throws -> Subprocess.Outcome { try PackageScript.run("deploy.sh", words) }

    @Test func `the manifests are valid for three versions of Kubernetes`() throws {
        for target in ["kubernetes", "knative"] {
            let outcome = try deploy(target, "--image", "registry.example/nofx/http:1.2", "--namespace", "tests")
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let base = ["http", "worker", "outbox", "purge", "config", "service-account"].map { "kubernetes/base/\($0)" }
        let files = (base + ["kubernetes/migrate/job", "knative/service"]).map { "deploy/\($0).yaml" }
        let outcome = try PythonScript.run("check_manifests.py", files.map(PackageScript.path(of:)), by: .manifests)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.hasSuffix("11 objects, 0 problems\n"), "\(outcome.output)")
    }

    @Test(arguments: ["production", "development"]) func `an overlay gives valid manifests`(overlay: String) throws {
        // kubectl is not in Debian. Without it, the files above are checked, and the overlays are not.
        guard try Subprocess("sh", ["-c", "command -v kubectl"], environment: path).finish().status == 0 else { return }
        let folder = PackageScript.path(of: "deploy/kubernetes/overlays/\(overlay)")
        let manifests = try Subprocess("kubectl", ["kustomize", folder], environment: path).finish()
        #expect(manifests.status == 0, "\(manifests.errors)")
        let outcome = try PythonScript.run(
            "check_manifests.py",
            ["-"],
            by: .manifests,
            input: Array(manifests.output.utf8)
        )
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }

    private let path = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

    @Test func `systemd accepts the units`() throws {
        let folder = PackageScript.path(of: ".build/tests-systemd")
        let program = "\(Subprocess.buildFolder)/nofx"
        for _ in 0..<2 {
            let outcome = try deploy("systemd", "--root", folder, "--program", program)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("9 units in \(folder) are valid"), "\(outcome.errors)")
        }
    }

    @Test func `OpenWhisk gets what changed, and nothing is left`() throws {
        let outcome = try PythonScript.run("deploy_openwhisk.py")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let package = #""PUT packages/nofx", "#
        let get = (team: #""GET actions/nofx/createTeam""#, other: #""GET actions/nofx/getTeam""#)
        let put = (team: #""PUT actions/nofx/createTeam""#, other: #""PUT actions/nofx/getTeam""#)
        for expected in [
            "\"first\": [0, [\(package)\(get.team), \(put.team), \(get.other), \(put.other)]]",
            "\"second\": [0, [\(package)\(get.team), \(get.other)]]",
            "\"changed\": [0, [\(package)\(get.team), \(get.other), \(put.other)]]",
            #""kind": ["blackbox", true, [{"key": "DATABASE_URL", "value": "postgresql://u:p@h/d?a=b", "init": true}]]"#,
            #""annotations": ["web-export", "raw-http", "final", "nofx-sha256"]"#,
            #""reproducible": true, "#, #""secrets left": [], "#, #""left": 0, "destroyed again": 0, "wrong key": 1}"#,
        ] { #expect(outcome.output.contains(expected), "\(expected)\n\(outcome.output)") }
    }

    @Test(
        arguments: [
            "image --function createTeam --base localhost/swift:local", "image --http --base localhost/swift:local",
            "http", "systemd", "systemd --install", "kubernetes",
            "kubernetes --apply --overlay development --image registry.example/nofx/http:1", "knative",
            "knative --apply --image registry.example/nofx/http:1", "openfaas",
            "openwhisk --functions createTeam --apihost https://openwhisk.example",
            "openwhisk zip --functions createTeam", "openwhisk destroy --functions createTeam --apihost http://x",
        ]
    ) func `a dry run prints commands and does nothing`(line: String) throws {
        let words = line.split(separator: " ").map(String.init) + ["--dry-run"]
        let outcome = try PackageScript.run("deploy.sh", words)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(!outcome.output.isEmpty)
        #expect(!outcome.errors.contains("try "))
    }

    @Test(
        arguments: [
            "image --http --function getTeam", "image --base debian:latest", "kubernetes --image A:B:C",
            "kubernetes --namespace A", "kubernetes --overlay ../base", "kubernetes --overlay none", "knative --image",
            "systemd --root / ", "systemd --root /tmp/x --install", "openfaas --output", "openwhisk",
            "openwhisk --functions nothing --apihost http://x", "openwhisk --functions createTeam --apihost x",
        ]
    ) func `wrong arguments are explained`(line: String) throws {
        let outcome = try PackageScript.run("deploy.sh", line.split(separator: " ").map(String.init))
        #expect(outcome.status == 1 || outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("error: "), "\(outcome.errors)")
    }
}
