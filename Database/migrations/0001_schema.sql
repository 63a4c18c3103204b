-- min-compatible: 1

-- What migrate keeps about the schema itself. No role but the schema's owner has access.

-- The files of Database/ that are applied again when they change, as they were applied last.
CREATE TABLE nofx.database_files (
    name       text PRIMARY KEY,
    revision   integer NOT NULL,
    checksum   bytea NOT NULL CHECK (octet_length(checksum) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- The roles that migrate grants rights to: `app` for the functions that members call, `operator` for the programs that
-- work for all teams.
CREATE TABLE nofx.database_roles (
    name name PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('app', 'operator'))
);

-- The allow-list of both kinds of roles, as Database/grants.sql has it.
CREATE TABLE nofx.database_grants (
    kind   text NOT NULL CHECK (kind IN ('app', 'operator')),
    rights text NOT NULL,
    object text NOT NULL,
    PRIMARY KEY (kind, object, rights)
);

ALTER TABLE nofx.database_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.database_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.database_grants ENABLE ROW LEVEL SECURITY;
