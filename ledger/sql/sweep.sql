-- Takes out what `load.sql` has added of lines that are no event.

delete from records
where id is null or run is null or seq is null or t is null or "at" is null or kind is null
    or "key" is null;
