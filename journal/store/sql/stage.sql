-- Reads the given files into `fresh`. A line that cannot be read is a row of nulls, which `sweep.sql`
-- takes out (a condition here would parse every line twice).

create or replace temp table fresh as
select parse_filename(filename, true) as journal, unnest(json_transform(json, '{
    "id": "VARCHAR", "run": "VARCHAR", "seq": "BIGINT", "t": "DOUBLE", "at": "DOUBLE",
    "kind": "VARCHAR", "key": "VARCHAR", "hold": "VARCHAR"
}')), json as line
from read_ndjson_objects(
    ?, ignore_errors = true, filename = true, maximum_object_size = ?
);
