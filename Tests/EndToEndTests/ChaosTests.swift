import TestSupport
import Testing

/// A short run of `scripts/chaos`: workers that are killed, claimants that report late, and a database that crashes.
@Suite struct ChaosTests {
    // Cases: queue 17, 95, 96
    private let programs = TestFunction.folder(of: ["migrate", "runWorker"])

    @Test func `runs stay consistent through all faults`() throws {
        let outcome = try PackageScript.run("scripts/chaos", ["--short", "--built", programs])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }

    @Test func `without the fencing token the checks find a violation`() throws {
        let arguments = ["--short", "--seeds", "5", "--without-workers", "--mutant", "no-fence", "--built", programs]
        let outcome = try PackageScript.run("scripts/chaos", arguments)
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.output.contains("with a claim that was lost, and counted"), "\(outcome.output)")
    }

    @Test func `an attempt that counts before it begins is found`() throws {
        let arguments = ["--short", "--without-workers", "--mutant", "count-at-claim", "--built", programs]
        let outcome = try PackageScript.run("scripts/chaos", arguments)
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.output.contains("steps of a crowd were given up"), "\(outcome.output)")
    }
}
