SELECT $1 AS burst, remaining, reset
FROM nofx.take_rate($2, $3, $4::integer)
