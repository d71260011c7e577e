-- incremental "qanat"."main_events"."events"
-- hook: analyze "qanat"."silver"."web_events"
-- hook: create index on "qanat"."main_events"."events" (event_id)
-- hook by itself: vacuum "qanat"."main_events"."events"


select event_id, session_id, happened_at
from "qanat"."silver"."web_events"


