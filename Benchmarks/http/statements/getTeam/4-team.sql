SELECT 'read' = ANY (p.permissions) AS allowed, m.role, p.permissions,
       t.id, t.name, t.slug, t.owner_id, t.version, t.created_at, t.updated_at,
       t.billing_email, t.settings
FROM nofx.teams t
JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = $1
CROSS JOIN LATERAL (SELECT nofx.permissions(m.role, m.permissions) AS permissions) p
WHERE t.id = $2 AND t.deleted_at IS NULL
