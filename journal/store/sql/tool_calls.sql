-- tool_calls: one row per try of a tool call.
--
--   run          VARCHAR         the run
--   seq          BIGINT          place in the run
--   key          VARCHAR         the effect's key
--   node         VARCHAR         the graph's node that asked
--   tool         VARCHAR         the tool
--   attempt      BIGINT          1 for the first try, 2 for the next, …
--   calls        BIGINT          units that it counts as against limits on calls
--   state        VARCHAR         `settled`, `released`, `unknown` (its outcome) or `open`
--   usd_held     DECIMAL(28,12)  USD set aside before the call
--   usd          DECIMAL(28,12)  USD spent; null if the tool has no price
--   seconds      DOUBLE          duration of the call
--   price        VARCHAR         where the price is from, with its version
--   arguments    VARCHAR         the arguments, JSON as the policy wrote it
--   observation  VARCHAR         what the policy was told
--   ok           BOOLEAN         false if it came back with an error

create or replace view tool_calls as
select
    run, seq, "key", node, name as tool, attempt, calls, state, usd_held, usd, seconds, price,
    arguments, observation, ok
from holds
where "call" = 'tool';
