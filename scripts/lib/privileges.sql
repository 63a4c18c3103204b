-- The effective rights of both roles, one object a line: kind, object, rights. An object to which neither role has
-- access has a line of the kind `none`, so that the list contains every object of the schema. Used by
-- scripts/privileges.
WITH roles (kind, name) AS (
    VALUES ('app', :'app'::name), ('operator', :'operator'::name)
), tables AS (
    SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c
    WHERE c.relnamespace = 'nofx'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), rights (kind, place, object, right_name) AS (
    SELECT r.kind, 1, 'schema nofx', p.name
    FROM roles r CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS p (name)
    WHERE has_schema_privilege(r.name, 'nofx', p.name)
    UNION ALL
    SELECT r.kind, 2, 'table ' || t.name, p.name
    FROM roles r CROSS JOIN tables t
    CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p (name)
    WHERE has_table_privilege(r.name, t.oid, p.name)
    UNION ALL
    SELECT r.kind, 2, 'table ' || t.name, 'ALL ROWS'
    FROM roles r CROSS JOIN tables t
    WHERE EXISTS (SELECT FROM pg_policy p JOIN pg_roles o ON o.rolname = r.name
                  WHERE p.polrelid = t.oid AND p.polroles @> ARRAY[o.oid])
    UNION ALL
    SELECT r.kind, 3, 'column ' || t.name || '.' || a.attname, p.name
    FROM roles r CROSS JOIN tables t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
    CROSS JOIN unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS p (name)
    WHERE has_column_privilege(r.name, t.oid, a.attnum, p.name) AND NOT has_table_privilege(r.name, t.oid, p.name)
    UNION ALL
    SELECT r.kind, 4, 'sequence ' || c.oid::regclass, p.name
    FROM roles r CROSS JOIN pg_class c CROSS JOIN unnest('{USAGE,SELECT,UPDATE}'::text[]) AS p (name)
    -- has_sequence_privilege fails for other relations, and the planner may reorder conditions. CASE fixes the order.
    WHERE c.relnamespace = 'nofx'::regnamespace
      AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(r.name, c.oid, p.name) END
    UNION ALL
    SELECT r.kind, 5, 'function ' || f.oid::regprocedure, 'EXECUTE'
    FROM roles r CROSS JOIN pg_proc f
    WHERE f.pronamespace = 'nofx'::regnamespace AND has_function_privilege(r.name, f.oid, 'EXECUTE')
), objects (place, object) AS (
    SELECT 2, 'table ' || t.name FROM tables t
    UNION ALL
    SELECT 4, 'sequence ' || c.oid::regclass FROM pg_class c
    WHERE c.relnamespace = 'nofx'::regnamespace AND c.relkind = 'S'
    UNION ALL
    SELECT 5, 'function ' || f.oid::regprocedure FROM pg_proc f WHERE f.pronamespace = 'nofx'::regnamespace
), listed AS (
    SELECT * FROM rights
    UNION ALL
    SELECT 'none', o.place, o.object, 'CLOSED' FROM objects o
    WHERE NOT EXISTS (SELECT FROM rights g
                      WHERE g.object = o.object
                         OR o.place = 2 AND starts_with(g.object, replace(o.object, 'table ', 'column ') || '.'))
)
SELECT kind || ' ' || object || ' ' || string_agg(right_name, ', ' ORDER BY right_name COLLATE "C")
FROM listed GROUP BY kind, place, object ORDER BY kind COLLATE "C", place, object COLLATE "C";
