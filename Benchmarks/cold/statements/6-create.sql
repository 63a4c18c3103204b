WITH owned AS (
    SELECT count(*) AS teams FROM nofx.teams WHERE owner_id = $1 AND deleted_at IS NULL
), wanted AS (
    SELECT coalesce(
        $2,
        CASE WHEN nofx.is_slug_free(made) THEN made ELSE made || $3 END
    ) AS slug
    FROM nofx.slugify($4) AS made
), team AS (
    INSERT INTO nofx.teams (id, name, slug, owner_id, billing_email)
    SELECT $5, $6, wanted.slug, u.id, coalesce($7, u.email)
    FROM nofx.users u, owned, wanted
    WHERE u.id = $8 AND owned.teams < $9
      AND ($10 OR nofx.is_slug_free(wanted.slug))
    ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING
    RETURNING *
), member AS (
    INSERT INTO nofx.team_members (team_id, user_id, role)
    SELECT id, owner_id, 'owner' FROM team RETURNING role, permissions
)
SELECT owned.teams < $11 AS is_in_quota, team.*, member.role,
       nofx.permissions(member.role, member.permissions) AS permissions,
       CASE WHEN team.id IS NOT NULL THEN nofx.log_activity(
           team.id, team.name, $12, $13, $14, team.id::text,
           json_build_object('name', team.name, 'slug', team.slug)::jsonb, $15
       ) END AS activity,
       CASE WHEN team.id IS NOT NULL THEN team.id END AS activity_team,
       CASE WHEN team.id IS NOT NULL THEN json_build_object('name', team.name, 'slug', team.slug) END AS activity_metadata
FROM owned LEFT JOIN team ON true LEFT JOIN member ON true
