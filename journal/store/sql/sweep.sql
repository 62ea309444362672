-- Takes out of `fresh` what is no event.

delete from fresh
where id is null or run is null or seq is null or t is null or "at" is null or kind is null
    or "key" is null;
