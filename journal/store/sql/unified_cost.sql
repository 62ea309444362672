-- unified_cost: the unified cost of each run (Liu et al. 2025, BATS, arXiv 2511.17006):
-- tokens times their price per class, plus tool calls times their price.
--
--   run        VARCHAR         the run
--   token_usd  DECIMAL(38,12)  USD for the policy's tokens; holds without a bill count in full
--   tool_usd   DECIMAL(38,12)  USD for tool calls
--   usd        DECIMAL(38,12)  both together

create or replace view unified_cost as
select
    run,
    coalesce(sum(usd) filter (where "call" is distinct from 'tool'), 0) as token_usd,
    coalesce(sum(usd) filter (where "call" = 'tool'), 0) as tool_usd,
    coalesce(sum(usd), 0) as usd
from holds
where run <> ''
group by run;
