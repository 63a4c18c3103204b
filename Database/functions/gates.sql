-- revision: 1

-- Decides a gate: `approved`, `rejected` or `waived`. `outcome` is `ok`; `already`, if it was decided the same way
-- before; `no_member`, `no_run` or `no_gate`; `forbidden`, with the role that the gate needs in `required`, whose
-- permissions the caller must have as well, or NULL for the members who manage the team; `own_run`, if the gate has
-- `four_eyes` and the caller started the run or wrote its plan; `no_waiver`; or `conflict`, with the gate's status in
-- `status`.
CREATE OR REPLACE FUNCTION nofx.decide_gate(
    p_team uuid, p_run uuid, p_step text, p_decision text, p_reason text, p_origin jsonb,
    OUT outcome text, OUT role text, OUT required text, OUT status text, OUT run_status text, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_member record;
    v_run    nofx.runs;
    v_gate   nofx.gates;
BEGIN
    IF p_decision NOT IN ('approved', 'rejected', 'waived') THEN
        RAISE EXCEPTION 'there is no such decision' USING ERRCODE = '22023';
    END IF;
    SELECT m.* INTO v_member FROM nofx.my_membership(p_team) m;
    role := v_member.role;
    IF role IS NULL OR NOT 'read' = ANY (v_member.permissions) THEN
        outcome := CASE WHEN role IS NULL THEN 'no_member' ELSE 'forbidden' END;
        RETURN;
    END IF;
    SELECT r.* INTO v_run FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'no_run';
        RETURN;
    END IF;
    SELECT g.* INTO v_gate
    FROM nofx.steps s JOIN nofx.gates g ON g.team_id = s.team_id AND g.run_id = s.run_id AND g.step_no = s.no
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.name = p_step FOR NO KEY UPDATE OF g;
    IF NOT FOUND THEN
        outcome := 'no_gate';
        RETURN;
    END IF;
    required := v_gate.required_role;
    status := CASE WHEN v_gate.status = 'pending' AND v_gate.expires_at <= now() THEN 'expired' ELSE v_gate.status END;
    run_status := v_run.status;
    outcome := CASE
        WHEN CASE WHEN required IS NULL THEN NOT v_member.manages
                  ELSE NOT nofx.covers(role, v_member.permissions, required, NULL) END THEN 'forbidden'
        WHEN v_gate.four_eyes AND nofx.me() IN (v_run.created_by, v_run.plan_author) THEN 'own_run'
        WHEN p_decision = 'waived' AND NOT v_gate.allows_waiver THEN 'no_waiver'
        WHEN status = p_decision THEN 'already'
        WHEN status <> 'pending' THEN 'conflict' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;

    UPDATE nofx.gates g
    SET status = p_decision, decided_by = nofx.me(), decided_at = clock_timestamp(), reason = p_reason
    WHERE g.team_id = p_team AND g.run_id = p_run AND g.step_no = v_gate.step_no;
    PERFORM nofx.add_events(p_team, p_run, ARRAY[v_gate.step_no::integer], ARRAY['gate.' || p_decision],
                            ARRAY[json_strip_nulls(json_build_object('by', nofx.me(), 'reason', p_reason))]);
    PERFORM nofx.end_steps(
        ARRAY[p_team], ARRAY[p_run], ARRAY[v_gate.step_no::integer],
        ARRAY[CASE p_decision WHEN 'rejected' THEN 'failed' ELSE 'succeeded' END],
        ARRAY[CASE WHEN p_decision <> 'rejected' THEN
            json_strip_nulls(json_build_object('decision', p_decision, 'by', nofx.me(), 'reason', p_reason))::text END],
        ARRAY[CASE p_decision WHEN 'rejected' THEN
            '{"code":"gate_rejected","message":"A member rejected the gate."}' END],
        NULL, NULL);
    SELECT r.status INTO run_status FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    status := p_decision;
    outcome := 'ok';
    activity := nofx.add_activity(p_team, v_member.team_name, nofx.me(), 'gate.' || p_decision, 'run', p_run::text,
                                  jsonb_strip_nulls(jsonb_build_object('step', p_step, 'reason', p_reason)), p_origin);
END
$$;
