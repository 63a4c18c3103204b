public import Core

extension PlanPreview {
    private static var previewing: Action {
        Action("run.preview", needs: .read, refusal: "Insufficient permissions to preview runs")
    }

    /// Shows a plan as it would be started, and starts nothing.
    ///
    /// - Throws: A `Denial` when the caller is no member or may not read.
    public static func make(_ request: PlanRequest, in context: inout Context) throws -> PlanPreview {
        PlanPreview(request.plan, policy: try context.policy(of: request.team, attempting: previewing))
    }
}
