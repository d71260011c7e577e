-- incremental "qanat"."main_events"."events" merge by [event_id, session_id]
-- hook: analyze "qanat"."silver"."web_events"
-- hook: create index on "qanat"."main_events"."events" (event_id)
-- hook by itself: vacuum "qanat"."main_events"."events"


select event_id, session_id, happened_at
from "qanat"."silver"."web_events"


where happened_at > (select coalesce(max(happened_at), '-infinity') from "qanat"."main_events"."events")

